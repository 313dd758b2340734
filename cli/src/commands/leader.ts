import { Command, Option } from 'commander';
import type { LeaderCommandOptions } from '../leadership/leader-command.js';
import type { TransferCommandOptions } from '../leadership/transfer-command.js';
import { withOutput } from '../terminal/output-format.js';
import { duration } from './arguments.js';
import type { CommandContext } from './context.js';
import { withKubeconfig } from './kubeconfig-option.js';

const DEFAULT_WAIT_MS = 30_000;

export function leaderCommand(context: CommandContext): Command {
  return new Command('leader')
    .description('show which of several operators leads, and have it hand leadership over')
    .addCommand(showCommand(context), { isDefault: true })
    .addCommand(transferCommand(context))
    .addHelpText(
      'after',
      `
Examples:
  rynxs leader
  rynxs leader --namespace rynxs-system --output json
  rynxs leader --watch
  rynxs leader transfer`,
    );
}

function showCommand(context: CommandContext): Command {
  const command = new Command('show')
    .description('print who leads, since when, and in which term of the log')
    .option('-w, --watch', 'go on, and print a line at every change', false)
    .action(async (options: LeaderCommandOptions) => {
      const { leaderCommand: show } = await import('../leadership/leader-command.js');
      await show(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 somebody leads, 1 nobody does, or the cluster does not tell.

Examples:
  rynxs leader show
  rynxs leader show --watch`,
    );
  return withOutput(withKubeconfig(withNamespace(command)));
}

function transferCommand(context: CommandContext): Command {
  const command = new Command('transfer')
    .description('have the leader hand leadership over to another replica, in good order')
    .option('--to <replica>', 'the replica that is to lead, by its identity or pod (default: any other)')
    .addOption(
      new Option('--wait <time>', 'how long to wait for it; then the request is withdrawn')
        .argParser(duration)
        .default(DEFAULT_WAIT_MS, '30s'),
    )
    .action(async (options: TransferCommandOptions) => {
      const { transferCommand: transfer } = await import('../leadership/transfer-command.js');
      await transfer(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 another replica leads, 1 not.

Examples:
  rynxs leader transfer
  rynxs leader transfer --to rynxs-operator-1 --wait 1m`,
    );
  return withOutput(withKubeconfig(withNamespace(command)));
}

function withNamespace(command: Command): Command {
  return command.option(
    '-n, --namespace <name>',
    'where the operators are (default: POD_NAMESPACE, else kube-system)',
  );
}
