import type { Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import type { Random } from '../contracts/random.js';
import type { Reconciler } from '../contracts/reconciler.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { rynxsError } from '../errors/rynxs-error.js';
import type { WritingTerm } from '../event-log/event-log.js';
import { pause, untilAborted } from '../leadership/waiting.js';
import { Controller } from '../reconcile/controller.js';
import { DecisionBarrier } from '../reconcile/decision-barrier.js';
import { type ConfigurationObserved, type EventDraft, LOG_AGGREGATE } from '../reconcile/events.js';
import type { Projection } from '../reconcile/projection.js';
import type { RepeatBackoff } from '../reconcile/repeat-backoff.js';
import type { WatchedWrites } from './watched-writes.js';

/**
 * What is done within the drain of a clean stop goes on the record; after it, nothing more is sent, and requests are
 * aborted: with rivals, when the writes among them are answered or their time-out is over.
 */
const DRAIN_MS = 500;
const STOPPING = 'the operator is stopping';

/** What terms are made of. */
export interface TermParts {
  readonly cluster: WatchedWrites;
  readonly reconcilers: readonly Reconciler[];
  readonly projection: Projection;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly workers: number;
  /** Whether other processes may lead. */
  readonly hasRivals: boolean;
  readonly driftBackoff: RepeatBackoff;
  /** Key of the digests of drifted values; asked for in each term. */
  digestKey(): string;
}

/**
 * Runs every reconciler from when the term may act until it ends or `leave` aborts. Then nothing new is admitted, and what
 * is under way has 500 ms; with rivals, what was sent and not answered may still take effect, and is waited for as long
 * as a write may take. Rejects with what a controller cannot go on after; that the term ends is none of it.
 */
export async function runTerm(parts: TermParts, term: WritingTerm, leave: AbortSignal): Promise<void> {
  await term.append([configuration(parts)]);
  const over = AbortSignal.any([leave, term.signal]);
  await holdOff(parts, term, over);
  if (over.aborted) return;
  const abort = new AbortController();
  let isDrained = false;
  const assert = (remainingMs: number): void => {
    if (isDrained) throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail: STOPPING });
    term.assert(remainingMs);
  };
  const draining: WritingTerm = { ...term, assert, signal: AbortSignal.any([term.signal, abort.signal]) };
  const controllers = controllersOf(parts, draining);
  // That the term ends is no failure of a controller, wherever it waits.
  const running = runAll(controllers, parts.reconcilers).catch((error: unknown) => {
    if (!draining.signal.aborted) throw error;
  });
  await Promise.race([running, untilAborted(over)]);
  for (const controller of controllers) controller.stop();
  const end = () => abort.abort(new Error(STOPPING));
  using _ = parts.clock.schedule(DRAIN_MS, () => {
    isDrained = true;
    // A write that is aborted must be waited for all the same; its answer mostly comes sooner, and goes on the record.
    if (parts.hasRivals) void parts.cluster.settled(term.signal).then(end);
    else end();
  });
  await running;
  if (parts.hasRivals) await parts.cluster.settled(term.signal);
}

/** The log is fenced, but who led before may not have seen it and has requests under way: nobody acts beside it. */
async function holdOff({ clock, logger }: TermParts, term: WritingTerm, over: AbortSignal): Promise<void> {
  const waitMs = () => term.actsFrom - clock.monotonic();
  if (waitMs() <= 0) return;
  const { epoch } = term;
  logger.warn('not acting yet: the term before did not say that it has ended', { epoch, wait_ms: waitMs() });
  while (waitMs() > 0 && !over.aborted) await pause(clock, Math.ceil(waitMs()), over);
}

function controllersOf(parts: TermParts, term: WritingTerm): readonly Controller[] {
  const barrier = new DecisionBarrier(term.append);
  const shared = { ...parts, digestKey: parts.digestKey(), barrier, term };
  return parts.reconcilers.map((reconciler) => new Controller({ ...shared, reconciler }));
}

async function runAll(controllers: readonly Controller[], reconcilers: readonly Reconciler[]): Promise<void> {
  const caughtUp = (names: readonly string[] = []) =>
    Promise.all(controllers.filter(({ name }) => names.includes(name)).map((one) => one.caughtUp));
  await Promise.all(reconcilers.map(({ after }, index) => controllers[index]?.run(caughtUp(after))));
}

function configuration({ reconcilers, random }: TermParts): EventDraft {
  const payload: ConfigurationObserved = {
    v: 1,
    reconcilers: Object.fromEntries(
      reconcilers.map(({ name, version, configuration: given }) => [name, { version, configuration: given }]),
    ),
  };
  const traceId = random.hex(16);
  return { type: 'ConfigurationObserved', aggregateId: LOG_AGGREGATE, payload, traceId };
}
