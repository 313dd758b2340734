import { Command, Option } from 'commander';
import type { DoctorCommandOptions } from '../doctor/doctor-command.js';
import { withOutput } from '../terminal/output-format.js';
import { collected, duration } from './arguments.js';
import type { CommandContext } from './context.js';

const DEFAULT_TIMEOUT_MS = 30_000;

export function doctorCommand(context: CommandContext): Command {
  const command = new Command('doctor')
    .description(
      'check that an operator can work here: configuration, cluster, permissions, log, keys, clocks',
    )
    .option('--config <file>', 'rynxs.yaml with the settings of the operator; the environment wins over it')
    .addOption(
      new Option(
        '--check <name>',
        'only this check; may be given several times; a wrong name lists all',
      ).argParser(collected),
    )
    .addOption(
      new Option('--timeout <time>', 'how long all of it may take')
        .argParser(duration)
        .default(DEFAULT_TIMEOUT_MS, '30s'),
    )
    .action(async (options: DoctorCommandOptions) => {
      const { doctorCommand: run } = await import('../doctor/doctor-command.js');
      context.exitCode = await run(options, context.terminal);
    })
    .addHelpText(
      'after',
      `
It reads the configuration that the operator has, and may run beside it: it leads nothing, appends nothing, opens no port. In
a bucket it leaves an object of 64 bytes, which it tries the conditional write with.

Exit codes: 0 nothing failed, 1 something did. Warnings fail nothing.

Examples:
  rynxs doctor
  rynxs doctor --check permissions --check crds
  kubectl exec deploy/rynxs-operator -- rynxs doctor --output json`,
    );
  return withOutput(command);
}
