import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import { wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function logInspectCommand(context: CommandContext): Command {
  const command = new Command('inspect')
    .description('print one record: the event, its hash, the one before, the commit that it is in')
    .argument('<seq>', 'sequence number of the record', wholeNumber(0, 9_999_999_999))
    .action(async (seq: number, options: { store?: string; output: OutputFormat }) => {
      const { inspectCommand } = await import('../log-reading/inspect-command.js');
      await inspectCommand(seq, options, context.terminal);
    })
    .addHelpText('after', '\nExample:\n  rynxs log inspect 0');
  return withOutput(withStore(command));
}
