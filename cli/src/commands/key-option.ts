import { type Command, Option } from 'commander';
import { collected } from './arguments.js';

/** Adds `--key K`, which every command that checks signatures has. */
export function withKeys(command: Command): Command {
  return command.addOption(
    new Option(
      '--key <key>',
      'a verifier key that you trust, or a file that holds it; may be given several times',
    ).argParser(collected),
  );
}
