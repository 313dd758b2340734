import type { Logger } from '../contracts/logger.js';
import { Redaction } from './redaction.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** Takes a line that passed the level, with everything in it safe to show. */
export type LineSink = (level: LogLevel, message: string, fields: Fields) => void;

/** A logger that filters by level, redacts, and hands each line to a sink. */
export class LineLogger implements Logger {
  readonly #sink: LineSink;
  readonly #least: number;
  readonly #redaction: Redaction;
  readonly #fields: Fields;

  constructor(sink: LineSink, level: LogLevel, redaction: Redaction = new Redaction(), fields: Fields = {}) {
    this.#sink = sink;
    this.#least = LOG_LEVELS.indexOf(level);
    this.#redaction = redaction;
    this.#fields = fields;
  }

  debug(message: string, fields?: Fields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#write('error', message, fields);
  }

  child(fields: Fields): Logger {
    const all = { ...this.#fields, ...this.#redaction.fields(fields) };
    return new LineLogger(this.#sink, LOG_LEVELS[this.#least] ?? 'info', this.#redaction, all);
  }

  #write(level: LogLevel, message: string, fields: Fields | undefined): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    const all = fields === undefined ? this.#fields : { ...this.#fields, ...this.#redaction.fields(fields) };
    this.#sink(level, this.#redaction.text(message), all);
  }
}
