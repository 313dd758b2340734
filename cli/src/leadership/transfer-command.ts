import type { OutputFormat } from '../terminal/output-format.js';
import { printable } from '../terminal/printable.js';
import { formatElapsed } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { type LeasePlace, withLeaderLease } from './leader-lease.js';
import { transferLeadership } from './transfer.js';

export interface TransferCommandOptions extends LeasePlace {
  readonly to?: string;
  /** In milliseconds. */
  readonly wait: number;
  readonly output: OutputFormat;
}

/** `rynxs leader transfer`. Throws what transferLeadership does, and RYNXS_CLUSTER_REQUEST when the cluster refuses. */
export function transferCommand(options: TransferCommandOptions, terminal: Terminal): Promise<void> {
  return withLeaderLease(options, 'take the request to hand leadership over', terminal, async (lease) => {
    const { stdout, stderr, interrupted: signal } = terminal;
    const onStanding = (advice: string) => void stderr.write(`warning: ${printable(advice)}\n`);
    const request = { to: options.to, waitMs: options.wait, signal, onStanding };
    const report = await transferLeadership(lease, request);
    const { from, to, elapsed_ms } = report;
    stdout.write(
      options.output === 'json'
        ? `${JSON.stringify(report)}\n`
        : `${printable(`leadership went from ${from} to ${to} in ${formatElapsed(elapsed_ms)}`)}\n`,
    );
  });
}
