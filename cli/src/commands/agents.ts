import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withKubeconfig } from './kubeconfig-option.js';

export function agentsCommand(context: CommandContext): Command {
  const command = new Command('agents')
    .description('list the agents of the cluster')
    .option('-n, --namespace <name>', 'only those of a namespace')
    .action(async (options: { kubeconfig?: string; namespace?: string; output: OutputFormat }) => {
      const { agentsCommand: list } = await import('../cluster/agents-command.js');
      await list(options, context.terminal);
    })
    .addHelpText('after', '\nExamples:\n  rynxs agents\n  rynxs agents --output json');
  return withOutput(withKubeconfig(command));
}
