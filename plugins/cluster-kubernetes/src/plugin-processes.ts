import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Clock } from '@rynxs/kernel';

/** Signing in to a cloud may take seconds; whoever waits for the answer has a deadline of its own. */
export const PLUGIN_TIMEOUT_MS = 60_000;

/**
 * The processes of a credential plugin. Each has a process group of its own and no input, and is ended with all that it
 * started when it takes too long, or when the client is closed.
 */
export class PluginProcesses implements Disposable {
  readonly #clock: Clock;
  readonly #running = new Set<ChildProcess>();
  #wasLate = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the process that was started last was ended by its deadline. */
  get wasLate(): boolean {
    return this.#wasLate;
  }

  /** Starts a plugin, with the arguments of `spawn`. */
  readonly start = (
    command: string,
    args: readonly string[] = [],
    options: SpawnOptions = {},
  ): ChildProcess => {
    this.#wasLate = false;
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    const deadline = this.#clock.schedule(PLUGIN_TIMEOUT_MS, () => {
      this.#wasLate = true;
      end(child);
    });
    child.on('close', () => {
      deadline[Symbol.dispose]();
      this.#running.delete(child);
    });
    return child;
  };

  [Symbol.dispose](): void {
    for (const child of this.#running) end(child);
  }
}

/** Without a pid it was never there. The group outlives its first process when that has left others behind. */
function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
