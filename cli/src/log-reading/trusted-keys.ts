import { resolve } from 'node:path';
import { parseVerifierKey, rynxsError } from '@rynxs/kernel';
import type { NoteVerifier } from '@rynxs/log';
import { readInputFile } from '../files/input-file.js';

const PRIVATE_KEY = 'PRIVATE+KEY+';

/**
 * The verifier keys that a user names: each a key, or a file that holds one a line. Throws RYNXS_LOG_KEY, also for a
 * private key, which proves nothing to who verifies and is not to be passed around.
 */
export async function trustedKeys(
  named: readonly string[] | undefined,
  cwd: string,
): Promise<readonly NoteVerifier[]> {
  const keys = await Promise.all((named ?? []).map((one) => keysOf(one, cwd)));
  return keys.flat();
}

async function keysOf(named: string, cwd: string): Promise<readonly NoteVerifier[]> {
  refusePrivate(named, '--key');
  if (/\+[0-9a-f]{8}\+/.test(named)) return [parseVerifierKey(named, '--key')];
  const text = await readInputFile(resolve(cwd, named));
  refusePrivate(text, named);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw rynxsError('RYNXS_LOG_KEY', { key: named, detail: 'the file is empty' });
  return lines.map((line) => parseVerifierKey(line, named));
}

function refusePrivate(text: string, key: string): void {
  if (!text.trimStart().startsWith(PRIVATE_KEY)) return;
  const detail =
    'it is a signing key, which stays with the operator; verifying takes the verifier key that `rynxs keys show` prints';
  throw rynxsError('RYNXS_LOG_KEY', { key, detail });
}
