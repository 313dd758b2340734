import { createToken } from './token.js';

/** The time during which this process alone may act, as far as the elector knows. The log is the fence. */
export interface Tenure {
  /** Who holds it; unique per process, recorded in `EpochStarted`. */
  readonly holder: string;
  /** Aborts the moment the tenure ends, for whatever reason; `reason` says why. */
  readonly signal: AbortSignal;
  /**
   * Aborts when somebody has asked for leadership to be handed over while the tenure lasts: admit nothing new, drain, end
   * the epoch in the log, release.
   */
  readonly handover: AbortSignal;
  /** How long one write to the cluster may take in this tenure, in milliseconds; `assert` is asked for as much before it. */
  readonly writeTimeoutMs: number;
  /**
   * How long a term waits between its EpochStarted and its first write to the cluster, in milliseconds, unless the log
   * says that the term before it has ended. 0 when the elector itself has seen the holder before do nothing for as long
   * as its claim lasts; else as long as an unseen holder may still believe that it leads.
   */
  readonly holdOffMs: number;
  /**
   * Throws RYNXS_LEADERSHIP_LOST unless the tenure lasts at least `remainingMs` more (the whole time-out of the
   * request that is about to be sent must fit). Synchronous: call it directly before sending.
   */
  assert(remainingMs: number): void;
  /** Says which term the tenure has become, where other replicas and people look for it. Never throws, may take effect later. */
  announce(term: { readonly epoch: number; readonly logId: string }): void;
  /** Gives leadership up so that another replica may take over at once. Idempotent. Called after the log's EpochEnded. */
  release(): Promise<void>;
}

/** A tenure that has its epoch in the log. Only a term may act. */
export interface Term {
  /** Number of the term, rising by exactly 1; from the log's `EpochStarted`. */
  readonly epoch: number;
  readonly holder: string;
  readonly signal: AbortSignal;
  /** As the tenure has it. */
  readonly writeTimeoutMs: number;
  assert(remainingMs: number): void;
}

export interface Leadership {
  /**
   * Yields tenures, one after another; the next only after the previous has ended. Ends when `signal` aborts; a tenure that
   * lasts then goes on until it is released. Retries whatever may get better by itself or by somebody's doing, a missing
   * permission too, and says so in the log.
   */
  campaign(signal: AbortSignal): AsyncIterable<Tenure>;
}

export const LEADERSHIP = createToken<Leadership>('LEADERSHIP', { selectedBy: 'LEADERSHIP_TYPE' });
