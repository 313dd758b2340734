import { Command } from 'commander';
import type { RecoverOptions } from '../log-recovery/recover-command.js';
import { withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withKeys } from './key-option.js';
import { withKubeconfig } from './kubeconfig-option.js';
import { withStore } from './store-option.js';

export function logRecoverCommand(context: CommandContext): Command {
  const command = new Command('recover')
    .description('accept on the record that a part of the log is gone, so that the operator may write again')
    .option('--accept-loss', 'yes, what is missing is given up', false)
    .option('--reason <text>', 'why; it is recorded in the log')
    .option(
      '--signing-key <file>',
      "the operator's key (default: LOG_SIGNING_KEY_FILE, else where `rynxs keys generate` puts it)",
    )
    .option('--no-anchor', 'leave the anchor in the cluster alone')
    .option('--namespace <name>', 'where the anchor is (default: POD_NAMESPACE, else kube-system)')
    .action(async (options: RecoverOptions) => {
      const { recoverCommand } = await import('../log-recovery/recover-command.js');
      context.exitCode = await recoverCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Stop the operator first. Without --accept-loss and --reason it tells what would be given up, and exits with 1.

Examples:
  rynxs log recover
  rynxs log recover --accept-loss --reason 'disk of node 3 died; backup of 2026-01-31 restored'`,
    );
  return withOutput(withKubeconfig(withKeys(withStore(command))));
}
