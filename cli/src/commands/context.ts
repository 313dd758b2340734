import type { Terminal } from '../terminal/terminal.js';

/** What a command gets from, and hands back to, the program that it is part of. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Set by commands that end otherwise than well without an error to report. */
  exitCode: number;
}
