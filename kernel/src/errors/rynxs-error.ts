import { ERROR_TABLE, type ErrorCode } from './table.js';

type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;
type Entry<C extends ErrorCode> = (typeof ERROR_TABLE)[C];

/** What the message and the remedy of a code want filled in. */
export type ErrorDetails<C extends ErrorCode> = {
  readonly [K in Placeholders<Entry<C>['message']> | Placeholders<Entry<C>['remedy']>]: string | number;
};

/**
 * An error with a permanent code. `message` says what is wrong and where, `remedy` what to do; both come from the
 * table, which is also the source of docs/errors.md. The cause is kept.
 */
export class RynxsError extends Error {
  override readonly name = 'RynxsError';
  readonly remedy: string;
  /** Exit code of a command that ends with this error. */
  readonly exitCode: number;

  constructor(
    readonly code: ErrorCode,
    readonly details: Readonly<Record<string, string | number>>,
    options?: ErrorOptions,
  ) {
    super(fill(ERROR_TABLE[code].message, details), options);
    this.remedy = fill(ERROR_TABLE[code].remedy, details);
    this.exitCode = ERROR_TABLE[code].exitCode;
  }
}

/** Several errors found in one go, reported together. */
export class RynxsErrors extends AggregateError {
  override readonly name = 'RynxsErrors';
  readonly exitCode: number;
  constructor(override readonly errors: readonly RynxsError[] & Error[]) {
    super(errors, errors.map((error) => `${error.code}: ${error.message}`).join('\n'));
    this.exitCode = errors[0]?.exitCode ?? 1;
  }
}

/** Makes an error of a code; the compiler checks that every placeholder of its texts is given. */
export function rynxsError<C extends ErrorCode>(
  code: C,
  details: ErrorDetails<C>,
  options?: ErrorOptions,
): RynxsError {
  return new RynxsError(code, details as Readonly<Record<string, string | number>>, options);
}

/** Whether `error` is a RynxsError of `code`, also when it was made by another copy of the kernel. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function fill(template: string, details: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(details[name] ?? placeholder));
}
