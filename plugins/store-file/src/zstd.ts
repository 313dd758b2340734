import type { Transform } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { chunksOf, type OpenFile } from './file-system.js';
import { errnoOf } from './store-error.js';

const CHUNK_BYTES = 262_144;
/**
 * Measured on 64 MiB of records: levels 2 to 9 take up to seven times the time of level 1, and their output is larger:
 * half of what is left of a record are hashes, in which there is nothing to find.
 */
const LEVEL = 1;
/** Memory that a segment may ask its reader for, as a power of two: 8 MiB, what `zstd -19` uses. */
const MAX_WINDOW_LOG = 23;
const ZLIB_ERROR = /^(ZSTD_|Z_|ERR_ZLIB_)/;

/** A file is not what `compressed` makes, or has been changed since. */
export class NotDecompressible extends Error {
  override readonly name = 'NotDecompressible';
}

/** The bytes of a file, compressed as one zstd frame with its checksum. Memory is bounded. */
export function compressed(file: OpenFile): AsyncGenerator<Buffer> {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 };
  return transformed(file, createZstdCompress({ chunkSize: CHUNK_BYTES, params }));
}

/**
 * The content of a file of one zstd frame. Memory is bounded. Throws NotDecompressible, perhaps after some content, when
 * the file holds anything else, or more.
 */
export async function* decompressed(file: OpenFile): AsyncGenerator<Buffer> {
  const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
  const decompress = createZstdDecompress({ chunkSize: CHUNK_BYTES, params });
  try {
    yield* transformed(file, decompress);
  } catch (error) {
    const isOfZstd = ZLIB_ERROR.test(errnoOf(error) ?? '');
    throw isOfZstd ? new NotDecompressible((error as Error).message, { cause: error }) : error;
  }
  // Node ends with the first frame, whatever follows.
  const left = (await file.stat()).size - decompress.bytesWritten;
  if (left > 0) throw new NotDecompressible(`${left} bytes follow the end of the compressed data`);
}

/** Sends a file through a transform. The file is not read any more when the generator has ended, however it ends. */
async function* transformed(file: OpenFile, transform: Transform): AsyncGenerator<Buffer> {
  const sent = send(file, transform).catch((error: unknown) => transform.destroy(error as Error));
  try {
    for await (const chunk of transform) yield chunk as Buffer;
  } finally {
    transform.destroy();
    await sent;
  }
}

async function send(file: OpenFile, transform: Transform): Promise<void> {
  for await (const chunk of chunksOf(file)) {
    if (!transform.destroyed && !transform.write(chunk)) await drained(transform);
    if (transform.destroyed) return;
  }
  transform.end();
}

/** Resolves when the transform takes more, or nothing any more. */
function drained(transform: Transform): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  transform.once('drain', resolve).once('close', resolve);
  return promise.finally(() => transform.off('drain', resolve).off('close', resolve));
}
