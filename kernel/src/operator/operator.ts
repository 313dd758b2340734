import type { LogRecord } from '@rynxs/log';
import { CLOCK, type Clock } from '../contracts/clock.js';
import { CLUSTER, type Cluster, type ClusterInfo } from '../contracts/cluster.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import { LEADERSHIP, type Leadership, type Tenure, type Term } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import { RANDOM, type Random } from '../contracts/random.js';
import { RECONCILER, type Reconciler } from '../contracts/reconciler.js';
import { TELEMETRY, type Telemetry } from '../contracts/telemetry.js';
import { ConfigMapAnchor } from '../event-log/config-map-anchor.js';
import { EventLog, type WritingTerm } from '../event-log/event-log.js';
import { readLogKeys } from '../event-log/log-keys.js';
import type { Kernel } from '../host/kernel.js';
import { Controller } from '../reconcile/controller.js';
import { DecisionBarrier } from '../reconcile/decision-barrier.js';
import { type ConfigurationObserved, LOG_AGGREGATE } from '../reconcile/events.js';
import { Projection } from '../reconcile/projection.js';
import { RepeatBackoff } from '../reconcile/repeat-backoff.js';
import { requireOrder } from '../reconcile/starting-order.js';
import { typesOf } from '../reconcile/types-of.js';
import { LeadershipMetrics } from './leadership-metrics.js';

/** What is done within the drain of a clean stop goes on the record; after it, requests are aborted. */
const DRAIN_MS = 500;

/** A running operator. */
export interface Operator {
  /** Resolves after a clean stop; rejects with the reason for which the operator cannot go on (RYNXS_LOG_FENCED, …). */
  readonly done: Promise<void>;
  readonly log: Pick<EventLog, 'subscribe' | 'head' | 'identity'>;
  /** The term that runs now; undefined while this process does not lead. */
  readonly term: Term | undefined;
  /** What follows from the log, as it stands now. */
  readonly projection: Projection;
  /** Stops admitting, drains for at most 500 ms, records EpochEnded, gives leadership up, closes the log. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Opens the log, keeps the caches of all reconcilers warm, campaigns, and runs every reconciler for as long as a term
 * lasts. The kernel must be started, and be stopped after the operator. `signal` aborting is the same as `stop()`.
 * Rejects with what opening the log or reaching the cluster throws, and with TypeError for reconcilers that wait for each
 * other; then nothing is left running.
 */
export async function startOperator(
  kernel: Kernel,
  { signal }: { readonly signal: AbortSignal },
): Promise<Operator> {
  const cluster = kernel.get(CLUSTER);
  const reconcilers = kernel.getAll(RECONCILER);
  requireOrder(reconcilers);
  const projection = new Projection(reconcilers);
  const info = await cluster.info(signal);
  const { settings } = kernel;
  const keys = await readLogKeys(settings);
  const log = await EventLog.open(
    {
      store: kernel.get(EVENT_STORE),
      clock: kernel.get(CLOCK),
      random: kernel.get(RANDOM),
      telemetry: kernel.get(TELEMETRY),
      logger: kernel.logger,
      keys,
      ...(settings.anchor === 'none'
        ? {}
        : { anchor: new ConfigMapAnchor(cluster, settings.namespace, settings.shard) }),
      hasRivals: settings.leadershipType !== 'standalone',
      snapshots: projection,
      onRecord: (record: LogRecord) => projection.apply(record),
    },
    signal,
  );
  if (keys.signer === undefined) {
    kernel.logger.warn('the log is not signed: LOG_SIGNING_KEY_FILE is not set', {
      remedy: 'rynxs keys generate',
    });
  }
  const run = new OperatorRun({
    cluster,
    info,
    reconcilers,
    projection,
    log,
    leadership: kernel.get(LEADERSHIP),
    clock: kernel.get(CLOCK),
    random: kernel.get(RANDOM),
    telemetry: kernel.get(TELEMETRY),
    logger: kernel.logger,
    shard: kernel.settings.shard,
    workers: kernel.settings.workers,
  });
  run.begin(signal);
  return run;
}

interface OperatorParts {
  readonly cluster: Cluster;
  readonly info: ClusterInfo;
  readonly reconcilers: readonly Reconciler[];
  readonly projection: Projection;
  readonly log: EventLog;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly shard: string;
  readonly workers: number;
}

class OperatorRun implements Operator {
  readonly log: EventLog;
  readonly projection: Projection;
  done: Promise<void> = Promise.resolve();
  term: Term | undefined;
  readonly #parts: OperatorParts;
  readonly #stopping = new AbortController();
  readonly #metrics: LeadershipMetrics;
  /** For digests of drifted values when the log has no secret of its own. */
  readonly #processKey: string;
  readonly #driftBackoff: RepeatBackoff;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.log = parts.log;
    this.projection = parts.projection;
    this.#metrics = new LeadershipMetrics(parts.telemetry);
    this.#processKey = parts.random.hex(32);
    this.#driftBackoff = new RepeatBackoff(parts.clock);
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
    const { leadership, log, logger } = this.#parts;
    const { signal } = this.#stopping;
    let lost: unknown;
    try {
      for await (const tenure of leadership.campaign(signal)) {
        lost = await this.#serve(tenure);
        if (signal.aborted) break;
        logger.warn('leadership has ended', { error: lost });
      }
    } finally {
      await log.close();
    }
    if (!signal.aborted) throw lost ?? new Error('leadership cannot be had any more');
  }

  /** Serves one tenure; returns why it ended when it was not a clean stop. */
  async #serve(tenure: Tenure): Promise<unknown> {
    const { log, info, shard, logger } = this.#parts;
    const { signal } = this.#stopping;
    try {
      const term = await log.startTerm(tenure, { clusterUid: info.uid, shard }, signal);
      this.term = term;
      this.#metrics.acquired();
      logger.info('leading', { epoch: term.epoch, holder: term.holder });
      await this.#runTerm(term);
      if (!term.signal.aborted) {
        await term.end('stopped');
        return undefined;
      }
      return term.signal.reason;
    } finally {
      if (this.term !== undefined) this.#metrics.lost();
      this.term = undefined;
      await tenure.release();
    }
  }

  async #runTerm(term: WritingTerm): Promise<void> {
    const { reconcilers, clock } = this.#parts;
    await term.append([this.#configuration()]);
    const abort = new AbortController();
    const draining: WritingTerm = { ...term, signal: AbortSignal.any([term.signal, abort.signal]) };
    const digestKey = this.#parts.log.deriveKey('digests of drifted values') ?? this.#processKey;
    const barrier = new DecisionBarrier(term.append);
    const shared = { ...this.#parts, driftBackoff: this.#driftBackoff, digestKey, barrier, term: draining };
    const controllers = reconcilers.map((reconciler) => new Controller({ ...shared, reconciler }));
    const caughtUp = (names: readonly string[] = []) =>
      Promise.all(controllers.filter(({ name }) => names.includes(name)).map((one) => one.caughtUp));
    // That the term ends is no failure of a controller, wherever it waits.
    const running = Promise.all(
      reconcilers.map(({ after }, index) => controllers[index]?.run(caughtUp(after))),
    ).catch((error: unknown) => {
      if (!draining.signal.aborted) throw error;
    });
    const ended = Promise.withResolvers<void>();
    const onEnd = () => ended.resolve();
    const signals = AbortSignal.any([this.#stopping.signal, term.signal]);
    signals.addEventListener('abort', onEnd, { once: true });
    if (signals.aborted) onEnd();
    await Promise.race([running, ended.promise]);
    for (const controller of controllers) controller.stop();
    using _ = clock.schedule(DRAIN_MS, () => abort.abort(new Error('the operator is stopping')));
    await running;
  }

  #configuration() {
    const payload: ConfigurationObserved = {
      v: 1,
      reconcilers: Object.fromEntries(
        this.#parts.reconcilers.map(({ name, version, configuration }) => [name, { version, configuration }]),
      ),
    };
    const traceId = this.#parts.random.hex(16);
    return { type: 'ConfigurationObserved', aggregateId: LOG_AGGREGATE, payload, traceId };
  }
}
