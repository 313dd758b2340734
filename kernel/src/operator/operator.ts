import type { LogRecord } from '@rynxs/log';
import { CLOCK } from '../contracts/clock.js';
import { CLUSTER, type ClusterInfo } from '../contracts/cluster.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import { LEADERSHIP, type Leadership, type Tenure, type Term } from '../contracts/leadership.js';
import { RANDOM } from '../contracts/random.js';
import { RECONCILER } from '../contracts/reconciler.js';
import { TELEMETRY } from '../contracts/telemetry.js';
import { hasCode } from '../errors/rynxs-error.js';
import { ConfigMapAnchor } from '../event-log/config-map-anchor.js';
import { EventLog } from '../event-log/event-log.js';
import { readLogKeys } from '../event-log/log-keys.js';
import type { Kernel } from '../host/kernel.js';
import { pause } from '../leadership/waiting.js';
import { eventTypesOf } from '../reconcile/event-types.js';
import { Projection } from '../reconcile/projection.js';
import { RepeatBackoff } from '../reconcile/repeat-backoff.js';
import { requireOrder } from '../reconcile/starting-order.js';
import { typesOf } from '../reconcile/types-of.js';
import { LeadershipMetrics } from './leadership-metrics.js';
import { LogFollower } from './log-follower.js';
import { runTerm, type TermParts } from './term-run.js';
import { WatchedWrites } from './watched-writes.js';

/** How long nobody campaigns after a term that the log has ended: twice as long each time, to the longest. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/** A running operator. */
export interface Operator {
  /**
   * Resolves after a clean stop; rejects with the reason for which the operator cannot go on: RYNXS_LOG_DAMAGED, …, and
   * RYNXS_LOG_FENCED without an election. Leadership that is lost and a log that cannot be used are waited out.
   */
  readonly done: Promise<void>;
  readonly log: Pick<EventLog, 'subscribe' | 'head' | 'identity'>;
  /** The term that runs now; undefined while this process does not lead. */
  readonly term: Term | undefined;
  /** What follows from the log, as it stands now. */
  readonly projection: Projection;
  /**
   * Stops admitting, drains for at most 500 ms, waits out what may still take effect while others wait to lead, records
   * EpochEnded, gives leadership up, closes the log. Idempotent.
   */
  stop(): Promise<void>;
}

/**
 * Opens the log, keeps the caches of all reconcilers warm, campaigns, and runs every reconciler for as long as a term
 * lasts. While another replica leads it follows the log, and writes nothing anywhere. The kernel must be started, and be
 * stopped after the operator. `signal` aborting is the same as `stop()`.
 * Rejects with what opening the log or reaching the cluster throws, and with TypeError for reconcilers that wait for each
 * other; then nothing is left running.
 */
export async function startOperator(
  kernel: Kernel,
  { signal }: { readonly signal: AbortSignal },
): Promise<Operator> {
  const telemetry = kernel.get(TELEMETRY);
  let isStarted = false;
  // Also while the log is being opened somebody must be able to see that nobody leads.
  const metrics = new LeadershipMetrics(telemetry);
  const check = () => (isStarted ? undefined : 'the cluster is asked who it is, and the log is opened');
  telemetry.health({ name: 'started', kind: 'ready', check });
  const clock = kernel.get(CLOCK);
  const cluster = new WatchedWrites(kernel.get(CLUSTER), clock);
  const reconcilers = kernel.getAll(RECONCILER);
  requireOrder(reconcilers);
  const projection = new Projection(reconcilers);
  const info = await cluster.info(signal);
  const { settings } = kernel;
  const keys = await readLogKeys(settings);
  const hasRivals = settings.leadershipType !== 'standalone';
  const random = kernel.get(RANDOM);
  const log = await EventLog.open(
    {
      store: kernel.get(EVENT_STORE),
      clock,
      random,
      telemetry,
      logger: kernel.logger,
      keys,
      ...(settings.anchor === 'none'
        ? {}
        : { anchor: new ConfigMapAnchor(cluster, settings.namespace, settings.shard) }),
      hasRivals,
      snapshots: projection,
      eventTypes: reconcilers.flatMap(eventTypesOf),
      onRecord: (record: LogRecord) => projection.apply(record),
    },
    signal,
  );
  if (keys.signer === undefined) {
    kernel.logger.warn('the log is not signed: LOG_SIGNING_KEY_FILE is not set', {
      remedy: 'rynxs keys generate',
    });
  }
  // For digests of drifted values when the log has no secret of its own.
  const processKey = random.hex(32);
  const run = new OperatorRun({
    cluster,
    info,
    reconcilers,
    projection,
    log,
    leadership: kernel.get(LEADERSHIP),
    metrics,
    clock,
    random,
    telemetry,
    logger: kernel.logger,
    shard: settings.shard,
    workers: settings.workers,
    hasRivals,
    driftBackoff: new RepeatBackoff(clock),
    digestKey: () => log.deriveKey('digests of drifted values') ?? processKey,
  });
  run.begin(signal);
  isStarted = true;
  return run;
}

interface OperatorParts extends TermParts {
  readonly info: ClusterInfo;
  readonly log: EventLog;
  readonly leadership: Leadership;
  readonly metrics: LeadershipMetrics;
  readonly shard: string;
}

class OperatorRun implements Operator {
  readonly log: EventLog;
  readonly projection: Projection;
  done: Promise<void> = Promise.resolve();
  term: Term | undefined;
  readonly #parts: OperatorParts;
  readonly #stopping = new AbortController();
  readonly #follower: LogFollower;
  /** Tenures in a row of which no term came. */
  #failures = 0;
  #hasLed = false;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.log = parts.log;
    this.projection = parts.projection;
    this.#follower = new LogFollower(parts.log, parts.clock);
  }

  begin(signal: AbortSignal): void {
    const stop = () => this.#stopping.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.#warmCaches();
    this.done = this.#run().finally(() => signal.removeEventListener('abort', stop));
    // Whoever asks for `done` gets the failure; that nobody asks must not end the process.
    this.done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.done;
  }

  #warmCaches(): void {
    const { cluster, reconcilers, telemetry } = this.#parts;
    const caches = reconcilers.flatMap((reconciler) =>
      typesOf(reconciler).map((type) => cluster.cache(type)),
    );
    telemetry.health({
      name: 'caches',
      kind: 'ready',
      check: () => {
        const waiting = caches.filter((cache) => !cache.hasSynced).map((cache) => cache.resource.plural);
        return waiting.length === 0 ? undefined : `not listed yet: ${[...new Set(waiting)].join(', ')}`;
      },
    });
  }

  async #run(): Promise<void> {
    const { leadership, log, hasRivals } = this.#parts;
    const { signal } = this.#stopping;
    const ended = new AbortController();
    const following = hasRivals
      ? this.#follower.run(AbortSignal.any([signal, ended.signal]))
      : Promise.resolve();
    let lost: unknown;
    try {
      for await (const tenure of leadership.campaign(signal)) {
        lost = await this.#serve(tenure);
        if (signal.aborted) break;
        await this.#recover(tenure, lost);
      }
    } finally {
      ended.abort();
      await following;
      await log.close();
    }
    if (!signal.aborted) throw lost ?? new Error('leadership cannot be had any more');
  }

  /**
   * Serves one tenure; returns why it ended early, undefined after a clean stop or a handover. Throws that for which no
   * later tenure can be any better.
   */
  async #serve(tenure: Tenure): Promise<unknown> {
    const { log, info, shard, logger, cluster, clock, hasRivals } = this.#parts;
    const { signal } = this.#stopping;
    const grantedAt = clock.monotonic();
    try {
      const term = await log.startTerm(tenure, { clusterUid: info.uid, shard }, signal);
      this.#failures = 0;
      this.#hasLed = true;
      this.term = term;
      this.#parts.metrics.acquired();
      const beganInMs = Math.round(clock.monotonic() - grantedAt);
      logger.info('leading', { epoch: term.epoch, holder: term.holder, began_in_ms: beganInMs });
      await runTerm(this.#parts, term, AbortSignal.any([signal, tenure.handover]));
      if (term.signal.aborted) throw term.signal.reason;
      await term.end(signal.aborted ? 'stopped' : 'handed over');
      // The anchor of the last checkpoint may be on its way still.
      if (hasRivals) await cluster.settled(tenure.signal);
      return undefined;
    } catch (error) {
      if (this.term === undefined && signal.aborted) return undefined;
      if (!tenure.signal.aborted && !this.#mayPass(error)) throw error;
      return error;
    } finally {
      if (this.term !== undefined) this.#parts.metrics.lost();
      this.term = undefined;
      await tenure.release();
    }
  }

  /** Whether a later tenure, of this process or another one, may come further. */
  #mayPass(error: unknown): boolean {
    if (hasCode(error, 'RYNXS_LEADERSHIP_LOST')) return true;
    if (hasCode(error, 'RYNXS_LOG_UNAVAILABLE') || hasCode(error, 'RYNXS_LOG_FULL')) {
      // Who starts a single operator is told at once that its log cannot be used.
      return this.#parts.hasRivals || this.#hasLed;
    }
    // Without an election two that write to one log would throw each other out for ever.
    return this.#parts.hasRivals && hasCode(error, 'RYNXS_LOG_FENCED');
  }

  /** Lets others try first when the term ended for the log's sake, and campaigns again only when the log can be read. */
  async #recover(tenure: Tenure, lost: unknown): Promise<void> {
    const { logger, clock, random, hasRivals } = this.#parts;
    const { signal } = this.#stopping;
    if (lost === undefined) {
      logger.info('leadership was handed over', { holder: tenure.holder });
      return;
    }
    logger.warn('leadership has ended', { error: lost });
    if (hasCode(lost, 'RYNXS_LEADERSHIP_LOST')) return;
    const longestMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    await pause(clock, longestMs * (1 - random.next() / 2), signal);
    if (hasRivals) await this.#follower.readable(signal);
  }
}
