import type { Manifest } from '../contracts/reconciler.js';

const MAX_BYTES = 512;
const MIN_SECRET_LENGTH = 4;

/**
 * Makes an API server's error text fit for a log that cannot forget: values that it quotes and literal values of the
 * manifest (environment variables, data of a ConfigMap) are replaced, and at most 512 bytes are kept.
 */
export function scrub(text: string, manifest?: Manifest): string {
  let scrubbed = text.replace(
    /((?:Invalid|Unsupported|Duplicate) value: )("(?:[^"\\]|\\.)*"|[^\s:,]+)/g,
    '$1<value>',
  );
  const values = new Set<string>();
  collect(manifest?.object.spec, values);
  collect(manifest?.object.data, values, true);
  for (const value of values) scrubbed = scrubbed.replaceAll(value, '<value>');
  return truncate(scrubbed);
}

function collect(node: unknown, values: Set<string>, isLiteral = false): void {
  if (typeof node === 'string') {
    if (isLiteral && node.length >= MIN_SECRET_LENGTH) values.add(node);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  for (const [key, child] of Object.entries(node)) collect(child, values, isLiteral || key === 'value');
}

function truncate(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_BYTES) return text;
  // A cut inside a character leaves a replacement character at the end, which goes too.
  return `${bytes
    .subarray(0, MAX_BYTES - 3)
    .toString()
    .replace(/\uFFFD$/, '')}…`;
}
