import { type Colors } from '../terminal/colors.js';
import { printable } from '../terminal/printable.js';
import { formatElapsed } from '../terminal/quantities.js';
import type { CheckReport } from './check.js';
import { type Finding, type Status, worstOf } from './finding.js';

/** What `rynxs doctor` has found; names are those of `--output json`. */
export interface DoctorReport {
  /** The worst of all checks. */
  readonly status: Status;
  readonly elapsed_ms: number;
  readonly checks: readonly CheckReport[];
}

export function doctorReport(checks: readonly CheckReport[], elapsedMs: number): DoctorReport {
  const status = worstOf(checks.map((check) => check.status));
  return { status, elapsed_ms: Math.round(elapsedMs), checks };
}

const STATUS_WIDTH = 'skipped'.length;

/** For people: a line for each finding, its remedy below it, and how many there are of each kind. */
export function formatDoctorReport({ checks, elapsed_ms: elapsedMs }: DoctorReport, colors: Colors): string {
  const nameWidth = Math.max(0, ...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, findings }) =>
    findings.flatMap((finding, index) => linesOf(finding, index === 0 ? name : '', nameWidth, colors)),
  );
  const counts = (['failed', 'warning', 'ok', 'skipped'] as const).flatMap((status) => {
    const count = checks.filter((check) => check.status === status).length;
    return count === 0 ? [] : [`${count} ${status}`];
  });
  return [...lines, '', `${counts.join(', ')} in ${formatElapsed(elapsedMs)}`, ''].join('\n');
}

function linesOf(
  { status, message, remedy }: Finding,
  name: string,
  nameWidth: number,
  colors: Colors,
): readonly string[] {
  const label = colorOf(status, colors)(status.padEnd(STATUS_WIDTH));
  const indent = ' '.repeat(STATUS_WIDTH + nameWidth + 4);
  return [
    `${label}  ${name.padEnd(nameWidth)}  ${printable(message)}`,
    ...(remedy === undefined ? [] : [`${indent}remedy: ${printable(remedy)}`]),
  ];
}

function colorOf(status: Status, colors: Colors): (text: string) => string {
  return { ok: colors.green, warning: colors.yellow, failed: colors.red, skipped: colors.dim }[status];
}
