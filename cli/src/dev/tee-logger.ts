import type { Logger } from '@rynxs/kernel';

type Fields = Readonly<Record<string, unknown>>;

/** Writes every line to all of `loggers`. */
export class TeeLogger implements Logger {
  readonly #loggers: readonly Logger[];

  constructor(loggers: readonly Logger[]) {
    this.#loggers = loggers;
  }

  debug(message: string, fields?: Fields): void {
    for (const logger of this.#loggers) logger.debug(message, fields);
  }

  info(message: string, fields?: Fields): void {
    for (const logger of this.#loggers) logger.info(message, fields);
  }

  warn(message: string, fields?: Fields): void {
    for (const logger of this.#loggers) logger.warn(message, fields);
  }

  error(message: string, fields?: Fields): void {
    for (const logger of this.#loggers) logger.error(message, fields);
  }

  child(fields: Fields): Logger {
    return new TeeLogger(this.#loggers.map((logger) => logger.child(fields)));
  }
}
