import { statfs } from 'node:fs/promises';
import type { Gauge, Telemetry } from '@rynxs/kernel';

/**
 * Tells how full the file system of the log is, as `df` counts it: of what is not reserved for root. Each reading of the
 * metrics has it measured for the next one, in the thread pool: a file system on a network may take its time to answer.
 */
export class DiskUsage implements Disposable {
  readonly #directory: string;
  readonly #ratio: Gauge;
  readonly #readings: Disposable;
  #isMeasuring = false;

  constructor(telemetry: Telemetry, directory: string) {
    this.#directory = directory;
    this.#ratio = telemetry.gauge({
      name: 'rynxs_log_disk_used_ratio',
      help: 'Part of the file system of the log that is used, from 0 to 1',
    });
    this.#readings = telemetry.beforeReading(() => void this.measure());
  }

  /** Never rejects: while the system has no answer, the one before stands. What is wrong, appends tell. */
  async measure(): Promise<void> {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      const { blocks, bfree, bavail } = await statfs(this.#directory);
      const used = blocks - bfree;
      this.#ratio.set(used / Math.max(1, used + bavail));
    } catch {
      // The directory is made only when the log is opened.
    } finally {
      this.#isMeasuring = false;
    }
  }

  [Symbol.dispose](): void {
    this.#readings[Symbol.dispose]();
  }
}
