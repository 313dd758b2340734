import { type Command, Option } from 'commander';

const THE_LOG =
  'the log: file://DIR or s3://BUCKET/PREFIX (default: ./.rynxs/logs if there is one, else that of the operator’s environment)';

/** Adds `--store URL`, which every command that reads a log has. */
export function withStore(command: Command, description = THE_LOG): Command {
  return command.addOption(new Option('--store <url>', description));
}
