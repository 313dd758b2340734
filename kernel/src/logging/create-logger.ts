import type { Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import { LineLogger, type LogLevel } from './line-logger.js';
import { Redaction } from './redaction.js';
import { textSink } from './text-sink.js';

export interface LoggerOptions {
  /** The least important lines that are written. */
  readonly level: LogLevel;
  /**
   * `json`: one object per line with `level` (a word), `time` (RFC 3339), `msg` and the fields. `text`: for people.
   */
  readonly format: 'json' | 'text';
  /** Where lines go; default standard error. */
  readonly stream?: { write(line: string): unknown };
  readonly clock: Clock;
  /** Secrets that must not appear in any line, whatever they stand under. */
  readonly secrets?: readonly string[];
}

/** Makes a logger. Secrets are hidden at any depth: by field name, by shape (`Bearer …`), by known value. */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const stream = options.stream ?? process.stderr;
  const sink =
    options.format === 'json'
      ? (await import('./json-sink.js')).jsonSink(stream, options.clock)
      : textSink(stream, options.clock);
  return new LineLogger(sink, options.level, new Redaction(options.secrets));
}
