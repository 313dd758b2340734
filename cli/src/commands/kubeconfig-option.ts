import type { Command } from 'commander';

/** Adds `--kubeconfig FILE`, which every command that asks a cluster has. */
export function withKubeconfig(command: Command): Command {
  return command.option(
    '--kubeconfig <file>',
    'the cluster (default: ./.rynxs/kubeconfig if there is one, else KUBECONFIG, else what kubectl uses)',
  );
}
