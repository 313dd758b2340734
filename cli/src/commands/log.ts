import { Command } from 'commander';
import type { CommandContext } from './context.js';
import { logCheckProofCommand } from './log-check-proof.js';
import { logConsistencyCommand } from './log-consistency.js';
import { logEpochsCommand } from './log-epochs.js';
import { logExportCommand } from './log-export.js';
import { logInspectCommand } from './log-inspect.js';
import { logProofCommand } from './log-proof.js';
import { logQueryCommand } from './log-query.js';
import { logRecoverCommand } from './log-recover.js';
import { logStatsCommand } from './log-stats.js';
import { logTailCommand } from './log-tail.js';
import { logVerifyCommand } from './log-verify.js';

export function logCommand(context: CommandContext): Command {
  return new Command('log')
    .description('read, verify, prove and export the event log; the operator may be running meanwhile')
    .addCommand(logTailCommand(context))
    .addCommand(logQueryCommand(context))
    .addCommand(logInspectCommand(context))
    .addCommand(logEpochsCommand(context))
    .addCommand(logStatsCommand(context))
    .addCommand(logVerifyCommand(context))
    .addCommand(logProofCommand(context))
    .addCommand(logConsistencyCommand(context))
    .addCommand(logCheckProofCommand(context))
    .addCommand(logExportCommand(context))
    .addCommand(logRecoverCommand(context))
    .addHelpText(
      'after',
      `
Examples:
  rynxs log tail -n 20 -f
  rynxs log query --agent my-agent --since 1h
  rynxs log verify --store file:///var/lib/rynxs/logs`,
    );
}
