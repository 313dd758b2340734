import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { rynxsError } from '@rynxs/kernel';
import { NoteSigner } from '@rynxs/log';
import { writeNewFile } from '../files/new-file.js';
import type { Terminal } from '../terminal/terminal.js';

/** What a key is called until a log signs with it, which it does under its own name. */
const KEY_NAME = 'rynxs';
const PRIVATE_DIRECTORY_MODE = 0o700;

/** Where a laptop's signing key is when nothing else is said: in the user's configuration, never beside the log. */
export function defaultKeyFile(env: Terminal['env']): string {
  const configured = env.XDG_CONFIG_HOME ?? '';
  const directory = configured === '' ? join(env.HOME ?? homedir(), '.config') : configured;
  return join(directory, 'rynxs', 'log-signing.key');
}

/** The signing key that a command shows: the one that is named, else the operator's in its pod, else that of the laptop. */
export function shownKeyFile(named: string | undefined, terminal: Pick<Terminal, 'env' | 'cwd'>): string {
  const ofOperator = terminal.env.LOG_SIGNING_KEY_FILE ?? '';
  return chosenKeyFile(named ?? (ofOperator === '' ? undefined : ofOperator), terminal);
}

/** The key file that a command means. */
export function chosenKeyFile(
  named: string | undefined,
  { env, cwd }: Pick<Terminal, 'env' | 'cwd'>,
): string {
  return named === undefined ? defaultKeyFile(env) : resolve(cwd, named);
}

/**
 * Makes a signing key in a new file that only its owner can read; `makeDirectory` makes the directory for it, too.
 * Throws RYNXS_OUTPUT_FILE, also when there is such a file.
 */
export async function createSigningKey(
  file: string,
  { makeDirectory }: { readonly makeDirectory: boolean },
): Promise<NoteSigner> {
  const signer = NoteSigner.generate(KEY_NAME);
  if (makeDirectory) await makePrivateDirectory(dirname(file));
  await writeNewFile(file, `${signer.export()}\n`, { isPrivate: true });
  return signer;
}

async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw rynxsError('RYNXS_OUTPUT_FILE', { file: path, detail }, { cause });
  }
}
