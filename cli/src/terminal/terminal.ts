/** A stream that a command writes text to. */
export interface TextOutput {
  /** False asks to wait for `drain` before writing on, as streams do. */
  write(text: string): unknown;
  once?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width in characters, where it is a terminal. */
  readonly columns?: number | undefined;
}

/**
 * Everything of the outside that a command sees, so that tests can run one in their own process. Results go to
 * `stdout`, everything else (progress, warnings, errors) to `stderr`.
 */
export interface Terminal {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Aborts when the user wants the command to end (Ctrl-C, SIGTERM). */
  readonly interrupted: AbortSignal;
}

/** Whether a person looks at `output`, so that lines may be redrawn. `CI` and `TERM=dumb` count as nobody. */
export function isInteractive(output: TextOutput, env: Terminal['env']): boolean {
  return output.isTTY === true && env.TERM !== 'dumb' && (env.CI ?? '') === '';
}
