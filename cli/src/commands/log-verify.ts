import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function logVerifyCommand(context: CommandContext): Command {
  const command = new Command('verify')
    .description('check every record: hashes, chain, commits, epochs; names the first damage')
    .action(async (options: { store?: string; output: OutputFormat }) => {
      const { verifyCommand } = await import('../log-reading/verify-command.js');
      context.exitCode = await verifyCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 intact, 1 tampered, 2 unreadable.

Examples:
  rynxs log verify
  rynxs log verify --store file:///var/lib/rynxs/logs --output json`,
    );
  return withOutput(withStore(command));
}
