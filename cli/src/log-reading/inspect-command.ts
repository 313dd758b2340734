import { rynxsError } from '@rynxs/kernel';
import { leafHash, type VerifiedCommit, type VerifiedLine } from '@rynxs/log';
import type { OutputFormat } from '../terminal/output-format.js';
import { printable } from '../terminal/printable.js';
import type { Terminal } from '../terminal/terminal.js';
import { logLocation } from './log-location.js';
import { openLogForReading } from './open-log.js';
import { readCommits } from './read-records.js';

/** `rynxs log inspect`. Throws RYNXS_LOG_NO_SUCH_RECORD. */
export async function inspectCommand(
  seq: number,
  options: { readonly store?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  for await (const { commit, records } of readCommits(store, seq, terminal.interrupted)) {
    const record = records.find(({ event }) => event.seq === seq);
    if (record === undefined) continue;
    terminal.stdout.write(
      options.output === 'json'
        ? `${JSON.stringify(describe(record, commit))}\n`
        : formatRecord(record, commit),
    );
    return;
  }
  throw rynxsError('RYNXS_LOG_NO_SUCH_RECORD', { location: store.location, seq });
}

function describe(
  { event, hash, prevHash, line }: VerifiedLine,
  { firstSeq, count }: VerifiedCommit,
): object {
  return {
    event,
    event_hash: hash,
    prev_hash: prevHash,
    leaf_hash: leafHash(line).toString('base64'),
    bytes: line.length + 1,
    commit: {
      batch: event.meta?.batch ?? null,
      first_seq: firstSeq,
      last_seq: firstSeq + count - 1,
      records: count,
    },
  };
}

function formatRecord(record: VerifiedLine, commit: VerifiedCommit): string {
  const { event, hash, prevHash, line } = record;
  const last = commit.firstSeq + commit.count - 1;
  const batch = event.meta?.batch === undefined ? '' : `, batch ${printable(event.meta.batch)}`;
  return [
    ...JSON.stringify(event, undefined, 2).split('\n').map(printable),
    `hash    ${hash}`,
    `prev    ${prevHash}`,
    `leaf    ${leafHash(line).toString('base64')}`,
    `commit  seq ${commit.firstSeq} to ${last}${batch}`,
    `bytes   ${line.length + 1}`,
    '',
  ].join('\n');
}
