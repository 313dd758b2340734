import { join } from 'node:path';
import { Damage } from '@rynxs/log';
import { compressedName, plainName } from './file-names.js';
import { chunksOf, type FileSystem, type OpenFile, openIfThere } from './file-system.js';
import type { Segment } from './segments.js';
import { decompressed, NotDecompressible } from './zstd.js';

/** An open segment. */
export interface SegmentFile {
  readonly name: string;
  readonly file: OpenFile;
  readonly isPlain: boolean;
}

/**
 * Opens a segment for reading: its plain file while there is one. It may lose that to the compressor at any time.
 * Undefined when it has neither: it was removed.
 */
export async function openSegment(
  files: FileSystem,
  directory: string,
  { firstSeq, isPlain }: Segment,
): Promise<SegmentFile | undefined> {
  if (isPlain) {
    const name = plainName(firstSeq);
    const file = await openIfThere(files, join(directory, name), 'r');
    if (file !== undefined) return { name, file, isPlain };
  }
  const name = compressedName(firstSeq);
  const file = await openIfThere(files, join(directory, name), 'r');
  return file && { name, file, isPlain: false };
}

/** The content of a segment, in chunks cut anywhere. Throws Damage when it cannot be decompressed. */
export async function* contentOf(
  { file, name, isPlain }: SegmentFile,
  firstSeq: number,
): AsyncGenerator<Buffer> {
  try {
    yield* isPlain ? chunksOf(file) : decompressed(file);
  } catch (error) {
    if (!(error instanceof NotDecompressible)) throw error;
    const details = {
      kind: 'malformed' as const,
      seq: firstSeq,
      lastGoodSeq: firstSeq === 0 ? undefined : firstSeq - 1,
      offset: 0,
      detail: `${name} cannot be decompressed (${error.message}): it was altered, or is no segment`,
    };
    throw new Damage(details, { cause: error });
  }
}
