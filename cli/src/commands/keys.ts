import { Command } from 'commander';
import { type OutputFormat, withOutput } from '../terminal/output-format.js';
import type { CommandContext } from './context.js';
import { withStore } from './store-option.js';

export function keysCommand(context: CommandContext): Command {
  return new Command('keys')
    .description('make and show the key that the event log is signed with')
    .addCommand(generateCommand(context))
    .addCommand(showCommand(context))
    .addHelpText(
      'after',
      `
Examples:
  rynxs keys generate
  rynxs keys show`,
    );
}

function generateCommand(context: CommandContext): Command {
  const command = new Command('generate')
    .description('make a signing key; prints the verifier key that belongs to it, never the secret')
    .option(
      '--out <file>',
      'a new file (default: rynxs/log-signing.key in XDG_CONFIG_HOME, else in ~/.config)',
    )
    .action(async (options: { out?: string; output: OutputFormat }) => {
      const { generateKeyCommand } = await import('../keys/generate-command.js');
      await generateKeyCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
Nothing is ever overwritten.

Example:
  rynxs keys generate --out ./log-signing.key`,
    );
  return withOutput(command);
}

function showCommand(context: CommandContext): Command {
  const command = new Command('show')
    .description('print the verifier key of a signing key')
    .option(
      '--key <file>',
      'the signing key (default: LOG_SIGNING_KEY_FILE, else where `rynxs keys generate` puts it)',
    )
    .action(async (options: { key?: string; store?: string; output: OutputFormat }) => {
      const { showKeyCommand } = await import('../keys/show-command.js');
      await showKeyCommand(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
With --store the key has the name of that log, by which others' tools (Go's sumdb/note, Tessera) look for it.

Examples:
  rynxs keys show
  rynxs keys show --store file:///var/lib/rynxs/logs`,
    );
  return withOutput(withStore(command, 'name the key after this log: file://DIR or s3://BUCKET/PREFIX'));
}
