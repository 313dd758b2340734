import { pino } from 'pino';
import type { Clock } from '../contracts/clock.js';
import type { LineSink } from './line-logger.js';

/** Fields that every line has; one of a caller under such a name would make two keys of it. */
const RESERVED = new Set(['level', 'time', 'msg']);

/** Lines as JSON objects. */
export function jsonSink(stream: { write(line: string): unknown }, clock: Clock): LineSink {
  const logger = pino(
    {
      // What is written was decided before.
      level: 'debug',
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void stream.write(line) },
  );
  return (level, message, fields) => {
    const clashing = Object.keys(fields).some((key) => RESERVED.has(key));
    logger[level](clashing ? renamed(fields) : fields, message);
  };
}

function renamed(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [RESERVED.has(key) ? `${key}_` : key, value]),
  );
}
