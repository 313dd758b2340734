import { join } from 'node:path';
import { LOG_FILE, plainName, readSegmentName } from './file-names.js';
import { type FileSystem, type OpenFile, openIfThere, statIfThere } from './file-system.js';
import { errnoOf, FileStoreError } from './store-error.js';

/** A part of the log that is full. Its file is named for its first record, and changes no more. */
export interface Segment {
  readonly firstSeq: number;
  /** It has not been compressed yet, or the plain file was not removed yet: that is the one to read. */
  readonly isPlain: boolean;
  readonly isCompressed: boolean;
}

/** The files of a log at one moment. */
export interface LogFiles {
  /** In the order of their names. */
  readonly segments: readonly Segment[];
  /** The file that is written; undefined when there is none. Whoever asked closes it. */
  readonly active: OpenFile | undefined;
  /** The name as a segment that the active file has got while it was being replaced, which never happened. */
  readonly ownSegment: Segment | undefined;
}

/** How often the files may change while they are being listed. */
const MAX_ATTEMPTS = 100;

/**
 * Opens the active file and lists the segments before it. A rotation between the two would show records twice or
 * not at all, so the active file must be the same before and after.
 */
export async function openLogFiles(
  files: FileSystem,
  directory: string,
  flags: string | number = 'r',
): Promise<LogFiles> {
  const path = join(directory, LOG_FILE);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const active = await openIfThere(files, path, flags);
    try {
      const segments = await listSegments(files, directory);
      const identity = (await active?.stat())?.identity;
      const ownSegment = await segmentThatIs(files, directory, segments.at(-1), identity);
      if ((await statIfThere(files, path))?.identity === identity) {
        return { active, segments: segments.filter((segment) => segment !== ownSegment), ownSegment };
      }
    } catch (error) {
      await active?.close();
      throw error;
    }
    await active?.close();
  }
  throw new FileStoreError(
    'unavailable',
    `${directory} changed ${MAX_ATTEMPTS} times while it was being listed`,
  );
}

/** The segments in a directory, by their names. Empty where there is no directory. */
export async function listSegments(files: FileSystem, directory: string): Promise<readonly Segment[]> {
  const bySeq = new Map<number, Segment>();
  // Listing a large directory is not atomic: of a segment that gets its compressed name and loses the plain one
  // meanwhile, neither may be seen. A second look sees it.
  for (const name of [...(await namesIn(files, directory)), ...(await namesIn(files, directory))]) {
    const found = readSegmentName(name);
    if (found === undefined) continue;
    const { firstSeq, isCompressed } = found;
    const known = bySeq.get(firstSeq);
    bySeq.set(firstSeq, {
      firstSeq,
      isPlain: !isCompressed || known?.isPlain === true,
      isCompressed: isCompressed || known?.isCompressed === true,
    });
  }
  return [...bySeq.values()].sort((a, b) => a.firstSeq - b.firstSeq);
}

async function namesIn(files: FileSystem, directory: string): Promise<readonly string[]> {
  try {
    return (await files.readdir(directory)).map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function segmentThatIs(
  files: FileSystem,
  directory: string,
  last: Segment | undefined,
  identity: string | undefined,
): Promise<Segment | undefined> {
  if (last?.isPlain !== true || identity === undefined) return undefined;
  const status = await statIfThere(files, join(directory, plainName(last.firstSeq)));
  return status?.identity === identity ? last : undefined;
}
