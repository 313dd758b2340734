import type { OutputFormat } from './output-format.js';
import type { TextOutput } from './terminal.js';

interface Problem {
  readonly code?: string;
  readonly message: string;
  readonly remedy?: string;
}

/**
 * Prints what went wrong and what to do, and returns the exit code. Knows Rynxs's errors by their shape, so that
 * an error can be reported before anything else was loaded, and also when a plugin brings a kernel of its own.
 */
export function reportError(
  error: unknown,
  stderr: TextOutput,
  format: OutputFormat,
  withStack: boolean,
): number {
  const problems = problemsOf(error);
  if (format === 'json') {
    const [only] = problems;
    stderr.write(`${JSON.stringify(problems.length === 1 ? only : { errors: problems })}\n`);
  } else {
    for (const problem of problems) stderr.write(formatProblem(problem));
  }
  if (withStack && error instanceof Error) stderr.write(`${describeStack(error)}\n`);
  return exitCodeOf(error);
}

/** `error RYNXS_X: message`, and the remedy on a line of its own. */
export function formatProblem({ code, message, remedy }: Problem): string {
  const head = `error${code === undefined ? '' : ` ${code}`}: ${message}\n`;
  return remedy === undefined ? head : `${head}  remedy: ${remedy}\n`;
}

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof AggregateError && error.name === 'RynxsErrors')
    return error.errors.flatMap(problemsOf);
  if (!(error instanceof Error)) return [{ message: String(error) }];
  const { code, remedy } = error as { readonly code?: unknown; readonly remedy?: unknown };
  if (typeof code === 'string' && typeof remedy === 'string')
    return [{ code, message: error.message, remedy }];
  return [{ message: withCauses(error) }];
}

// An error that nobody foresaw has no remedy, so its causes are all there is to go by.
function withCauses(error: Error): string {
  const causes: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && causes.length < 5) {
    causes.push(cause.message);
    cause = cause.cause;
  }
  return [error.message || error.name, ...causes].join(': ');
}

function describeStack(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describeStack(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') {
    return error.exitCode;
  }
  return 1;
}
