import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { type LeaderLease, type LeasePlace, withLeaderLease } from './leader-lease.js';
import { formatLeaderLine, formatLeaderReport, type LeaderReport, leaderReport } from './leader-report.js';

const POLL_MS = 500;

export interface LeaderCommandOptions extends LeasePlace {
  readonly watch: boolean;
  readonly output: OutputFormat;
}

/**
 * `rynxs leader`. Throws RYNXS_LEADER_NONE when nobody leads, RYNXS_CLUSTER_REQUEST when the cluster cannot tell. With
 * `watch` it goes on until the user interrupts, which is its good end.
 */
export function leaderCommand(options: LeaderCommandOptions, terminal: Terminal): Promise<void> {
  return withLeaderLease(options, 'tell who leads', terminal, (lease) =>
    options.watch ? watch(lease, options.output, terminal) : show(lease, options.output, terminal),
  );
}

async function show(lease: LeaderLease, output: OutputFormat, terminal: Terminal): Promise<void> {
  const found = await lease.read(terminal.interrupted);
  if (found === undefined) throw lease.unheld(undefined);
  const report = leaderReport(found, Date.now());
  terminal.stdout.write(output === 'json' ? `${JSON.stringify(report)}\n` : formatLeaderReport(report));
  if (report.holder === null) throw lease.unheld(found);
}

/** Prints a line whenever somebody else leads, in another term, or the holder seems to have stopped or to be back. */
async function watch(
  lease: LeaderLease,
  output: OutputFormat,
  { stdout, interrupted }: Terminal,
): Promise<void> {
  let last = '';
  try {
    for (;;) {
      const found = await lease.read(interrupted);
      const report = found === undefined ? undefined : leaderReport(found, Date.now());
      const now = telling(report);
      if (now !== last) stdout.write(`${line(report, output, lease)}\n`);
      last = now;
      await sleep(POLL_MS, undefined, { signal: interrupted });
    }
  } catch (error) {
    if (!interrupted.aborted) throw error;
  }
}

/** What a line is printed for. */
function telling(report: LeaderReport | undefined): string {
  if (report === undefined) return 'missing';
  const { holder, state, acquired, epoch, transfer_to } = report;
  return JSON.stringify([holder, state, acquired, epoch, transfer_to]);
}

function line(report: LeaderReport | undefined, output: OutputFormat, lease: LeaderLease): string {
  const seen = new Date().toISOString();
  if (output === 'json') return JSON.stringify({ seen, leader: report ?? null });
  return report === undefined ? `${seen} there is no Lease ${lease.name}` : formatLeaderLine(report, seen);
}
