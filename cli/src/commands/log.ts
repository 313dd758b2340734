import { Command } from 'commander';
import type { CommandContext } from './context.js';
import { logInspectCommand } from './log-inspect.js';
import { logStatsCommand } from './log-stats.js';
import { logTailCommand } from './log-tail.js';
import { logVerifyCommand } from './log-verify.js';

export function logCommand(context: CommandContext): Command {
  return new Command('log')
    .description('read and verify the event log; the operator may be running meanwhile')
    .addCommand(logTailCommand(context))
    .addCommand(logInspectCommand(context))
    .addCommand(logVerifyCommand(context))
    .addCommand(logStatsCommand(context))
    .addHelpText(
      'after',
      `
Examples:
  rynxs log tail -n 20 -f
  rynxs log verify --store file:///var/lib/rynxs/logs`,
    );
}
