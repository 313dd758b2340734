import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.js';

const PAUSE_MS = 100;

/** The fault that an alert is about, done to operators that nothing else is wrong with. */
export interface Drill {
  readonly alert: string;
  /** What is done, as docs/PROMETHEUS_ALERTS.md says it. */
  readonly fault: string;
  run(stage: Stage, watch: Watch): Promise<void>;
}

/** What a drill does with its alert, in this order. */
export interface Watch {
  /** Waits until the alert fires; `meanwhile` is done again and again until then. */
  fires(meanwhile?: () => Promise<void>): Promise<void>;
  /** Waits until it does not any more. */
  ends(): Promise<void>;
}

/** How long it took, in milliseconds. */
export interface Timing {
  readonly firedMs: number;
  readonly endedMs: number;
}

/** Does a drill. Rejects when its alert fires before anything is wrong, or does not fire, or does not end. */
export async function perform(drill: Drill, stage: Stage): Promise<Timing> {
  const { alert } = drill;
  const timing = { firedMs: Number.NaN, endedMs: Number.NaN };
  await drill.run(stage, {
    fires: async (meanwhile = pause) => {
      let isDecided = false;
      const fired = stage.until(alert, 'firing').finally(() => {
        isDecided = true;
      });
      // Something else may fail before.
      fired.catch(() => undefined);
      while (!isDecided) await meanwhile();
      timing.firedMs = await fired;
    },
    ends: async () => {
      timing.endedMs = await stage.until(alert, 'inactive');
    },
  });
  return timing;
}

function pause(): Promise<void> {
  return sleep(PAUSE_MS);
}
