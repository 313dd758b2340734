import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, type Kernel, startOperator, TELEMETRY } from '@rynxs/kernel';
import { composeKernel } from '../composed-kernel.js';
import { letYoungGenerationGrowOnce, restrainLargeHeap } from '../heap-growth.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';

/** What was found in the log that nobody may go on with. */
const DAMAGED = ['RYNXS_LOG_DAMAGED', 'RYNXS_LOG_ROLLED_BACK'] as const;

/**
 * `rynxs start`: runs the operator until the user or the system ends it. Rejects with the reason for which it cannot
 * start or go on; everything that had started is stopped first.
 */
export async function runStart(
  options: { readonly config?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const { interrupted } = terminal;
  const kernel = await composeKernel(terminal, { config: options.config });
  try {
    await withKernel(kernel, () => operate(kernel, options.output, terminal));
  } catch (error) {
    // A signal during the start is a wish to stop like any other.
    if (interrupted.aborted && error === interrupted.reason) return;
    // For those who read logs; the user at the terminal gets the remedy too.
    kernel.logger.error('the operator cannot go on', { error });
    throw error;
  }
}

async function operate(
  kernel: Kernel,
  output: OutputFormat,
  { interrupted, stdout }: Terminal,
): Promise<void> {
  await kernel.start(interrupted);
  const tree = kernel.tree();
  stdout.write(output === 'json' ? `${JSON.stringify(tree)}\n` : `${tree.toString().trimEnd()}\n`);
  restrainLargeHeap();
  try {
    const operator = await startOperator(kernel, { signal: interrupted });
    letYoungGenerationGrowOnce();
    await operator.done;
  } catch (error) {
    if (DAMAGED.some((code) => hasCode(error, code))) await lingerForScrapes(kernel, error, interrupted);
    throw error;
  }
}

/**
 * Metrics are the only word of a process that ends, and monitoring asks for them twice a minute: one that found its log
 * damaged at its start would be gone before.
 */
async function lingerForScrapes(kernel: Kernel, error: unknown, interrupted: AbortSignal): Promise<void> {
  const { damageLinger } = kernel.settings;
  if (damageLinger === 0 || kernel.get(TELEMETRY).endpoint() === undefined) return;
  const forMs = { for_ms: damageLinger };
  kernel.logger.error('the event log is damaged: metrics are still served for a while', { ...forMs, error });
  await sleep(damageLinger, undefined, { signal: interrupted }).catch((cause: unknown) => {
    if (!interrupted.aborted) throw cause;
  });
}
