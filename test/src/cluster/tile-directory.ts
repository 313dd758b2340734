import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { TileBuilder } from '@rynxs/log';
import { expect } from 'chai';
import type { MadeLog } from './made-log.js';
import type { SignedTree } from './signed-tree.js';

/** Writes the first `size` records of a log as a tlog-tiles directory, by `@rynxs/log`. */
export async function writeTiles(
  target: string,
  log: MadeLog,
  tree: SignedTree,
  size: number,
): Promise<void> {
  const files = new Map<string, Buffer>();
  const builder = new TileBuilder((path, bytes) => files.set(path, bytes));
  builder.appendLines(recordBytes(log, size));
  expect(builder.finish()).to.deep.equal({ size, root: tree.root(size) });
  files.set('checkpoint', Buffer.from(tree.checkpoint(size)));
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), bytes);
  }
}

/** The lines of the log's first `size` records, each ended by LF. */
export function recordBytes(log: MadeLog, size: number): Buffer {
  const end = log.lines.slice(0, size).reduce((sum, line) => sum + line.length + 1, 0);
  return log.bytes.subarray(0, end);
}

/** The files below a directory, by their paths in it. */
export async function filesOf(directory: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  return new Map(
    await Promise.all(
      paths.sort().map(async (path) => [path, await readFile(join(directory, path))] as const),
    ),
  );
}

/** Expects two directories to hold the same files, byte for byte. */
export async function expectSameFiles(actual: string, expected: string): Promise<void> {
  const [first, second] = await Promise.all([filesOf(actual), filesOf(expected)]);
  expect([...first.keys()]).to.deep.equal([...second.keys()]);
  // Not by deep equality, which goes through every byte.
  for (const [path, bytes] of first) expect(bytes.equals(second.get(path)!), path).to.equal(true);
}
