import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { agentsCommand } from './commands/agents.js';
import { configCommand } from './commands/config.js';
import type { CommandContext } from './commands/context.js';
import { devCommand } from './commands/dev.js';
import { doctorCommand } from './commands/doctor.js';
import { errorsCommand } from './commands/errors.js';
import { keysCommand } from './commands/keys.js';
import { leaderCommand } from './commands/leader.js';
import { logCommand } from './commands/log.js';
import { pluginsCommand } from './commands/plugins.js';
import { replayCommand } from './commands/replay.js';
import { startCommand } from './commands/start.js';
import type { OutputFormat } from './terminal/output-format.js';
import { reportError } from './terminal/report-error.js';
import type { Terminal } from './terminal/terminal.js';

/** 128 and the number of SIGINT, as shells have it: neither a good result nor a bad one. */
const INTERRUPTED = 130;

/**
 * Runs a command and resolves to its exit code: 0 done, 1 failed or tampered, 2 wrong use or unreadable input, 130
 * interrupted before it knew.
 * `args` are the arguments after the program's name. Never rejects.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const context: CommandContext = { terminal, exitCode: 0 };
  const program = createProgram(context);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (terminal.interrupted.aborted && error === terminal.interrupted.reason) {
      terminal.stderr.write('interrupted: it did not come to an end\n');
      return INTERRUPTED;
    }
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      return reportError(await usageError(error), terminal.stderr, requestedFormat(args));
    }
    return reportError(error, terminal.stderr, requestedFormat(args));
  }
}

/** The commands with their options and help, without anything that they do: that is loaded when one runs. */
export function createProgram(context: CommandContext): Command {
  const { stdout, stderr } = context.terminal;
  const program = new Command('rynxs')
    .description('Governed computers for AI agents, every step of the control plane on the record.')
    .addCommand(devCommand(context))
    .addCommand(startCommand(context))
    .addCommand(doctorCommand(context))
    .addCommand(agentsCommand(context))
    .addCommand(leaderCommand(context))
    .addCommand(logCommand(context))
    .addCommand(replayCommand(context))
    .addCommand(keysCommand(context))
    .addCommand(pluginsCommand(context))
    .addCommand(configCommand(context))
    .addCommand(errorsCommand(context), { hidden: true })
    .addHelpText(
      'after',
      `
Examples:
  rynxs dev examples/agent-basic.yaml   a whole system on this machine, with one agent
  rynxs doctor                          whether everything is as an operator needs it
  rynxs agents                          which agents there are, and how they are
  rynxs log tail -f                     what the control plane does, as it does it
  rynxs log verify                      whether the record is as it was written

Exit codes: 0 done, 1 failed or tampered, 2 wrong use or unreadable input, 130 interrupted.`,
    );
  configure(program, {
    version: packageVersion(),
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
  });
  return program;
}

interface Settings {
  readonly version: string;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** Commander hands settings down only to commands that are made by their parent. */
function configure(command: Command, { version, writeOut, writeErr }: Settings): void {
  command
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    // Errors are thrown, and reported like all others.
    .configureOutput({ writeOut, writeErr, outputError: () => undefined })
    .showSuggestionAfterError(true);
  if (command.commands.length > 0) command.helpCommand(false);
  for (const child of command.commands) configure(child, { version, writeOut, writeErr });
}

async function usageError(cause: CommanderError): Promise<Error> {
  const { rynxsError } = await import('@rynxs/kernel');
  const text = cause.message.replace(/^error: /, '').replace(/\n/g, ' ');
  const detail = cause.code === 'commander.help' ? 'a command is missing' : text;
  return rynxsError('RYNXS_USAGE', { detail }, { cause });
}

/** `--output` as far as it can be known when the arguments themselves are wrong. */
function requestedFormat(args: readonly string[]): OutputFormat {
  const asked = args.some(
    (arg, index) =>
      arg === '--output=json' ||
      arg === '-ojson' ||
      (/^(--output|-o)$/.test(arg) && args[index + 1] === 'json'),
  );
  return asked ? 'json' : 'text';
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
