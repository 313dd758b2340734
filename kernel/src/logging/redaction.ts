import { types } from 'node:util';

export const HIDDEN = '<hidden>';

const MAX_DEPTH = 8;
const MAX_ENTRIES = 200;
/** A shorter secret is hidden only where it is the whole string: replacing every "a" would destroy the log. */
const MIN_SUBSTRING_LENGTH = 4;

/** Endings of field names, without separators and in lower case, whose values are never logged. */
const SECRET_NAME =
  /(?:password|passwd|passphrase|pwd|token|secret|authorization|cookie|apikey|accesskey|accesskeyid|secretkey|privatekey|signingkey|keydata|credential|credentials)s?$/;

/** Whether a field of this name holds a secret, going by its name: `dbPassword`, `X-Api-Key`, `AWS_SECRET_ACCESS_KEY`. */
export function looksSecret(name: string): boolean {
  return SECRET_NAME.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** Hides secrets in what is about to be logged: by field name, by shape, and by known value; at any depth. */
export class Redaction {
  readonly #values: readonly string[];

  /** `values` are secrets known from the configuration. */
  constructor(values: readonly string[] = []) {
    // Longest first, so that a secret which contains another one is hidden whole.
    this.#values = values.filter((value) => value !== '').sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    let result = text
      .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`)
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`);
    for (const value of this.#values) {
      if (value.length >= MIN_SUBSTRING_LENGTH) result = result.replaceAll(value, HIDDEN);
      else if (result === value) return HIDDEN;
    }
    return result;
  }

  /** A copy of `fields` that can be written as JSON: secrets hidden, errors spelled out, cycles and depth cut. */
  fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return this.#record(Object.entries(fields), 0, []);
  }

  #value(value: unknown, depth: number, path: readonly object[]): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'bigint':
      case 'symbol':
        return String(value);
      case 'function':
        return `[function ${value.name}]`;
      case 'object':
        return value === null ? null : this.#object(value, depth, path);
      default:
        return value;
    }
  }

  #object(value: object, depth: number, path: readonly object[]): unknown {
    if (path.includes(value)) return '[circular]';
    if (depth >= MAX_DEPTH) return '[too deep]';
    const inside = [...path, value];
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
    if (value instanceof URL) return this.text(value.href);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) return this.#error(value, depth, inside);
    if (value instanceof Map) {
      const entries = [...value].map(([key, entry]): [string, unknown] => [String(key), entry]);
      return this.#record(entries, depth + 1, inside);
    }
    if (Array.isArray(value) || value instanceof Set) {
      const elements = [...value];
      const kept = elements.slice(0, MAX_ENTRIES).map((element) => this.#value(element, depth + 1, inside));
      return elements.length > MAX_ENTRIES ? [...kept, `[${elements.length - MAX_ENTRIES} more]`] : kept;
    }
    return this.#record(Object.entries(value), depth + 1, inside);
  }

  #error(error: Error, depth: number, path: readonly object[]): Record<string, unknown> {
    const own = Object.entries(error).filter(([key]) => key !== 'name');
    const entries: [string, unknown][] = [
      ['type', error.name],
      ['message', error.message],
      ['stack', error.stack],
      ...own,
    ];
    if (error.cause !== undefined) entries.push(['cause', error.cause]);
    if (error instanceof AggregateError) entries.push(['errors', error.errors]);
    return this.#record(entries, depth + 1, path);
  }

  #record(
    entries: readonly (readonly [string, unknown])[],
    depth: number,
    path: readonly object[],
  ): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const [key, value] of entries.slice(0, MAX_ENTRIES)) {
      if (value === undefined) continue;
      record[key] = looksSecret(key) && value !== null ? HIDDEN : this.#value(value, depth, path);
    }
    if (entries.length > MAX_ENTRIES) record['…'] = `[${entries.length - MAX_ENTRIES} more]`;
    return record;
  }
}
