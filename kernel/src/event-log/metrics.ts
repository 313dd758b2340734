import type { LogRecord } from '@rynxs/log';
import type { Telemetry } from '../contracts/telemetry.js';
import type { ErrorCode } from '../errors/table.js';
import { KERNEL_EVENT_TYPES } from '../reconcile/event-types.js';

/** Why a commit may not become durable: what the store says, and what ends a writer in the middle of it. */
const APPEND_ERROR_TYPES: readonly ErrorCode[] = [
  'RYNXS_LOG_FENCED',
  'RYNXS_LOG_FULL',
  'RYNXS_LOG_UNAVAILABLE',
  'RYNXS_LOG_CLOSED',
  'RYNXS_LOG_SEQ_EXHAUSTED',
  'RYNXS_LOG_LOCKED',
  'RYNXS_LOG_DAMAGED',
  'RYNXS_LOG_ROLLED_BACK',
  'RYNXS_REDUCER_FAILED',
  'RYNXS_LEADERSHIP_LOST',
];
/** Where something about a checkpoint can fail. */
const CHECKPOINT_PLACES = ['store', 'anchor', 'snapshot'] as const;
export type CheckpointPlace = (typeof CHECKPOINT_PLACES)[number];
const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the log reports of itself. Names are promises to dashboards and alerts. */
export class EventLogMetrics {
  readonly #events;
  readonly #appendSeconds;
  readonly #appendErrors;
  readonly #lastAppend;
  readonly #headSeq;
  readonly #epoch;
  readonly #chainBroken;
  readonly #available;
  readonly #oldestPending;
  readonly #replaySeconds;
  readonly #lastReplaySeconds;
  readonly #verificationSeconds;
  readonly #checkpointSeconds;
  readonly #checkpointErrors;
  readonly #lastCheckpoint;

  /** `eventTypes`: those besides the kernel's own that are counted from the start. */
  constructor(telemetry: Telemetry, eventTypes: readonly string[] = []) {
    this.#events = telemetry.counter({
      name: 'rynxs_events_total',
      help: 'Events made durable by this process, by type',
      labels: ['event_type'],
      initial: [...KERNEL_EVENT_TYPES, ...eventTypes].map((event_type) => ({ event_type })),
    });
    this.#appendSeconds = telemetry.histogram({
      name: 'rynxs_event_append_duration_seconds',
      help: 'Time for one commit to become durable',
      buckets: LATENCY_BUCKETS,
    });
    this.#appendErrors = telemetry.counter({
      name: 'rynxs_event_append_errors_total',
      help: 'Commits that did not become durable, by error code',
      labels: ['error_type'],
      initial: APPEND_ERROR_TYPES.map((error_type) => ({ error_type })),
    });
    this.#lastAppend = telemetry.gauge({
      name: 'rynxs_event_append_last_success_timestamp_seconds',
      help: 'When the last commit of this process became durable, in seconds since 1970; 0 before the first',
    });
    this.#headSeq = telemetry.gauge({
      name: 'rynxs_log_head_seq',
      help: 'Sequence number of the last record',
    });
    this.#epoch = telemetry.gauge({
      name: 'rynxs_log_epoch',
      help: 'Epoch of the last record: how many terms the log has seen, of all processes',
    });
    this.#chainBroken = telemetry.gauge({
      name: 'rynxs_log_chain_broken',
      help: '1 when the log was found damaged, else 0',
    });
    this.#available = telemetry.gauge({
      name: 'rynxs_log_available',
      help: '1 while the store of the log answers, 0 when it could not be written or read last',
    });
    this.#oldestPending = telemetry.gauge({
      name: 'rynxs_event_append_oldest_pending_seconds',
      help: 'How long the oldest event that is not durable yet has been waiting; 0 when none waits',
    });
    this.#replaySeconds = telemetry.histogram({
      name: 'rynxs_replay_duration_seconds',
      help: 'Time to verify and replay the log into state',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60],
    });
    this.#lastReplaySeconds = telemetry.gauge({
      name: 'rynxs_replay_last_duration_seconds',
      help: 'Time that the last replay took',
    });
    this.#verificationSeconds = telemetry.histogram({
      name: 'rynxs_verification_duration_seconds',
      help: 'Work to verify what stands behind a snapshot, in the background',
      buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900],
    });
    this.#checkpointSeconds = telemetry.histogram({
      name: 'rynxs_checkpoint_duration_seconds',
      help: 'Time to sign a checkpoint and to keep it',
      buckets: LATENCY_BUCKETS,
    });
    this.#checkpointErrors = telemetry.counter({
      name: 'rynxs_checkpoint_errors_total',
      help: 'Checkpoints that could not be kept or anchored, and snapshots that could not be kept',
      labels: ['place'],
      initial: CHECKPOINT_PLACES.map((place) => ({ place })),
    });
    this.#lastCheckpoint = telemetry.gauge({
      name: 'rynxs_checkpoint_last_success_timestamp_seconds',
      help: 'When the last checkpoint was kept, in seconds since 1970',
    });
    this.#chainBroken.set(0);
  }

  appended(records: readonly LogRecord[], seconds: number, atSeconds: number): void {
    this.#appendSeconds.observe(seconds);
    this.#lastAppend.set(atSeconds);
    const byType = new Map<string, number>();
    for (const { event } of records) byType.set(event.type, (byType.get(event.type) ?? 0) + 1);
    for (const [event_type, count] of byType) this.#events.add({ event_type }, count);
    const last = records.at(-1);
    if (last !== undefined) this.reached(last.event.seq, last.event.meta.epoch);
  }

  appendFailed(errorType: string): void {
    this.#appendErrors.add({ error_type: errorType });
  }

  /** The log goes to here, whoever has written it. */
  reached(headSeq: number, epoch: number): void {
    this.#headSeq.set(headSeq);
    this.#epoch.set(epoch);
  }

  replayed(seconds: number): void {
    this.#replaySeconds.observe(seconds);
    this.#lastReplaySeconds.set(seconds);
  }

  available(isAvailable: boolean): void {
    this.#available.set(isAvailable ? 1 : 0);
  }

  pending(seconds: number): void {
    this.#oldestPending.set(seconds);
  }

  verified(seconds: number): void {
    this.#verificationSeconds.observe(seconds);
  }

  checkpointed(seconds: number, atSeconds: number): void {
    this.#checkpointSeconds.observe(seconds);
    this.#lastCheckpoint.set(atSeconds);
  }

  checkpointFailed(place: CheckpointPlace): void {
    this.#checkpointErrors.add({ place });
  }

  chainBroken(): void {
    this.#chainBroken.set(1);
  }
}
