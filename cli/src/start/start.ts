import { createKernel, type Kernel, startOperator } from '@rynxs/kernel';
import { FIRST_PARTY_PLUGINS } from '../first-party-plugins.js';
import { configFile } from '../settings/config-file.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { releaseYoungGeneration } from '../young-generation.js';

/**
 * `rynxs start`: runs the operator until the user or the system ends it. Rejects with the reason for which it cannot
 * start or go on; everything that had started is stopped first.
 */
export async function runStart(
  options: { readonly config?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const kernel = await createKernel({
    plugins: FIRST_PARTY_PLUGINS,
    env: terminal.env,
    directory: terminal.cwd,
    ...configFile(options.config, terminal.cwd),
  });
  try {
    await kernel.start(terminal.interrupted);
    printTree(kernel, options.output, terminal);
    const operator = await startOperator(kernel, { signal: terminal.interrupted });
    releaseYoungGeneration();
    await operator.done;
  } catch (error) {
    // A signal during the start is a wish to stop like any other.
    if (!terminal.interrupted.aborted || error !== terminal.interrupted.reason) throw error;
  } finally {
    await kernel.stop();
  }
}

function printTree(kernel: Kernel, output: OutputFormat, { stdout }: Terminal): void {
  const tree = kernel.tree();
  stdout.write(output === 'json' ? `${JSON.stringify(tree)}\n` : `${tree.toString().trimEnd()}\n`);
}
