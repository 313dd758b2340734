import { dirname } from 'node:path';
import { DIRECTORY, type FileSystem, syncDirectory, withFile } from './file-system.js';
import { errnoOf, FileStoreError, storeErrorCode } from './store-error.js';

/**
 * Creates a directory for its owner alone, with those above it that are missing. Its name, and those above it up to
 * `top`, are durable then: also where they exist, because whoever made them may have ended before they were.
 */
export async function makeDirectory(files: FileSystem, path: string, top = '/'): Promise<void> {
  const made = new Set<string>();
  await makeMissing(files, path, made);
  for (let at = path; at !== top && at !== dirname(at); at = dirname(at)) {
    await syncNameOf(files, at, made.has(at));
  }
}

async function makeMissing(files: FileSystem, path: string, made: Set<string>): Promise<void> {
  try {
    await files.mkdir(path, 0o700);
    made.add(path);
  } catch (error) {
    switch (errnoOf(error)) {
      case 'EEXIST':
        await mustBeDirectory(files, path);
        return;
      case 'ENOTDIR':
      case 'ENOENT':
        if (dirname(path) === path) throw error;
        await makeMissing(files, dirname(path), made);
        await makeMissing(files, path, made);
        return;
      default:
        throw error;
    }
  }
}

async function syncNameOf(files: FileSystem, path: string, isMade: boolean): Promise<void> {
  try {
    await syncDirectory(files, dirname(path));
  } catch (error) {
    // Where one may not look, others have made what was there.
    if (isMade || storeErrorCode(error) !== 'denied') throw error;
  }
}

async function mustBeDirectory(files: FileSystem, path: string): Promise<void> {
  try {
    await withFile(files, path, DIRECTORY, async () => {});
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
    throw new FileStoreError('missing', `${path} is not a directory`, { cause: error });
  }
}
