import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { chosenKeyFile, createSigningKey } from './key-file.js';

/** `rynxs keys generate`. Never prints the secret, never overwrites a file. Throws RYNXS_OUTPUT_FILE. */
export async function generateKeyCommand(
  options: { readonly out?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const file = chosenKeyFile(options.out, terminal);
  // Only the usual place is made; a directory that the user named is meant to exist.
  const signer = await createSigningKey(file, { makeDirectory: options.out === undefined });
  const vkey = signer.verifier.toString();
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify({ file, vkey })}\n` : formatGenerated(file, vkey),
  );
}

function formatGenerated(file: string, vkey: string): string {
  return `signing key   ${file} (keep it secret, and away from the log)
verifier key  ${vkey}

The operator signs with it when LOG_SIGNING_KEY_FILE=${file}
Give the verifier key to whoever is to check the log, by another way than the log itself; they pin it:
  rynxs log verify --key ${vkey}
`;
}
