import type { Clock } from '@rynxs/kernel';
import type { ContainerProcess } from '../sandbox/container-process.js';
import type { Exit } from '../sandbox/process.js';
import type { EndOfGrace } from './end-of-grace.js';

/** So long after its start a process may not have come to setting its signal handlers yet. */
const YOUTH_MS = 1_000;
const HANDLER_POLL_MS = 5;

/** The end of a process: by itself, or asked for when `stopping` aborts, or made when `grace` is over. */
export async function endOf(
  process: ContainerProcess,
  clock: Clock,
  stopping: AbortSignal,
  grace: EndOfGrace,
): Promise<Exit> {
  const youngUntil = clock.monotonic() + YOUTH_MS;
  const stop = Promise.withResolvers<void>();
  const abort = (): void => stop.resolve();
  if (stopping.aborted) abort();
  stopping.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([process.exited, stop.promise]);
    if (process.exit() === undefined) {
      const ended = Promise.race([process.exited, grace.over]);
      await handlerOf(process, clock, youngUntil, ended);
      process.signal('SIGTERM');
      await ended;
      process.kill();
    }
    return await process.exited;
  } finally {
    stopping.removeEventListener('abort', abort);
  }
}

/**
 * Gives a process that was only just started the time to set its handler for SIGTERM: as process 1 it would never see one
 * that came before, and take its whole grace period.
 */
async function handlerOf(
  process: ContainerProcess,
  clock: Clock,
  youngUntil: number,
  ended: Promise<unknown>,
): Promise<void> {
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded && !process.handles('SIGTERM') && clock.monotonic() < youngUntil) {
    await Promise.race([ended, clock.sleep(HANDLER_POLL_MS)]);
  }
}
