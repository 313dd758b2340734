import type { Socket } from 'node:net';
import type { ContainerLog, LogStream } from '../log/container-log.js';
import type { ContainerProcess } from '../sandbox/container-process.js';

/**
 * Writes what a container says to its log. Resolves when both streams have come to their end; never rejects. `failed` is
 * told of the first output that could not be stored: a full disk must not end the container, nor must the loss stay unsaid.
 */
export async function collectOutput(
  process: ContainerProcess,
  log: ContainerLog | undefined,
  failed: (error: unknown) => void,
): Promise<void> {
  let hasFailed = false;
  const collect = (name: LogStream, stream: Socket): Promise<void> => {
    stream.on('data', (chunk: Buffer) => {
      try {
        log?.write(name, chunk);
      } catch (error) {
        if (!hasFailed) failed(error);
        hasFailed = true;
      }
    });
    return new Promise((resolve) => {
      stream.once('close', resolve);
      // A pipe that cannot be read any more has come to its end.
      stream.once('error', () => resolve());
    });
  };
  await Promise.all([collect('stdout', process.stdout), collect('stderr', process.stderr)]);
}
