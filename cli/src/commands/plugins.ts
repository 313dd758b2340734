import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';

export function pluginsCommand(context: CommandContext): Command {
  const command = new Command('plugins')
    .description('show which plugins there are, what each provides, and what is selected')
    .option('--config <file>', 'rynxs.yaml with settings')
    .action(async (options: { config?: string; output: OutputFormat }) => {
      const { pluginsCommand: show } = await import('../settings/plugins-command.js');
      await show(options, context.terminal);
    })
    .addHelpText(
      'after',
      '\nExamples:\n  rynxs plugins\n  RYNXS_PLUGINS=./my-store EVENT_STORE_TYPE=mine rynxs plugins',
    );
  return withOutput(command);
}
