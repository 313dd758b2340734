import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the clusters with names are: what programs keep between runs (XDG Base Directory Specification). */
export function clustersDirectory(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'rynxs', 'clusters');
}

/**
 * Lets one command at a time work on a cluster. An abstract socket (unix(7)) is free again when its process ends,
 * however it ends.
 */
export async function lock(directory: string): Promise<AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new Error('another command is at work on this cluster; wait for its end') : error);
    });
    server.listen(`\0rynxs-cluster:${directory}`, resolve);
  });
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

/** Aborted by the first signal that asks this process to end; from then on, ending is up to the caller. */
export function untilAskedToEnd(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => asked.abort(new Error(`ended by ${signal}`)));
  }
  return asked.signal;
}
