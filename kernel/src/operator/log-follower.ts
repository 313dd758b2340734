import type { Clock } from '../contracts/clock.js';
import type { EventLog } from '../event-log/event-log.js';
import { pause } from '../leadership/waiting.js';

/** How often a replica looks what the leader has written: so much of the log is left to read when it takes over. */
const FOLLOW_INTERVAL_MS = 2_000;

/** Looks at the log every other second for as long as an operator with rivals runs. */
export class LogFollower {
  readonly #log: Pick<EventLog, 'follow' | 'failure'>;
  readonly #clock: Clock;

  constructor(log: Pick<EventLog, 'follow' | 'failure'>, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Runs until `signal` aborts, or the log is not to be gone on with. What a look finds is kept, and said, by the log: its health, its metrics, its next term. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#log.failure === undefined) {
      await this.#log.follow(signal).catch(() => undefined);
      await this.#pause(signal);
    }
  }

  /** Resolves when the log can be read, or when `signal` aborts. Rejects when the log is not to be gone on with. */
  async readable(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#isReadable(signal))) await this.#pause(signal);
  }

  async #isReadable(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#log.follow(signal);
      return true;
    } catch {
      if (this.#log.failure !== undefined) throw this.#log.failure;
      return false;
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    return pause(this.#clock, FOLLOW_INTERVAL_MS, signal);
  }
}
