import { Command, Option } from 'commander';
import type { DevOptions } from '../dev/dev-options.js';
import { withOutput } from '../terminal/output-format.js';
import { duration, wholeNumber } from './arguments.js';
import type { CommandContext } from './context.js';

const port = wholeNumber(0, 65_535);

export function devCommand(context: CommandContext): Command {
  const command = new Command('dev')
    .description('run a whole system on this machine: operator, embedded cluster, event log')
    .argument('[files...]', 'manifests to apply, YAML or JSON')
    .option('--data-dir <dir>', 'where everything is kept (default: ./.rynxs)')
    .addOption(
      new Option('--port <port>', 'port of the cluster API; 0 for any (default: 16443)').argParser(port),
    )
    .addOption(
      new Option('--metrics-port <port>', 'port of /metrics; 0 for any (default: 18080)').argParser(port),
    )
    .addOption(
      new Option('--health-port <port>', 'port of /livez and /readyz; 0 for any (default: 18081)').argParser(
        port,
      ),
    )
    .option('--config <file>', 'rynxs.yaml with settings')
    .addOption(
      new Option('--timeout <time>', 'how long agents may take to become Ready')
        .argParser(duration)
        .default(60_000, '60s'),
    )
    .option('--once', 'stop when the agents are Ready and the log is verified', false)
    .option('--verbose', "show the operator's own log lines", false)
    .action(async (files: string[], options: Omit<DevOptions, 'files'>) => {
      const { runDev } = await import('../dev/dev.js');
      context.exitCode = await runDev({ ...options, files }, context.terminal);
    })
    .addHelpText(
      'after',
      `
Settings of the environment (see \`rynxs config docs\`) hold here too, but for the cluster, which is the embedded one.

Examples:
  rynxs dev examples/agent-basic.yaml
  rynxs dev examples/agent-basic.yaml --once --output json
  rynxs dev --data-dir /tmp/rynxs --port 0 --metrics-port 0 --health-port 0`,
    );
  return withOutput(command);
}
