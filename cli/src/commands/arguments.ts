import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../terminal/quantities.js';

/** Reads an argument that is a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Reads an argument like `60s` into milliseconds; at least one. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError('It must be a time like 500ms, 60s, 2m or 1h.');
}

/** Adds an argument of an option that may be given several times to those before it. */
export function collected(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** Reads a moment, RFC 3339 or how long ago (`90s`, `2h`, `7d`), into milliseconds since 1970. */
export function moment(text: string): number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return Date.now() - agoMs;
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError(
    'It must be a time like 2026-01-31T12:00:00Z, or how long ago: 90s, 2h, 7d.',
  );
}
