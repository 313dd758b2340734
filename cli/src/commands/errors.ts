import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';

export function errorsCommand(context: CommandContext): Command {
  const docs = new Command('docs')
    .description('print the reference of all error codes, in Markdown')
    .action(async (options: { output: OutputFormat }) => {
      const { errorsDocsCommand } = await import('../settings/errors-command.js');
      errorsDocsCommand(options, context.terminal);
    })
    .addHelpText('after', '\nExample:\n  rynxs errors docs > docs/errors.md');
  return new Command('errors')
    .description('show error codes')
    .addCommand(withOutput(docs))
    .addHelpText('after', '\nExample:\n  rynxs errors docs');
}
