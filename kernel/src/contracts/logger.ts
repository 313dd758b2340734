import { createToken } from './token.js';

/** Structured log. `fields` become top-level keys of the line; values under names that look secret are redacted. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A logger that adds `fields` to every line. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

/** The logger of the plugin that asks; its lines carry `plugin: <id>`. */
export const LOGGER = createToken<Logger>('LOGGER');
