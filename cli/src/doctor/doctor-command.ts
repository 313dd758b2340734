import { rynxsError } from '@rynxs/kernel';
import { colorsFor } from '../terminal/colors.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { CHECKS } from './all-checks.js';
import { type Check, runChecks } from './check.js';
import { doctorReport, formatDoctorReport } from './doctor-report.js';
import { Installation } from './installation.js';

export interface DoctorCommandOptions {
  readonly config?: string;
  /** Names of the checks that are wanted; all unless given. */
  readonly check?: readonly string[];
  /** How long all of it may take, in milliseconds. */
  readonly timeout: number;
  readonly output: OutputFormat;
}

export const EXIT = { good: 0, failed: 1 } as const;

/** `rynxs doctor`. Resolves to the exit code. Throws RYNXS_USAGE for a check that there is not. */
export async function doctorCommand(options: DoctorCommandOptions, terminal: Terminal): Promise<number> {
  const checks = chosen(options.check);
  const startedAt = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('the time is over')), options.timeout);
  const { interrupted } = terminal;
  const signal = AbortSignal.any([interrupted, late.signal]);
  await using installation = new Installation(terminal, options.config, signal);
  try {
    const found = await runChecks(checks, installation, signal);
    interrupted.throwIfAborted();
    const report = doctorReport(found, performance.now() - startedAt);
    const { stdout, env } = terminal;
    stdout.write(
      options.output === 'json'
        ? `${JSON.stringify(report)}\n`
        : formatDoctorReport(report, colorsFor(stdout, env)),
    );
    return report.status === 'failed' ? EXIT.failed : EXIT.good;
  } finally {
    clearTimeout(timer);
  }
}

/** In the order in which all are reported, whatever the order of the names. */
function chosen(names: readonly string[] | undefined): readonly Check[] {
  if (names === undefined) return CHECKS;
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0) {
    const known = CHECKS.map(({ name }) => name).join(', ');
    const detail = `there is no check ${unknown.join(', ')}; known are ${known}`;
    throw rynxsError('RYNXS_USAGE', { detail });
  }
  return CHECKS.filter(({ name }) => names.includes(name));
}
