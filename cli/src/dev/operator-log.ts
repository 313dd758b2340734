import { createLogger, type Logger, SystemClock } from '@rynxs/kernel';
import type { Terminal } from '../terminal/terminal.js';
import { LogFile } from './log-file.js';
import { TeeLogger } from './tee-logger.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export interface OperatorLog extends Disposable {
  readonly logger: Logger;
  /** Whether lines appear on stderr too. */
  readonly shown: boolean;
}

/**
 * Where the operator's own lines go: as JSON to `file` always, and as text to stderr when the user asks for them, by
 * `--verbose` or by setting LOG_LEVEL. Throws RYNXS_DATA_DIR.
 */
export async function openOperatorLog(
  file: string,
  verbose: boolean,
  { env, stderr }: Pick<Terminal, 'env' | 'stderr'>,
): Promise<OperatorLog> {
  // A level that does not exist is reported with the rest of the configuration, by the kernel.
  const wanted = LEVELS.find((level) => level === env.LOG_LEVEL);
  const shown = verbose || wanted !== undefined;
  const lines = new LogFile(file);
  const common = { level: wanted ?? 'info', clock: new SystemClock() } as const;
  const loggers = [await createLogger({ ...common, format: 'json', stream: lines })];
  if (shown) loggers.push(await createLogger({ ...common, format: 'text', stream: stderr }));
  return { logger: new TeeLogger(loggers), shown, [Symbol.dispose]: () => lines[Symbol.dispose]() };
}
