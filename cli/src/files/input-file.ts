import { readFile } from 'node:fs/promises';
import { rynxsError } from '@rynxs/kernel';

/** The text of a file that the user named. Throws RYNXS_INPUT_FILE. */
export async function readInputFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const detail = code === 'ENOENT' ? 'there is no such file' : message;
    throw rynxsError('RYNXS_INPUT_FILE', { file, detail }, { cause });
  }
}
