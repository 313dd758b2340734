import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DroppedTail } from '@rynxs/kernel';
import { type Damage, type DamageKind, MAX_BATCH_BYTES } from '@rynxs/log';
import {
  type FileSystem,
  type OpenFile,
  readWhole,
  syncDirectory,
  withFile,
  writeDurably,
} from './file-system.js';
import { verifiedLine } from './stored-line.js';

const LF = 0x0a;
const TORN_FILE = /^operator-events\.torn-(\d{1,10})(?:-(\d+))?$/;
/** What a write that was cut short can look like. All else was written whole, and is wrong. */
const TEARABLE: ReadonlySet<DamageKind> = new Set(['malformed', 'hash_mismatch', 'too_large']);
/** The batch id in the bytes of a record that does not verify. */
const BATCH_IN_TEXT = /"meta":\{"batch":"([^"\\]{1,200})"/;

/**
 * Whether the bytes after the last whole commit are what is left of one commit whose write never finished, and so
 * was never acknowledged. Pages of a write reach the disk in any order, so zeros and garbage may stand anywhere in it.
 * But a whole record of another commit behind the first bad byte means that the bad commit had been finished:
 * nothing is written behind an unfinished one. That is damage.
 */
export function isTorn(tail: Buffer, damage: Damage | undefined): boolean {
  if (tail.length > MAX_BATCH_BYTES) return false;
  if (damage === undefined) return true;
  if (!TEARABLE.has(damage.kind)) return false;
  let batch: string | undefined;
  let isBad = false;
  let hasEnded = false;
  for (const line of linesOf(tail)) {
    if (hasEnded) return false;
    const record = verifiedLine(line);
    if (record === undefined) {
      if (!isBad) batch ??= BATCH_IN_TEXT.exec(line.toString('latin1'))?.[1];
      // Zeros are a page that was never written. Other bytes without any name might have been a commit.
      if (!isBad && batch === undefined && !line.includes(0)) batch = '';
      isBad = true;
      continue;
    }
    batch ??= record.batch;
    if (record.batch !== batch) return false;
    hasEnded = record.endsCommit;
  }
  return true;
}

/** Keeps the tail in a file of its own and then cuts it off the log. A crash at any point leaves it in one of them. */
export async function moveTailAside(
  files: FileSystem,
  directory: string,
  log: OpenFile,
  tail: { readonly seq: number; readonly offset: number; readonly bytes: Buffer },
): Promise<void> {
  const kept = await keptTails(files, directory, tail.seq);
  const isKept = kept.some(({ told }) => told.seq === tail.seq && told.sha256 === sha256(tail.bytes));
  if (!isKept) {
    const numbers = kept.filter(({ told }) => told.seq === tail.seq).map(({ number }) => number);
    const number = Math.max(0, ...numbers) + 1;
    const name = `operator-events.torn-${tail.seq}${number > 1 ? `-${number}` : ''}`;
    await writeDurably(files, join(directory, `${name}.tmp`), tail.bytes);
    await files.rename(join(directory, `${name}.tmp`), join(directory, name));
  }
  await syncDirectory(files, directory);
  await log.truncate(tail.offset);
  await log.sync();
}

/** The tails that were moved aside at `nextSeq` or, had the log been longer once, behind it. */
export async function droppedTails(
  files: FileSystem,
  directory: string,
  nextSeq: number,
): Promise<readonly DroppedTail[]> {
  return (await keptTails(files, directory, nextSeq)).map(({ told }) => told);
}

interface KeptTail {
  readonly told: DroppedTail;
  /** Counts the tails of one seq from 1. */
  readonly number: number;
}

async function keptTails(
  files: FileSystem,
  directory: string,
  fromSeq: number,
): Promise<readonly KeptTail[]> {
  const kept: KeptTail[] = [];
  for (const { name } of await files.readdir(directory)) {
    const match = TORN_FILE.exec(name);
    if (match === null || Number(match[1]) < fromSeq) continue;
    const bytes = await withFile(files, join(directory, name), 'r', readWhole);
    const told = { seq: Number(match[1]), bytes: bytes.length, sha256: sha256(bytes), keptAs: name };
    kept.push({ told, number: Number(match[2] ?? 1) });
  }
  return kept.sort((a, b) => a.told.seq - b.told.seq || a.number - b.number);
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < bytes.length) {
    const lf = bytes.indexOf(LF, start);
    const end = lf < 0 ? bytes.length : lf;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
