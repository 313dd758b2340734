import type { Logger } from '../contracts/logger.js';
import type { Redaction } from './redaction.js';

type Fields = Readonly<Record<string, unknown>>;

/** Passes lines on to another logger with their secrets hidden. */
export class RedactingLogger implements Logger {
  readonly #inner: Logger;
  readonly #redaction: Redaction;

  constructor(inner: Logger, redaction: Redaction) {
    this.#inner = inner;
    this.#redaction = redaction;
  }

  debug(message: string, fields?: Fields): void {
    this.#inner.debug(this.#redaction.text(message), fields && this.#redaction.fields(fields));
  }

  info(message: string, fields?: Fields): void {
    this.#inner.info(this.#redaction.text(message), fields && this.#redaction.fields(fields));
  }

  warn(message: string, fields?: Fields): void {
    this.#inner.warn(this.#redaction.text(message), fields && this.#redaction.fields(fields));
  }

  error(message: string, fields?: Fields): void {
    this.#inner.error(this.#redaction.text(message), fields && this.#redaction.fields(fields));
  }

  child(fields: Fields): Logger {
    return new RedactingLogger(this.#inner.child(this.#redaction.fields(fields)), this.#redaction);
  }
}
