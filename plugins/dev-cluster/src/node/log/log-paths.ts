import { join } from 'node:path';

/** Where the logs of all pods are kept. */
export function logsDirectory(nodeDir: string): string {
  return join(nodeDir, 'logs');
}

/** Where the logs of a pod are kept. */
export function podLogDirectory(nodeDir: string, uid: string): string {
  return join(logsDirectory(nodeDir), uid);
}

/** Where the logs of a container are kept. */
export function logDirectory(nodeDir: string, uid: string, container: string): string {
  return join(podLogDirectory(nodeDir, uid), container);
}

/** Name of the log of a container's life. */
export function logName(restartCount: number): string {
  return `${restartCount}.log`;
}
