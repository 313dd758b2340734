import { ERROR_TABLE, errorReference } from '@rynxs/kernel';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';

/** `rynxs errors docs`: docs/errors.md, or the table that it is made of. */
export function errorsDocsCommand(options: { readonly output: OutputFormat }, terminal: Terminal): void {
  terminal.stdout.write(options.output === 'json' ? `${JSON.stringify(ERROR_TABLE)}\n` : errorReference());
}
