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
    .addHelpText(
      'after',
      `
A term ended in good order, was fenced by the next one, or is the last: then it runs, or its writer was lost. Every record is
verified on the way, as by \`rynxs log verify --chain-only\`: two writers in a term are damage.

Exit codes: 0 printed, 1 damaged (after the terms before that), 2 unreadable.

Examples:
  rynxs log epochs
  rynxs log epochs --store s3://bucket/prefix --output json`,
    );
  return withOutput(withStore(command));
}
