import type { Logger } from '../contracts/logger.js';
import type { LogLevel } from '../logging/line-logger.js';

/** A line that was logged. */
export interface CapturedLine {
  readonly level: LogLevel;
  readonly message: string;
  /** Fields of the line and of the loggers that it came through. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface CapturingLogger extends Logger {
  /** Lines so far, of this logger and all its children. */
  readonly lines: readonly CapturedLine[];
}

/** A logger that keeps its lines, of every level, for assertions. */
export function capturingLogger(): CapturingLogger {
  const lines: CapturedLine[] = [];
  return { ...loggerInto(lines, {}), lines };
}

function loggerInto(lines: CapturedLine[], inherited: CapturedLine['fields']): Logger {
  const write =
    (level: LogLevel) =>
    (message: string, fields: CapturedLine['fields'] = {}): void => {
      lines.push({ level, message, fields: { ...inherited, ...fields } });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => loggerInto(lines, { ...inherited, ...fields }),
  };
}
