import { constants } from 'node:fs';
import { join } from 'node:path';
import { LOG_FILE, NEXT_LOG_FILE, plainName } from './file-names.js';
import { type FileSystem, type OpenFile, syncDirectory } from './file-system.js';
import { settleAll } from './settle-all.js';
import { errnoOf, FileStoreError } from './store-error.js';

/** The file that is written, and what tells whether its name still means it. */
export interface ActiveFile {
  readonly file: OpenFile;
  readonly identity: string;
}

/**
 * Makes the active file of a log that has none; takes an empty one that is there. Its name is durable, or nobody knows
 * whether it is and the error is `poisoned`.
 */
export async function createActiveFile(files: FileSystem, directory: string): Promise<ActiveFile> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  const file = await files.open(join(directory, LOG_FILE), flags, 0o600);
  try {
    await syncDirectory(files, directory);
    return { file, identity: (await file.stat()).identity };
  } catch (error) {
    await settleAll([file.close()], error);
    throw new FileStoreError('poisoned', 'the name of the log may not be durable', { cause: error });
  }
}

/** The active file was not replaced, and the log goes on in it. */
export class NotRotated extends Error {
  override readonly name = 'NotRotated';
  constructor(
    /** A name may not have become durable, and what a later fsync of its directory says proves nothing. */
    readonly isFinal: boolean,
    cause: unknown,
  ) {
    super('the full file of the log could not be replaced', { cause });
  }
}

/**
 * Puts an empty file in the place of the full active one, which is named for its first record from then on. The full
 * file has a durable name at every moment: it gets the new one first, and loses the old one when that is durable.
 * Throws NotRotated when the active file is what it was, anything else when nobody knows.
 */
export async function replaceActiveFile(
  files: FileSystem,
  directory: string,
  full: OpenFile,
  firstSeq: number,
): Promise<ActiveFile> {
  const next = await prepareNext(files, directory, full, firstSeq);
  try {
    await putInPlace(files, directory, full, next.identity);
    // An event in the new file that was acknowledged must not lose its name.
    await syncDirectory(files, directory);
    return next;
  } catch (error) {
    await settleAll([next.file.close()], error);
    throw error;
  }
}

async function prepareNext(
  files: FileSystem,
  directory: string,
  full: OpenFile,
  firstSeq: number,
): Promise<ActiveFile> {
  let file: OpenFile | undefined;
  let isSyncing = false;
  try {
    await nameForItsFirst(files, directory, full, firstSeq);
    file = await files.open(join(directory, NEXT_LOG_FILE), 'w+', 0o600);
    const { identity } = await file.stat();
    isSyncing = true;
    await syncDirectory(files, directory);
    return { file, identity };
  } catch (error) {
    await settleAll([file?.close()], error);
    throw new NotRotated(isSyncing, error);
  }
}

/** Gives the full file its second name, unless an earlier attempt has. */
async function nameForItsFirst(
  files: FileSystem,
  directory: string,
  full: OpenFile,
  firstSeq: number,
): Promise<void> {
  const path = join(directory, plainName(firstSeq));
  try {
    await files.link(join(directory, LOG_FILE), path);
  } catch (error) {
    const isThere =
      errnoOf(error) === 'EEXIST' && (await files.stat(path)).identity === (await full.stat()).identity;
    if (!isThere) throw error;
  }
}

async function putInPlace(
  files: FileSystem,
  directory: string,
  full: OpenFile,
  nextIdentity: string,
): Promise<void> {
  const path = join(directory, LOG_FILE);
  try {
    await files.rename(join(directory, NEXT_LOG_FILE), path);
  } catch (error) {
    const { identity } = await files.stat(path);
    if (identity === (await full.stat()).identity) throw new NotRotated(false, error);
    // It happened in spite of the error, or nobody knows what did.
    if (identity !== nextIdentity) throw error;
  }
}
