import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoteSigner } from '@rynxs/log';

/** Makes a key for the checkpoints of a log; resolves to its file in the directory, which is made too. */
export async function signingKey(directory) {
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'log.key');
  await writeFile(file, `${NoteSigner.generate('bench').export()}\n`, { mode: 0o600 });
  return file;
}
