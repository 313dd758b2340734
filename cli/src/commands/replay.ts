import { Command, Option } from 'commander';
import { releaseYoungGeneration } from '../heap-growth.js';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import { wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withKubeconfig } from './kubeconfig-option.js';
import { withStore } from './store-option.js';

export function replayCommand(context: CommandContext): Command {
  const command = new Command('replay')
    .description('rebuild state and decisions from the log, and compare them with what was recorded')
    .addOption(new Option('--at <seq>', 'stop after this record').argParser(wholeNumber(0, 9_999_999_999)))
    .option('--diff', 'print each difference, and compare the state with the cluster too', false)
    .action(async (options: ReplayCommandOptions) => {
      // It builds up state of all that it reads.
      releaseYoungGeneration();
      const { replayCommand: replay } = await import('../replay/replay-command.js');
      context.exitCode = await replay(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 no difference, 1 differences or a damaged log, 2 unreadable.

Examples:
  rynxs replay
  rynxs replay --diff
  rynxs replay --at 100 --output json`,
    );
  return withOutput(withKubeconfig(withStore(command)));
}

interface ReplayCommandOptions {
  store?: string;
  kubeconfig?: string;
  at?: number;
  diff: boolean;
  output: OutputFormat;
}
