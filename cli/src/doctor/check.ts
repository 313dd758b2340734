import { ClusterError } from '@rynxs/kernel';
import { problemsOf } from '../terminal/report-error.js';
import { type Finding, failed, type Status, skipped, worstOf } from './finding.js';
import type { Installation } from './installation.js';
import { NotLooked } from './not-looked.js';

/** One thing that `rynxs doctor` looks at. */
export interface Check {
  /** Kebab-case, for `--check`. */
  readonly name: string;
  /** Looked for side by side: what one waits for in vain does not hide what another one has found. */
  readonly parts: readonly Part[];
}

/** Resolves to what was found. What it throws becomes a finding; NotLooked says that it could not look. */
export type Part = (installation: Installation, signal: AbortSignal) => Promise<readonly Finding[]>;

/** What a check has found, with the names of `rynxs doctor --output json`. */
export interface CheckReport {
  readonly name: string;
  /** The worst of its findings. */
  readonly status: Status;
  readonly elapsed_ms: number;
  readonly findings: readonly Finding[];
}

const REQUEST_REMEDY =
  'Check the API server, the network to it, and the credentials and permissions of who runs this.';
const UNKNOWN_REMEDY = 'This is not foreseen: please report it as a defect, with this line.';
const LATE_REMEDY =
  'Something that it asks does not answer: look at the other checks, or give it more time by --timeout.';

/** Runs checks side by side: none waits for another one, fails with it, or lasts longer than until `late` aborts. */
export function runChecks(
  checks: readonly Check[],
  installation: Installation,
  late: AbortSignal,
): Promise<readonly CheckReport[]> {
  return Promise.all(checks.map((check) => runCheck(check, installation, late)));
}

async function runCheck(check: Check, installation: Installation, late: AbortSignal): Promise<CheckReport> {
  const startedAt = performance.now();
  const found = await Promise.all(check.parts.map((part) => findingsOf(part, installation, late)));
  const findings = withoutRepetitions(found.flat());
  return {
    name: check.name,
    status: worstOf(findings.map(({ status }) => status)),
    elapsed_ms: Math.round(performance.now() - startedAt),
    findings,
  };
}

/** What keeps one part from looking often keeps the others as well. */
function withoutRepetitions(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ message }, index) => findings.findIndex((other) => other.message === message) === index,
  );
}

async function findingsOf(
  part: Part,
  installation: Installation,
  late: AbortSignal,
): Promise<readonly Finding[]> {
  const { promise: end, resolve } = Promise.withResolvers<'late'>();
  const onLate = (): void => resolve('late');
  // Before the part listens: what the deadline cuts off fails in many ways, which all mean the same.
  late.addEventListener('abort', onLate, { once: true });
  try {
    const found = await Promise.race([part(installation, late), end]);
    return found === 'late' ? [tooLate()] : found;
  } catch (error) {
    return findingsOfError(error);
  } finally {
    late.removeEventListener('abort', onLate);
  }
}

/** What an error says to the reader of a report. */
export function findingsOfError(error: unknown): readonly Finding[] {
  if (error instanceof NotLooked) return [skipped(error.message, error.remedy)];
  if (error instanceof ClusterError) return [failed(error.message, REQUEST_REMEDY)];
  return problemsOf(error).map(({ code, message, remedy }) =>
    failed(code === undefined ? message : `${code}: ${message}`, remedy ?? UNKNOWN_REMEDY),
  );
}

function tooLate(): Finding {
  return failed('it has not come to an end in the time given', LATE_REMEDY);
}
