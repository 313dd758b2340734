import { type Command, Option } from 'commander';

/** Adds `--store URL`, which every command that reads a log has. */
export function withStore(command: Command): Command {
  return command.addOption(
    new Option('--store <url>', 'the log: file://DIR (default: ./.rynxs/logs if there is one, else LOG_DIR)'),
  );
}
