import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { rynxsError } from '@rynxs/kernel';
import { NoteSigner } from '@rynxs/log';
import { writeNewFile } from '../files/new-file.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { chosenKeyFile } from './key-file.js';

/** What the key is called until a log signs with it, which it does under its own name. */
const KEY_NAME = 'rynxs';
const PRIVATE_DIRECTORY_MODE = 0o700;

/** `rynxs keys generate`. Never prints the secret, never overwrites a file. Throws RYNXS_OUTPUT_FILE. */
export async function generateKeyCommand(
  options: { readonly out?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const file = chosenKeyFile(options.out, terminal);
  const signer = NoteSigner.generate(KEY_NAME);
  // Only the usual place is made; a directory that the user named is meant to exist.
  if (options.out === undefined) await makeDirectory(dirname(file));
  await writeNewFile(file, `${signer.export()}\n`, { isPrivate: true });
  const vkey = signer.verifier.toString();
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify({ file, vkey })}\n` : formatGenerated(file, vkey),
  );
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw rynxsError('RYNXS_OUTPUT_FILE', { file: path, detail }, { cause });
  }
}

function formatGenerated(file: string, vkey: string): string {
  return `signing key   ${file} (keep it secret, and away from the log)
verifier key  ${vkey}

The operator signs with it when LOG_SIGNING_KEY_FILE=${file}
Give the verifier key to whoever is to check the log, by another way than the log itself; they pin it:
  rynxs log verify --key ${vkey}
`;
}
