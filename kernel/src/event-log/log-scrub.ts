import { type KnownRoot, LogAudit } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { EventStore } from '../contracts/event-store.js';
import type { EventLogMetrics } from './metrics.js';

/** So long it waits at first, until a start is over: it would take a tenth of it. */
const PAUSE_MS = 10_000;
/** For one part of work so many parts of rest: the operator's own work goes first. */
const REST_FACTOR = 4;

/**
 * Verifies what stands behind a snapshot, at low priority: every record, and that together they have the root that the
 * snapshot names. Resolves when that is so; throws Damage, what the driver throws, or `signal.reason`.
 */
export async function scrub(
  store: EventStore,
  snapshot: KnownRoot,
  clock: Clock,
  metrics: EventLogMetrics,
  signal: AbortSignal,
): Promise<void> {
  const audit = new LogAudit({ known: [snapshot] });
  let busyMs = 0;
  await clock.sleep(PAUSE_MS, signal);
  for await (const chunk of store.read(0, signal)) {
    const startedAt = clock.monotonic();
    audit.push(chunk);
    const spentMs = clock.monotonic() - startedAt;
    busyMs += spentMs;
    if (audit.position.size >= snapshot.size) break;
    await clock.sleep(spentMs * REST_FACTOR, signal);
  }
  audit.finish();
  metrics.verified(busyMs / 1000);
}
