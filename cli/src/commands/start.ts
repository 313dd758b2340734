import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';

export function startCommand(context: CommandContext): Command {
  const command = new Command('start')
    .description('run the operator on a cluster until a signal ends it')
    .option('--config <file>', 'rynxs.yaml with settings; the environment wins over it')
    .action(async (options: { config?: string; output: OutputFormat }) => {
      const { runStart } = await import('../start/start.js');
      await runStart(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Examples:
  rynxs start --config rynxs.yaml
  CLUSTER_TYPE=kubernetes LOG_DIR=/var/lib/rynxs/logs rynxs start`,
    );
  return withOutput(command);
}
