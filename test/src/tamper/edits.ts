import { createHash } from 'node:crypto';
import type { Random } from '@rynxs/kernel';
import { type DamageKind, type LogEvent, parseRecord, recordParts, ZERO_HASH } from '@rynxs/log';
import type { RealLog } from './real-log.js';
import { allLines, type Container, containersOf, withContainers } from './stored-log.js';

/** A number from 0 to below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random.next() * end);
}

/** A number from `start` to below `end`. */
export function between(random: Random, start: number, end: number): number {
  return start + below(random, end - start);
}

export function oneOf<T>(random: Random, list: readonly T[]): T {
  const chosen = list[below(random, list.length)];
  if (chosen === undefined) throw new RangeError('there is nothing to choose from');
  return chosen;
}

/** The log's bytes with each line replaced by those that `change` gives for it, where it stands. */
export function changeLines(
  log: RealLog,
  change: (line: Buffer, seq: number) => readonly Buffer[],
): Map<string, Buffer> {
  let seq = 0;
  const containers = containersOf(log.stored).map(({ name, lines }) => ({
    name,
    lines: lines.flatMap((line) => change(line, seq++)),
  }));
  return withContainers(log.stored, containers);
}

/** The log's bytes with these lines, as many as before or fewer, in the containers that held the old ones. */
export function relaid(log: RealLog, lines: readonly Buffer[]): Map<string, Buffer> {
  let at = 0;
  const containers = containersOf(log.stored).map(({ name, lines: old }) => {
    const from = at;
    at += old.length;
    return { name, lines: lines.slice(from, at) };
  });
  return withContainers(log.stored, containers);
}

/** The first record of each container, by the lines before it. */
export function firstSeqs(containers: readonly Container[]): number[] {
  let seq = 0;
  return containers.map(({ lines }) => {
    const first = seq;
    seq += lines.length;
    return first;
  });
}

/** The commit that a record is in: where it begins and where the next one does. */
export function commitOf(
  { commits }: RealLog,
  seq: number,
): { readonly first: number; readonly next: number } {
  const index = commits.findLastIndex((first) => first <= seq);
  return { first: commits[index] ?? 0, next: commits[index + 1] ?? seq + 1 };
}

/** The first record of the last commit. */
export function lastCommit(log: RealLog): number {
  return commitOf(log, log.lines.length - 1).first;
}

/** The size of the newest checkpoint of at most `size` records. */
export function signedBelow({ checkpointSizes }: RealLog, size: number): number {
  return checkpointSizes.findLast((one) => one <= size) ?? 0;
}

/** A record with this event behind the one whose hash is `prevHash`, as anybody can make one. */
export function chained(
  event: Buffer | string,
  prevHash: string,
): { readonly line: Buffer; readonly hash: string } {
  const bytes = Buffer.from(event);
  const hash = createHash('sha256').update(prevHash).update(bytes).digest('hex');
  const tail = Buffer.from(`,"event_hash":"${hash}","prev_hash":"${prevHash}"}\n`);
  return { line: Buffer.concat([Buffer.from('{"event":'), bytes, tail]), hash };
}

export function hashBefore(log: RealLog, seq: number): string {
  const line = log.lines[seq - 1];
  return line === undefined ? ZERO_HASH : (recordParts(line)?.hash ?? ZERO_HASH);
}

export function eventOf(line: Buffer | undefined): LogEvent {
  return parseRecord(line ?? '').event;
}

/** The lines with what `edit` makes of the events from record `seq` on, as text, and every hash from there on right. */
export function rewrittenFrom(
  log: RealLog,
  seq: number,
  edit: (event: string, index: number) => string,
): Buffer[] {
  let prevHash = hashBefore(log, seq);
  return log.lines.map((line, index) => {
    if (index < seq) return line;
    const event = edit(Buffer.from(recordParts(line)?.event ?? []).toString('utf8'), index);
    const made = chained(event, prevHash);
    prevHash = made.hash;
    return made.line;
  });
}

/** Records that take a note: the others are the log's own. */
export function isNote(line: Buffer | undefined): boolean {
  return line?.includes('"type":"NoteTaken"') === true;
}

/**
 * The first place where whole records do not follow one another, found by counting and comparing alone. Undefined where
 * they do.
 */
export function firstBreak(
  stored: ReadonlyMap<string, Buffer>,
): { readonly kind: DamageKind; readonly seq: number } | undefined {
  const records = allLines(stored).map((line) => ({ parts: recordParts(line), seq: eventOf(line).seq }));
  let prevHash = ZERO_HASH;
  for (const [index, { parts, seq }] of records.entries()) {
    if (seq < index) return { kind: 'duplicate', seq };
    if (seq > index) {
      const comesLater = records.slice(index).some((later) => later.seq === index);
      return { kind: comesLater ? 'reordered' : 'gap', seq: index };
    }
    if (parts?.prevHash !== prevHash) return { kind: 'chain_broken', seq };
    prevHash = parts.hash;
  }
  return undefined;
}
