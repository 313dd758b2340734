import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';

export function configCommand(context: CommandContext): Command {
  const print = new Command('print')
    .description('print every setting, its value and where that came from')
    .option('--config <file>', 'rynxs.yaml with settings')
    .action(async (options: { config?: string; output: OutputFormat }) => {
      const { configPrintCommand } = await import('../settings/config-command.js');
      await configPrintCommand(options, context.terminal);
    })
    .addHelpText('after', '\nExample:\n  LOG_LEVEL=debug rynxs config print');
  const docs = new Command('docs')
    .description('print the reference of all settings, in Markdown')
    .action(async (options: { output: OutputFormat }) => {
      const { configDocsCommand } = await import('../settings/config-command.js');
      await configDocsCommand(options, context.terminal);
    })
    .addHelpText('after', '\nExample:\n  rynxs config docs > docs/CONFIGURATION.md');
  return new Command('config')
    .description('show settings')
    .addCommand(withOutput(print))
    .addCommand(withOutput(docs))
    .addHelpText('after', '\nExamples:\n  rynxs config print\n  rynxs config docs');
}
