import { join, resolve } from 'node:path';

/** Where `rynxs dev` keeps everything: `--data-dir`, else `.rynxs` in the directory where it was started. */
export function dataDirectory(chosen: string | undefined, cwd: string): string {
  return resolve(cwd, chosen ?? '.rynxs');
}

/** The event log. */
export function logDirectory(dataDir: string): string {
  return join(dataDir, 'logs');
}

/** The embedded cluster's objects, certificates and workspaces. */
export function clusterDirectory(dataDir: string): string {
  return join(dataDir, 'cluster');
}

export function kubeconfigFile(dataDir: string): string {
  return join(dataDir, 'kubeconfig');
}

/** What the operator has to say, as JSON lines. */
export function operatorLogFile(dataDir: string): string {
  return join(dataDir, 'rynxs.log');
}
