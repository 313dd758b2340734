import { type LogEvent, type LogRecord, type NoteSigner, parseRecord } from '@rynxs/log';
import { SystemClock } from '../../clock/system-clock.js';
import type { EventStore } from '../../contracts/event-store.js';
import type { RynxsError } from '../../errors/rynxs-error.js';
import { StandaloneLeadership } from '../../leadership/standalone.js';
import { SystemRandom } from '../../random/system-random.js';
import type { EventDraft } from '../../reconcile/events.js';
import { NoTelemetry } from '../../telemetry/no-telemetry.js';
import type { MemoryStorage } from '../../testing/event-store-suite/memory-event-store.js';
import { EventLog, type EventLogOptions, type WritingTerm } from '../event-log.js';
import type { AnchorEntry, LogAnchor } from '../log-anchor.js';
import type { LogKeys } from '../log-keys.js';

const OWNER = { clusterUid: 'cluster-1', shard: 'default' };
const { signal } = new AbortController();

/** Opens a log with what a test does not care about filled in. */
export function openLog(store: EventStore, options: Partial<EventLogOptions> = {}): Promise<EventLog> {
  return EventLog.open(
    {
      store,
      clock: new SystemClock(),
      random: new SystemRandom(),
      telemetry: new NoTelemetry(),
      onRecord: () => undefined,
      ...options,
    },
    signal,
  );
}

export async function startTerm(log: EventLog): Promise<WritingTerm> {
  for await (const tenure of new StandaloneLeadership(new SystemRandom()).campaign(signal)) {
    return log.startTerm(tenure, OWNER, signal);
  }
  throw new Error('no tenure');
}

export function keysOf(signer: NoteSigner): LogKeys {
  return { signer, trusted: [signer.verifier] };
}

export const draft = (n: number): EventDraft => ({
  type: 'WidgetDeleted',
  aggregateId: `widgets/default/w-${n}`,
  payload: { v: 1, uid: String(n), found: 'watching' },
  traceId: `trace-${n}`,
});

/** Lets everything happen that waits for no clock. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export async function rejection(attempt: Promise<unknown>): Promise<RynxsError> {
  try {
    await attempt;
  } catch (error) {
    return error as RynxsError;
  }
  throw new Error('it was not rejected');
}

/** The events in a storage, in order. */
export function typesIn(storage: MemoryStorage): readonly LogEvent[] {
  return storage.commits.flatMap(({ bytes }) =>
    bytes
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line): LogRecord => parseRecord(line))
      .map(({ event }) => event),
  );
}

/** The checkpoints in a storage, oldest first. */
export async function checkpointTexts(storage: MemoryStorage): Promise<readonly string[]> {
  return [...storage.objects]
    .filter(([name]) => name.startsWith('checkpoints/'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, bytes]) => bytes.toString('utf8'));
}

/** An anchor in memory. */
export class MemoryAnchor implements LogAnchor {
  readonly location = 'memory';
  readonly entries = new Map<string, string>();
  /** The sizes that it was moved to. */
  readonly moves: number[] = [];
  /** Thrown by everything that writes. */
  fail: Error | undefined;

  async read(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.entries);
  }

  async advance({ logId, size, text }: AnchorEntry, _: AbortSignal, beforeSend: () => void): Promise<void> {
    beforeSend();
    if (this.fail !== undefined) throw this.fail;
    if (this.moves.length > 0 && size <= Math.max(...this.moves)) return;
    this.moves.push(size);
    this.entries.set(logId, text);
  }

  async replace({ logId, text }: AnchorEntry): Promise<void> {
    this.entries.clear();
    this.entries.set(logId, text);
  }
}
