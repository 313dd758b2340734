import type { Random } from '@rynxs/kernel';
import { formatCheckpointNote, MerkleFrontier, NoteSigner, parseCheckpointNote } from '@rynxs/log';
import {
  below,
  between,
  changeLines,
  commitOf,
  eventOf,
  firstBreak,
  firstSeqs,
  isNote,
  oneOf,
  relaid,
  rewrittenFrom,
  signedBelow,
} from './edits.js';
import type { RealLog } from './real-log.js';
import {
  allLines,
  checkpointName,
  containersOf,
  contentOf,
  type StoredBytes,
  withContainers,
} from './stored-log.js';
import { anchored, found, orIntact, type TamperedCopy, unseen } from './tampered-copy.js';

const FORGER = NoteSigner.generate('forger');

/** One bit of a file or object as it is stored: of a segment, in its compressed form. */
export function flipStoredBit(log: RealLog, random: Random): TamperedCopy {
  const containers = containersOf(log.stored).slice(0, -1);
  const index = below(random, containers.length);
  const name = containers[index]?.name ?? '';
  const first = firstSeqs(containers)[index] ?? 0;
  const bytes = Buffer.from(log.stored.get(name) ?? '');
  const at = below(random, bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  const stored = new Map(log.stored).set(name, bytes);
  const last = first + (containers[index]?.lines.length ?? 0) - 1;
  const kinds = ['malformed', 'hash_mismatch', 'too_large'] as const;
  const copy = found(`a bit of byte ${at} of ${name}`, stored, kinds, first, last);
  const before = contentOf(name, log.stored.get(name) ?? Buffer.alloc(0));
  const isSame = before !== undefined && contentOf(name, bytes)?.equals(before) === true;
  return isSame ? orIntact(copy, { records: log.lines.length, signedTo: log.signedTo }) : copy;
}

/** A whole file or object, but the last. */
export function deleteContainer(log: RealLog, random: Random): TamperedCopy {
  const containers = containersOf(log.stored);
  const index = below(random, containers.length - 1);
  const { name = '' } = containers[index] ?? {};
  const stored = new Map(log.stored);
  stored.delete(name);
  return found(`${name} deleted`, stored, ['gap'], firstSeqs(containers)[index] ?? 0);
}

/** Two files or objects that change their names. */
export function swapContainers(log: RealLog, random: Random): TamperedCopy {
  const containers = containersOf(log.stored);
  const one = below(random, containers.length - 1);
  const other = between(random, one + 1, containers.length);
  const lines = (index: number): readonly Buffer[] => containers[index]?.lines ?? [];
  const swapped = containers.map((container, index) => ({
    name: container.name,
    lines: index === one ? lines(other) : index === other ? lines(one) : container.lines,
  }));
  const what = `${containers[one]?.name} and ${containers[other]?.name} swapped`;
  return found(what, withContainers(log.stored, swapped), ['reordered'], firstSeqs(containers)[one] ?? 0);
}

/** A file or object of another log, or of an older copy, in the place of one. */
export function replaceContainer(log: RealLog, random: Random, other: RealLog): TamperedCopy | undefined {
  const containers = containersOf(log.stored);
  const source = containersOf(oneOf(random, [other.stored, ...log.older]));
  const put = oneOf(random, source);
  const { name } = oneOf(random, containers);
  const replaced = containers.map((one) => (one.name === name ? { name, lines: put.lines } : one));
  const stored = withContainers(log.stored, replaced);
  const broken = firstBreak(stored);
  if (broken === undefined) return undefined;
  return found(`${name} replaced by another ${put.name}`, stored, [broken.kind], broken.seq);
}

/** The log up to a commit, and another log from there on. */
export function spliceLogs(log: RealLog, random: Random, other: RealLog): TamperedCopy | undefined {
  const cut = oneOf(random, log.commits.slice(1, -1));
  const from = oneOf(
    random,
    other.commits.filter((seq) => seq < other.lines.length - 1 && seq < cut + 200),
  );
  const lines = [...log.lines.slice(0, cut), ...other.lines.slice(from)].slice(0, log.lines.length);
  const end = lines.findLastIndex((line) => line.includes('"end":true,')) + 1;
  const stored = relaid(log, lines.slice(0, end));
  const broken = firstBreak(stored);
  if (broken === undefined) return undefined;
  return found(`another log's seq ${from} behind seq ${cut - 1}`, stored, [broken.kind], broken.seq);
}

/** Everything behind a place between two commits. */
export function truncateAtCommit(log: RealLog, random: Random): TamperedCopy {
  const size = oneOf(random, log.commits.slice(1, -1));
  const stored = changeLines(log, (line, seq) => (seq < size ? [line] : []));
  const what = `cut off from seq ${size} on`;
  return size < log.signedTo
    ? found(what, stored, ['truncated'], size)
    : unseen(what, stored, { records: size, signedTo: log.signedTo });
}

/** Everything behind a place within a record or a commit. */
export function truncateWithinCommit(log: RealLog, random: Random): TamperedCopy {
  const seq = below(random, log.lines.length);
  const { first } = commitOf(log, seq);
  const at =
    seq === first
      ? between(random, 1, log.lines[seq]?.length ?? 2)
      : below(random, log.lines[seq]?.length ?? 1);
  const stored = changeLines(log, (line, index) => {
    if (index !== seq) return index < seq ? [line] : [];
    return at === 0 ? [] : [line.subarray(0, at)];
  });
  const copy = found(`cut off in seq ${seq}`, stored, ['truncated', 'commit_broken'], first, seq);
  return first < log.signedTo ? copy : orIntact(copy, { records: first, signedTo: log.signedTo });
}

/** The beginning of a commit that was never finished, at the end. */
export function tearTail(log: RealLog, random: Random): TamperedCopy {
  const size = oneOf(
    random,
    log.commits.slice(
      log.commits.findIndex((seq) => seq >= log.signedTo),
      -1,
    ),
  );
  const { next } = commitOf(log, size);
  const commit = Buffer.concat(log.lines.slice(size, next));
  const torn = commit.subarray(0, between(random, 1, commit.length));
  const stored = changeLines(log, (line, seq) => (seq < size ? [line] : seq === size ? [torn] : []));
  const kinds = ['commit_broken', 'truncated'] as const;
  const copy = found(`a torn commit at seq ${size}`, stored, kinds, size, next - 1);
  return orIntact(copy, { records: size, signedTo: log.signedTo });
}

/** An older copy: of the records alone, or of everything; in the latter case only the anchor can tell. */
export function rollBack(log: RealLog, random: Random): TamperedCopy {
  const older = oneOf(random, log.older);
  const { length } = allLines(older);
  const how = below(random, 3);
  if (how === 0) {
    const stored = withContainers(log.stored, containersOf(older));
    return found(`the records of an older copy of ${length}`, stored, ['truncated'], length);
  }
  const what = `an older copy of ${length}`;
  if (how === 1) return anchored(found(what, older, ['truncated'], length));
  return unseen(what, older, { records: length, signedTo: newestCheckpoint(older) });
}

/** Another log in the place of this one. */
export function swapLogs(_log: RealLog, random: Random, other: RealLog): TamperedCopy {
  const what = 'another log';
  return below(random, 2) === 0
    ? anchored(found(what, other.stored, ['foreign'], 0))
    : unseen(what, other.stored, { records: other.lines.length, signedTo: 0 });
}

/** Other records from some place on, with every hash right. The checkpoints of them stay, go, or are made anew. */
export function rewrite(log: RealLog, random: Random): TamperedCopy | undefined {
  const seq = below(random, log.lines.length);
  if (!isNote(log.lines[seq])) return undefined;
  const lines = rewrittenFrom(log, seq, (event, index) =>
    index === seq ? event.replace('"mark":"', '"mark":"x') : event,
  );
  const stored = relaid(log, lines);
  const agreed = signedBelow(log, seq);
  const intact = { records: lines.length, signedTo: agreed };
  const how = oneOf(random, ['kept', 'deleted', 'unsigned', 'forged'] as const);
  const what = `rewritten from seq ${seq}, checkpoints ${how}`;
  if (how !== 'kept') changeCheckpoints(log, stored, lines, seq, how);
  if (seq >= log.signedTo) return unseen(what, stored, intact);
  const copy = found(what, stored, ['rewritten'], agreed);
  if (how === 'kept') return copy;
  if (below(random, 2) === 0) return anchored(copy);
  return isAdopted(log, seq) ? copy : unseen(what, stored, intact);
}

/** A checkpoint beside the log: the records are as they were, it counts no more. */
export function damageCheckpoint(log: RealLog, random: Random): TamperedCopy {
  const names = [...log.stored.keys()].filter((name) => checkpointName(name) !== undefined);
  const name = oneOf(random, names);
  const text = log.stored.get(name) ?? Buffer.alloc(0);
  const { size, note } = parseCheckpointNote(text.toString('utf8'));
  const stored = new Map(log.stored);
  const how = oneOf(random, ['deleted', 'flipped', 'forged', 'replaced'] as const);
  const bits = Buffer.from(text);
  const at = below(random, bits.length);
  bits[at] = (bits[at] ?? 0) ^ (1 << below(random, 8));
  if (how === 'deleted') stored.delete(name);
  else if (how === 'flipped') stored.set(name, bits);
  else if (how === 'replaced') stored.set(name, log.stored.get(oneOf(random, names.slice(0, 1))) ?? bits);
  else
    stored.set(name, Buffer.from(formatCheckpointNote(parseCheckpointNote(text.toString('utf8')), [FORGER])));
  const others = log.checkpointSizes.filter((one) => one !== size);
  const signedTo = note.signatures.length > 1 ? log.signedTo : (others.at(-1) ?? 0);
  const what = `the checkpoint of ${size} ${how}${how === 'flipped' ? ` at byte ${at}` : ''}`;
  return unseen(what, stored, { records: log.lines.length, signedTo });
}

function changeCheckpoints(
  log: RealLog,
  stored: Map<string, Buffer>,
  lines: readonly Buffer[],
  seq: number,
  how: 'deleted' | 'unsigned' | 'forged',
): void {
  const frontier = new MerkleFrontier();
  for (const [name, bytes] of [...log.stored].filter(([one]) => checkpointName(one) !== undefined)) {
    const checkpoint = parseCheckpointNote(bytes.toString('utf8'));
    if (checkpoint.size <= seq) continue;
    stored.delete(name);
    if (how === 'deleted') continue;
    frontier.appendLines(Buffer.concat(lines.slice(frontier.size, checkpoint.size)));
    const forged = { ...checkpoint, root: frontier.root() };
    stored.set(name, Buffer.from(formatCheckpointNote(forged, how === 'forged' ? [FORGER] : [])));
  }
}

/** Whether a term says of records from `seq` on which root they have: that, too, is part of the log. */
function isAdopted({ lines }: RealLog, seq: number): boolean {
  return lines
    .filter((line) => line.includes('"type":"TailAdopted"'))
    .some((line) => Number(eventOf(line).payload.to) >= seq);
}

function newestCheckpoint(stored: StoredBytes): number {
  const names = [...stored.keys()].flatMap((name) => checkpointName(name) ?? []);
  return Math.max(
    0,
    ...names.map((name) => Number(name.slice('checkpoints/'.length, 'checkpoints/'.length + 10))),
  );
}
