import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function logEpochsCommand(context: CommandContext): Command {
  const command = new Command('epochs')
    .description('print the terms in which the log was written: who, from where to where, and how each ended')
    .action(async (options: { store?: string; output: OutputFormat }) => {
      const { epochsCommand } = await import('../log-reading/epochs-command.js');
      await epochsCommand(options, context.terminal);
    })
    .addHelpText('after', '\nExample:\n  rynxs log epochs');
  return withOutput(withStore(command));
}
