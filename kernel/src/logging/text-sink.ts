import type { Clock } from '../contracts/clock.js';
import type { LineSink } from './line-logger.js';

/** Lines for people: `12:34:56.789 WARN  store-file: disk is nearly full (ratio=0.93)`. Each is one line. */
export function textSink(stream: { write(line: string): unknown }, clock: Clock): LineSink {
  return (level, message, { plugin, ...fields }) => {
    const time = new Date(clock.now()).toISOString().slice(11, 23);
    const from = typeof plugin === 'string' ? `${plugin}: ` : '';
    const pairs = Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`);
    const rest = pairs.length === 0 ? '' : ` (${pairs.join(' ')})`;
    stream.write(`${time} ${level.toUpperCase().padEnd(5)} ${from}${oneLine(message)}${rest}\n`);
  };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=()\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
  // An error says more by its message than by its stack, which JSON lines have.
  if (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value) {
    return JSON.stringify(value.message);
  }
  return JSON.stringify(value) ?? String(value);
}

/** Control characters could move the cursor or forge a line. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
