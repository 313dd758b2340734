import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function logStatsCommand(context: CommandContext): Command {
  const command = new Command('stats')
    .description('count records by type, by agent and by epoch')
    .action(async (options: { store?: string; output: OutputFormat }) => {
      const { statsCommand } = await import('../log-reading/stats-command.js');
      await statsCommand(options, context.terminal);
    })
    .addHelpText('after', '\nExample:\n  rynxs log stats --output json');
  return withOutput(withStore(command));
}
