/** A run of minutes that is started from a terminal. */
export interface LongRun<Values extends { readonly help: boolean }> {
  readonly usage: string;
  /** Reads the arguments; throws an Error that says what is wrong with them. */
  readonly readArguments: () => Values;
  /** Rejects when `signal` aborts, or resolves early. */
  readonly run: (
    values: Values,
    signal: AbortSignal,
    progress: (line: string) => void,
  ) => Promise<RunOutcome>;
}

export interface RunOutcome {
  /** For stdout. */
  readonly text: string;
  readonly isPassed: boolean;
  /** What passed or failed came to its end before it was interrupted. */
  readonly isInterrupted?: boolean;
}

/**
 * Does what the arguments ask for. Progress goes to stderr. Resolves to the exit code: 0 passed, 1 failed, 2 bad
 * arguments, 130 interrupted.
 */
export async function runLong<Values extends { readonly help: boolean }>({
  usage,
  readArguments,
  run,
}: LongRun<Values>): Promise<number> {
  let values: Values;
  try {
    values = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.abort());
  const { signal } = interrupted;
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    const { text, isPassed, isInterrupted = false } = await run(values, signal, progress);
    process.stdout.write(text);
    if (isInterrupted) progress('interrupted; all is ended');
    if (!isPassed) return 1;
    return isInterrupted ? 130 : 0;
  } catch (error) {
    if (signal.aborted) {
      progress('interrupted; all is ended');
      return 130;
    }
    progress(`error: ${error instanceof Error ? error.stack : error}`);
    return 1;
  }
}

/** The number above 0 that an option gives. */
export function positive(option: string, text: string, kind: 'whole' | 'any' = 'any'): number {
  const number = Number(text);
  const isGood = kind === 'whole' ? Number.isSafeInteger(number) : Number.isFinite(number);
  if (isGood && number > 0) return number;
  throw new Error(`--${option} must be a ${kind === 'whole' ? 'whole ' : ''}number above 0, not ${text}`);
}

export function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Error(`--${option} must be one of ${names.join(', ')}, not ${text}`);
  return found;
}
