import type { Random } from '@rynxs/kernel';
import { below, commitOf, eventOf, lastCommit, oneOf, relaid, rewrittenFrom } from './edits.js';
import type { RealLog } from './real-log.js';
import { found, type TamperedCopy } from './tampered-copy.js';

// What a store that is no fence, or somebody who writes besides the leader, would leave: every hash is right, and only
// the terms tell.

/** A commit of somebody else in a term that has its writer. */
export function secondWriter(log: RealLog, random: Random): TamperedCopy {
  const { first, next } = commitOf(log, below(random, lastCommit(log)));
  const { epoch, writer } = eventOf(log.lines[first]).meta;
  const other = `intruder_${random.uuid()}`;
  const lines = rewrittenFrom(log, first, (event, seq) =>
    seq < next ? writtenBy(event, writer, other) : event,
  );
  return found(`seq ${first} by ${other}, in epoch ${epoch}`, relaid(log, lines), ['epoch_broken'], first);
}

/** A commit of a term that was over, by its own writer: one that was fenced and went on. */
export function termThatGoesOn(log: RealLog, random: Random): TamperedCopy | undefined {
  const { first, next } = commitOf(log, below(random, lastCommit(log)));
  const { epoch, writer } = eventOf(log.lines[first]).meta;
  const before = log.lines.map((line) => eventOf(line).meta).find((meta) => meta.epoch === epoch - 1);
  if (before === undefined) return undefined;
  const lines = rewrittenFrom(log, first, (event, seq) =>
    seq < next ? writtenBy(ofEpoch(event, epoch, epoch - 1), writer, before.writer) : event,
  );
  return found(`seq ${first} as of epoch ${epoch - 1}`, relaid(log, lines), ['epoch_broken'], first);
}

/** A term that is not there: those after it are numbered as if it were. */
export function missingTerm(log: RealLog, random: Random): TamperedCopy {
  const starts = log.lines.flatMap((line, seq) => (eventOf(line).type === 'EpochStarted' ? [seq] : []));
  const first = oneOf(random, starts);
  const lines = rewrittenFrom(log, first, (event, seq) => {
    const { epoch } = eventOf(log.lines[seq]).meta;
    // In the payloads of EpochStarted and EpochEnded, too.
    return event.replaceAll(`"epoch":${epoch},`, `"epoch":${epoch + 1},`);
  });
  return found(
    `the terms from seq ${first} on numbered 1 higher`,
    relaid(log, lines),
    ['epoch_broken'],
    first,
  );
}

/** In the meta of an event, which comes before its payload; the payload of EpochStarted keeps its holder. */
function writtenBy(event: string, writer: string, other: string): string {
  return event.replace(`"writer":${JSON.stringify(writer)}`, `"writer":${JSON.stringify(other)}`);
}

function ofEpoch(event: string, epoch: number, other: number): string {
  return event.replace(`"epoch":${epoch},`, `"epoch":${other},`);
}
