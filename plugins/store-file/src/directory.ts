import { dirname } from 'node:path';
import { DIRECTORY, type FileSystem, syncDirectory } from './file-system.js';
import { errnoOf, FileStoreError } from './store-error.js';

/** Creates a directory for its owner alone, with those above it that are missing; their names are durable then. */
export async function makeDirectory(files: FileSystem, path: string): Promise<void> {
  try {
    await files.mkdir(path, 0o700);
  } catch (error) {
    switch (errnoOf(error)) {
      case 'EEXIST':
        await mustBeDirectory(files, path);
        return;
      case 'ENOTDIR':
      case 'ENOENT':
        if (dirname(path) === path) throw error;
        await makeDirectory(files, dirname(path));
        await makeDirectory(files, path);
        return;
      default:
        throw error;
    }
  }
  await syncDirectory(files, dirname(path));
}

async function mustBeDirectory(files: FileSystem, path: string): Promise<void> {
  try {
    const directory = await files.open(path, DIRECTORY);
    await directory.close();
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
    throw new FileStoreError('missing', `${path} is not a directory`, { cause: error });
  }
}
