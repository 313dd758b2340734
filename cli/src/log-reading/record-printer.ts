import type { VerifiedLine } from '@rynxs/log';
import { colorsFor } from '../terminal/colors.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { writeOut } from '../terminal/write-out.js';
import { formatRecordLine } from './record-line.js';

/**
 * Prints records one a line: in words for people, for programs the whole event with its hash. The promise, if there is
 * one, resolves when the reader has room for more.
 */
export function recordPrinter(
  terminal: Terminal,
  output: OutputFormat,
): (record: VerifiedLine) => Promise<void> | undefined {
  const colors = colorsFor(terminal.stdout, terminal.env);
  return ({ event, hash }) => {
    const line = output === 'json' ? JSON.stringify({ ...event, hash }) : formatRecordLine(event, colors);
    return writeOut(terminal.stdout, `${line}\n`, terminal.interrupted);
  };
}
