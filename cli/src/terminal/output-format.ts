import { type Command, Option } from 'commander';

/** How results are printed: for people, or one JSON document for programs. */
export type OutputFormat = 'text' | 'json';

/** Adds `--output json|text`, which every command has. */
export function withOutput(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'print results as text or as JSON')
      .choices(['text', 'json'])
      .default('text'),
  );
}
