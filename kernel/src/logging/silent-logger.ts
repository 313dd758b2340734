import type { Logger } from '../contracts/logger.js';

const ignore = () => undefined;

/** Writes nothing: for those to whom no logger was given. */
export const SILENT_LOGGER: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => SILENT_LOGGER,
};
