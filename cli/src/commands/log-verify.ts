import { Command, Option } from 'commander';
import type { VerifyCommandOptions } from '../log-verification/verify-command.js';
import { withOutput } from '../terminal/output-format.js';
import { collected, wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withKeys } from './key-option.js';
import { withKubeconfig } from './kubeconfig-option.js';
import { withStore } from './store-option.js';

export function logVerifyCommand(context: CommandContext): Command {
  const command = new Command('verify')
    .description('check every record, the Merkle tree and the signed checkpoints; names the first damage')
    .addOption(
      new Option(
        '--checkpoint <file>',
        'a checkpoint that you have kept: the log must still agree with it; may be given several times',
      ).argParser(collected),
    )
    .option('--anchor', 'compare with the anchor in the cluster, too', false)
    .option('--namespace <name>', 'where the anchor is (default: POD_NAMESPACE, else kube-system)')
    .addOption(
      new Option('--from <seq>', 'only the chain, from the commit that holds this record').argParser(
        wholeNumber(0, 9_999_999_999),
      ),
    )
    .option('--chain-only', 'only the chain: neither tree nor checkpoints; twice as fast', false)
    .action(async (options: VerifyCommandOptions) => {
      const { verifyCommand } = await import('../log-verification/verify-command.js');
      context.exitCode = await verifyCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 intact, 1 tampered, 2 unreadable, or nothing that the key, checkpoint or anchor covers.

Examples:
  rynxs log verify
  rynxs log verify --key auditor.vkey --output json
  rynxs log verify --checkpoint kept-last-year.txt --store file:///var/lib/rynxs/logs`,
    );
  return withOutput(withKubeconfig(withKeys(withStore(command))));
}
