import type { Random } from '@rynxs/kernel';
import { canonicalize, type Json } from '@rynxs/log';
import {
  below,
  between,
  chained,
  changeLines,
  commitOf,
  eventOf,
  hashBefore,
  lastCommit,
  oneOf,
  relaid,
} from './edits.js';
import type { RealLog } from './real-log.js';
import { containersOf, withContainers } from './stored-log.js';
import { found, orIntact, type TamperedCopy, unseen } from './tampered-copy.js';

/**
 * What is wrong in the last commit and was never signed may be what a crash has left of a write: a store of files
 * leaves such a commit out, and says that there are bytes behind the log's end.
 */
function unlessTorn(log: RealLog, copy: TamperedCopy, seq: number): TamperedCopy {
  const last = lastCommit(log);
  if (seq < last) return copy;
  const kinds = [...copy.kinds, 'commit_broken'] as const;
  return orIntact(
    { ...copy, kinds, from: Math.min(copy.from, last) },
    { records: last, signedTo: log.signedTo },
  );
}

/** One bit of a record, its hashes or its line end. */
export function flipBit(log: RealLog, random: Random): TamperedCopy {
  return flipBitOf(log, random, below(random, log.lines.length));
}

/** The same in one of the last commits, where it must not pass for what a crash has left unless it is in the very last. */
export function flipBitNearEnd(log: RealLog, random: Random): TamperedCopy {
  const from = log.commits.at(-4) ?? 0;
  return flipBitOf(log, random, between(random, from, log.lines.length));
}

function flipBitOf(log: RealLog, random: Random, seq: number): TamperedCopy {
  const at = below(random, log.lines[seq]?.length ?? 0);
  const mask = 1 << below(random, 8);
  const stored = changeLines(log, (line, index) => {
    if (index !== seq) return [line];
    const changed = Buffer.from(line);
    changed[at] = (changed[at] ?? 0) ^ mask;
    return [changed];
  });
  const what = `bit ${mask} of byte ${at} of seq ${seq}`;
  return unlessTorn(log, found(what, stored, ['hash_mismatch', 'malformed', 'too_large'], seq), seq);
}

/** Bytes of a record, overwritten with others, as many or not. */
export function overwrite(log: RealLog, random: Random): TamperedCopy {
  const seq = below(random, log.lines.length);
  const length = (log.lines[seq]?.length ?? 0) - 1;
  const at = below(random, length);
  const end = between(random, at + 1, length + 1);
  const put = Buffer.from(random.hex(below(random, 40)));
  const stored = changeLines(log, (line, index) =>
    index === seq ? [Buffer.concat([line.subarray(0, at), put, line.subarray(end)])] : [line],
  );
  const what = `bytes ${at} to ${end} of seq ${seq} by ${put.length} others`;
  return unlessTorn(log, found(what, stored, ['hash_mismatch', 'malformed', 'too_large'], seq), seq);
}

export function deleteRecord(log: RealLog, random: Random): TamperedCopy {
  const seq = below(random, log.lines.length);
  const stored = changeLines(log, (line, index) => (index === seq ? [] : [line]));
  return unlessTorn(log, found(`seq ${seq} deleted`, stored, ['gap'], seq), seq);
}

/** Some records in a row, from within a commit or several. */
export function deleteRecords(log: RealLog, random: Random): TamperedCopy {
  const from = below(random, lastCommit(log));
  const to = Math.min(lastCommit(log), from + between(random, 2, 60));
  const stored = changeLines(log, (line, index) => (index >= from && index < to ? [] : [line]));
  return found(`seq ${from} to ${to - 1} deleted`, stored, ['gap'], from);
}

export function deleteCommit(log: RealLog, random: Random): TamperedCopy {
  const { first, next } = commitOf(log, below(random, log.lines.length));
  const stored = changeLines(log, (line, index) => (index >= first && index < next ? [] : [line]));
  const what = `the commit of seq ${first} deleted`;
  if (next < log.lines.length) return found(what, stored, ['gap'], first);
  return unseen(what, stored, { records: first, signedTo: log.signedTo });
}

/** Bytes that are no record, between two. */
export function insertGarbage(log: RealLog, random: Random): TamperedCopy {
  const seq = below(random, log.lines.length);
  const garbage = Buffer.from(`${random.hex(between(random, 1, 300))}${oneOf(random, ['', '\n'])}`);
  const stored = changeLines(log, (line, index) => (index === seq ? [garbage, line] : [line]));
  return unlessTorn(log, found(`garbage before seq ${seq}`, stored, ['malformed', 'too_large'], seq), seq);
}

/** A record of the same term with a right hash, in a commit of its own, where it takes a number that is taken. */
export function insertRecord(log: RealLog, random: Random): TamperedCopy {
  const seq = between(random, 1, log.lines.length);
  const forged = forgedRecord(log, seq, random);
  const stored = changeLines(log, (line, index) => (index === seq ? [forged, line] : [line]));
  const what = `a forged record before seq ${seq}`;
  if (commitOf(log, seq).first < seq)
    return unlessTorn(log, found(what, stored, ['commit_broken'], seq), seq);
  return unlessTorn(log, found(what, stored, ['duplicate', 'epoch_broken'], seq), seq);
}

/** The same at the end, where nobody has signed and nothing can tell. */
export function appendRecord(log: RealLog, random: Random): TamperedCopy {
  const seq = log.lines.length;
  const forged = forgedRecord(log, seq, random);
  const containers = containersOf(log.stored);
  const isBucket = containers.at(-1)?.name.endsWith('.json') === true;
  const own = { name: `events/${String(seq).padStart(10, '0')}.json`, lines: [forged] };
  const stored = isBucket
    ? withContainers(log.stored, [...containers, own])
    : changeLines(log, (line, index) => (index === seq - 1 ? [line, forged] : [line]));
  return unseen(`a forged record at the end`, stored, { records: seq + 1, signedTo: log.signedTo });
}

/** One of the last records, once more at the end. */
export function duplicateAtEnd(log: RealLog, random: Random): TamperedCopy {
  const end = log.lines.length - 1;
  const { first, next } = commitOf(log, between(random, log.commits.at(-4) ?? 0, end + 1));
  const copy = log.lines.slice(first, next);
  const stored = changeLines(log, (line, index) => (index === end ? [line, ...copy] : [line]));
  const damage = found(`the commit of seq ${first} once more at the end`, stored, ['duplicate'], first);
  return { ...damage, ...brokenAtEnd(log, first) };
}

export function duplicateRecord(log: RealLog, random: Random): TamperedCopy {
  const seq = below(random, log.lines.length);
  const behind = between(random, seq, log.lines.length);
  const copy = log.lines[seq] ?? Buffer.alloc(0);
  const stored = changeLines(log, (line, index) => (index === behind ? [line, copy] : [line]));
  const damage = found(`seq ${seq} again behind seq ${behind}`, stored, ['duplicate'], seq);
  const isAtEnd = behind === log.lines.length - 1;
  return isAtEnd
    ? orIntact({ ...damage, ...brokenAtEnd(log, seq) }, whole(log))
    : unlessTorn(log, damage, behind);
}

export function duplicateCommit(log: RealLog, random: Random): TamperedCopy {
  const { first, next } = commitOf(log, below(random, log.lines.length));
  const behind = commitOf(log, between(random, first, log.lines.length)).next - 1;
  const copy = log.lines.slice(first, next);
  const stored = changeLines(log, (line, index) => (index === behind ? [line, ...copy] : [line]));
  const damage = found(`the commit of seq ${first} again behind seq ${behind}`, stored, ['duplicate'], first);
  const isAtEnd = behind === log.lines.length - 1;
  return isAtEnd ? { ...damage, ...brokenAtEnd(log, first) } : damage;
}

/** Two records that change places. */
export function swapRecords(log: RealLog, random: Random): TamperedCopy {
  const one = below(random, log.lines.length - 1);
  const other = between(random, one + 1, Math.min(log.lines.length, one + 100));
  const lines = [...log.lines];
  [lines[one], lines[other]] = [lines[other] as Buffer, lines[one] as Buffer];
  return unlessTorn(
    log,
    found(`seq ${one} and ${other} swapped`, relaid(log, lines), ['reordered'], one),
    one,
  );
}

/** A record, or a few, that stand later than they did. */
export function moveRecords(log: RealLog, random: Random): TamperedCopy {
  const from = below(random, lastCommit(log) - 1);
  const count = Math.min(between(random, 1, 20), lastCommit(log) - from - 1);
  const lines = [...log.lines];
  const moved = lines.splice(from, count);
  const to = between(random, from + 1, lastCommit(log) - count + 1);
  lines.splice(to, 0, ...moved);
  return found(`${count} records from seq ${from} moved`, relaid(log, lines), ['reordered'], from);
}

/** Two commits that change places. */
export function swapCommits(log: RealLog, random: Random): TamperedCopy {
  const commits = log.commits.length - 1;
  const one = below(random, commits - 1);
  const other = between(random, one + 1, commits);
  const at = (index: number): number => log.commits[index] ?? log.lines.length;
  const lines = [
    ...log.lines.slice(0, at(one)),
    ...log.lines.slice(at(other), at(other + 1)),
    ...log.lines.slice(at(one + 1), at(other)),
    ...log.lines.slice(at(one), at(one + 1)),
    ...log.lines.slice(at(other + 1)),
  ];
  const what = `the commits of seq ${at(one)} and ${at(other)} swapped`;
  return found(what, relaid(log, lines), ['reordered'], at(one));
}

function whole(log: RealLog): { readonly records: number; readonly signedTo: number } {
  return { records: log.lines.length, signedTo: log.signedTo };
}

/** Behind the last commit a bucket's driver finds that its object holds more than that commit. */
function brokenAtEnd(log: RealLog, seq: number): Pick<TamperedCopy, 'kinds' | 'from' | 'to'> {
  return {
    kinds: ['duplicate', 'commit_broken'],
    from: Math.min(seq, lastCommit(log)),
    to: log.lines.length,
  };
}

function forgedRecord(log: RealLog, seq: number, random: Random): Buffer {
  const before = eventOf(log.lines[seq - 1]);
  const { epoch, writer } = before.meta;
  const event = {
    ...before,
    meta: { batch: random.hex(16), end: true, epoch, trace_id: random.hex(16), writer },
    payload: { v: 1, forged: true },
    seq,
    type: 'NoteTaken',
  };
  return chained(canonicalize(event as unknown as Json), hashBefore(log, seq)).line;
}
