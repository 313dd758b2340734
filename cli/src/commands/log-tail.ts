import { Command, Option } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import { wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function logTailCommand(context: CommandContext): Command {
  const command = new Command('tail')
    .description('print the last records, one a line')
    .addOption(
      new Option('-n, --lines <count>', 'how many records').argParser(wholeNumber(0, 1_000_000)).default(10),
    )
    .option('-f, --follow', 'go on with what is appended, until Ctrl-C', false)
    .action(async (options: { store?: string; lines: number; follow: boolean; output: OutputFormat }) => {
      const { tailCommand } = await import('../log-reading/tail-command.js');
      await tailCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Examples:
  rynxs log tail -f
  rynxs log tail -n 1000 --output json | jq .type`,
    );
  return withOutput(withStore(command));
}
