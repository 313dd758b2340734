import { Command } from 'commander';
import type { ConsistencyOptions } from '../log-proofs/consistency-command.js';
import { withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withKeys } from './key-option.js';
import { withStore } from './store-option.js';

export function logConsistencyCommand(context: CommandContext): Command {
  const command = new Command('consistency')
    .description('prove that the log only grew: that it begins with what an older checkpoint covers')
    .argument('<old>', 'a number of records, or a file with a checkpoint that was kept')
    .argument('[new]', 'the same, for the newer state (default: the newest signed checkpoint)')
    .option('--out <file>', 'a new file (default: standard output)')
    .action(async (older: string, newer: string | undefined, options: ConsistencyOptions) => {
      const { consistencyCommand } = await import('../log-proofs/consistency-command.js');
      await consistencyCommand(older, newer, options, context.terminal);
    })
    .addHelpText(
      'after',
      `
\`rynxs log check-proof\` checks what it writes. A number for the newer state is the size of a signed checkpoint.

Examples:
  rynxs log consistency kept-last-year.txt --out growth.txt
  rynxs log consistency 1000 2000`,
    );
  return withOutput(withKeys(withStore(command)));
}
