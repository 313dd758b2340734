import { Command, Option } from 'commander';
import type { ExportOptions } from '../log-export/export-command.js';
import { withOutput } from '../terminal/output-format.js';
import { wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';
import { withKeys } from './key-option.js';
import { withStore } from './store-option.js';

const sequenceNumber = wholeNumber(0, 9_999_999_999);

export function logExportCommand(context: CommandContext): Command {
  const command = new Command('export')
    .description('copy the log: as JSON lines, or as C2SP tlog-tiles that others can serve and check')
    .argument('[dir]', 'the directory for tlog-tiles; a former export of the same log is brought up to date')
    .addOption(
      new Option('--format <format>', 'what to write').choices(['jsonl', 'tlog-tiles']).default('jsonl'),
    )
    .option('--to <file>', 'jsonl: a new file (default: standard output)')
    .addOption(new Option('--from-seq <seq>', 'jsonl: the first record').argParser(sequenceNumber))
    .addOption(new Option('--to-seq <seq>', 'jsonl: the last record').argParser(sequenceNumber))
    .action(async (dir: string | undefined, options: ExportOptions) => {
      const { exportCommand } = await import('../log-export/export-command.js');
      await exportCommand(dir, options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Every record is verified on the way; a log that does not verify is not exported.

Examples:
  rynxs log export --to records.jsonl
  rynxs log export --from-seq 100 --to-seq 199 | jq .event.type
  rynxs log export --format tlog-tiles ./tiles`,
    );
  return withOutput(withKeys(withStore(command)));
}
