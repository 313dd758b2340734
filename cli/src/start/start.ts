import { type Kernel, startOperator } from '@rynxs/kernel';
import { composeKernel } from '../composed-kernel.js';
import { letYoungGenerationGrowOnce, restrainLargeHeap } from '../heap-growth.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';

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
  const operator = await startOperator(kernel, { signal: interrupted });
  letYoungGenerationGrowOnce();
  await operator.done;
}
