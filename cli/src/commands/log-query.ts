import { Command, Option } from 'commander';
import type { QueryOptions } from '../log-reading/query-command.js';
import { withOutput } from '../terminal/output-format.js';
import { collected, moment, wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function logQueryCommand(context: CommandContext): Command {
  const command = new Command('query')
    .description('print the records of an agent, of a type, since a time or of an epoch, one a line')
    .option('--agent <name>', 'of this agent: NAME, NAMESPACE/NAME, or a whole aggregate id')
    .addOption(new Option('--type <type>', 'of this type; may be given several times').argParser(collected))
    .addOption(
      new Option('--since <time>', 'no older than this: 2026-01-31T12:00:00Z, or 90s, 2h, 7d ago').argParser(
        moment,
      ),
    )
    .addOption(new Option('--epoch <number>', 'of this epoch').argParser(wholeNumber(0, 9_999_999_999)))
    .addOption(
      new Option('--limit <count>', 'at most so many records').argParser(wholeNumber(1, 9_999_999_999)),
    )
    .action(async (options: QueryOptions) => {
      const { queryCommand } = await import('../log-reading/query-command.js');
      await queryCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Examples:
  rynxs log query --agent my-agent
  rynxs log query --type ActionFailed --type DriftObserved --since 2h
  rynxs log query --epoch 3 --output json | jq .payload`,
    );
  return withOutput(withStore(command));
}
