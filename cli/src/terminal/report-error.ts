import type { OutputFormat } from './output-format.js';
import type { TextOutput } from './terminal.js';

/** What a user is told of an error. */
export interface Problem {
  readonly code?: string;
  readonly message: string;
  readonly remedy?: string;
  /** Only of errors that nobody foresaw: for the report of a defect. */
  readonly stack?: string;
}

/**
 * Prints what went wrong and what to do, and returns the exit code. Knows Rynxs's errors by their shape, so that
 * an error can be reported before anything else was loaded, and also when a plugin brings a kernel of its own.
 */
export function reportError(error: unknown, stderr: TextOutput, format: OutputFormat): number {
  const problems = problemsOf(error);
  if (format === 'json') {
    const [only] = problems;
    stderr.write(`${JSON.stringify(problems.length === 1 ? only : { errors: problems })}\n`);
  } else {
    for (const problem of problems) stderr.write(formatProblem(problem));
  }
  return exitCodeOf(error);
}

/** `error RYNXS_X: message`, and the remedy on a line of its own. */
function formatProblem({ code, message, remedy, stack }: Problem): string {
  const head = `error${code === undefined ? '' : ` ${code}`}: ${message}\n`;
  return `${head}${remedy === undefined ? '' : `  remedy: ${remedy}\n`}${stack === undefined ? '' : `${stack}\n`}`;
}

/** What a user is told of an error, in the order in which its parts were found; at least one. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof AggregateError && error.name === 'RynxsErrors')
    return error.errors.flatMap(problemsOf);
  if (!(error instanceof Error)) return [{ message: String(error) }];
  const coded = mostTelling(error);
  if (coded !== undefined) return [{ code: coded.code, message: coded.message, remedy: coded.remedy }];
  return [{ message: error.message || error.name, stack: describeStack(error) }];
}

type CodedError = Error & { readonly code: string; readonly remedy: string; readonly exitCode: number };

/** That a plugin failed to start is less than why it did. */
function mostTelling(error: unknown): CodedError | undefined {
  if (!isCoded(error)) return undefined;
  return error.code === 'RYNXS_PLUGIN_START_FAILED' ? (mostTelling(error.cause) ?? error) : error;
}

function isCoded(error: unknown): error is CodedError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'remedy' in error &&
    typeof error.remedy === 'string' &&
    'exitCode' in error &&
    typeof error.exitCode === 'number'
  );
}

function describeStack(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${describeStack(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** Of several errors the first one's; 1 for what nobody foresaw. */
function exitCodeOf(error: unknown): number {
  if (error instanceof AggregateError && error.name === 'RynxsErrors') return exitCodeOf(error.errors[0]);
  return mostTelling(error)?.exitCode ?? 1;
}
