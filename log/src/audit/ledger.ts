import type { Json, LogEvent } from '../event.js';
import { NoteError } from '../note/note-error.js';
import { NoteVerifier } from '../note/note-verifier.js';
import { isVouchedFor } from './key-statement.js';

/** The aggregate of the events in which a log speaks of itself. */
export const LOG_AGGREGATE = 'log';

/** Whom a log belongs to, from its newest EpochStarted. */
export interface LogIdentity {
  readonly logId: string;
  readonly clusterUid: string;
  readonly shard: string;
}

/** A key that the log names as its own, from KeyAdded and KeyRetired. */
export interface LedgerKey {
  /** The verifier key (C2SP signed-note), under the log's origin. */
  readonly vkey: string;
  readonly addedAt: number;
  /** The key whose signature vouches for this one, already verified; null for a first key, and when the signature is no good. */
  readonly vouchedBy: string | null;
  /** Seq of the KeyRetired; null while it is in use. */
  readonly retiredAt: number | null;
}

/** A loss that was accepted on purpose, from LogRecovered. */
export interface LedgerRecovery {
  readonly seq: number;
  /** The first record that was given up. */
  readonly lostFrom: number;
  /** The last one that is known to have been there. */
  readonly lostTo: number;
  readonly reason: string;
}

/** The outcome of a race between writers, from StoreProbed. */
export interface LedgerProbe {
  readonly target: string;
  readonly racers: number;
  readonly winners: number;
}

/** The ledger as JSON; part of a snapshot. */
export interface LedgerState {
  readonly identity: LogIdentity | null;
  readonly epoch: number;
  readonly keys: readonly LedgerKey[];
  readonly recoveries: readonly LedgerRecovery[];
  readonly probes: readonly LedgerProbe[];
}

/** What a log says of itself: identity, terms, keys, accepted losses, probes. Follows from its records alone. */
export class Ledger {
  #state: LedgerState;

  constructor(state: LedgerState = { identity: null, epoch: 0, keys: [], recoveries: [], probes: [] }) {
    this.#state = state;
  }

  get state(): LedgerState {
    return this.#state;
  }

  /** Takes in an event; those of other aggregates change nothing. */
  apply(event: LogEvent): void {
    if (event.aggregate_id !== LOG_AGGREGATE || event.hash_version !== 'v3') return;
    const state = this.#state;
    const { payload, seq } = event;
    switch (event.type) {
      case 'EpochStarted':
        this.#state = {
          ...state,
          epoch: event.meta.epoch,
          identity: identityFrom(payload) ?? state.identity,
        };
        return;
      case 'KeyAdded':
        this.#addKey(event);
        return;
      case 'KeyRetired':
        this.#retireKey(event);
        return;
      case 'LogRecovered': {
        const recovery = { seq, lostFrom: Number(payload.lost_from), lostTo: Number(payload.lost_to) };
        const recoveries = [...state.recoveries, { ...recovery, reason: String(payload.reason) }];
        this.#state = { ...state, recoveries };
        return;
      }
      case 'StoreProbed': {
        const probe = { racers: Number(payload.racers), winners: Number(payload.winners) };
        this.#state = { ...state, probes: [...state.probes, { target: String(payload.target), ...probe }] };
        return;
      }
      default:
    }
  }

  /** The keys in use, oldest first. */
  activeKeys(): readonly LedgerKey[] {
    return this.#state.keys.filter(({ retiredAt }) => retiredAt === null);
  }

  #addKey({ payload, seq }: LogEvent): void {
    const vkey = parsedKey(payload.key);
    if (vkey === undefined) return;
    const vouchedBy = this.#voucher('key-added', vkey, payload.signed_by, payload.signature);
    const key = { vkey: vkey.toString(), addedAt: seq, vouchedBy, retiredAt: null };
    this.#state = { ...this.#state, keys: [...this.#state.keys, key] };
  }

  #retireKey({ payload, seq }: LogEvent): void {
    const vkey = parsedKey(payload.key);
    if (vkey === undefined) return;
    if (this.#voucher('key-retired', vkey, payload.signed_by, payload.signature) === null) return;
    const text = vkey.toString();
    const keys = this.#state.keys.map((key) =>
      key.vkey === text && key.retiredAt === null ? { ...key, retiredAt: seq } : key,
    );
    this.#state = { ...this.#state, keys };
  }

  /** The key in use whose signature is under a statement; null when there is none. */
  #voucher(
    what: 'key-added' | 'key-retired',
    key: NoteVerifier,
    signedBy?: Json,
    signature?: Json,
  ): string | null {
    const { identity } = this.#state;
    if (identity === null || typeof signedBy !== 'string' || typeof signature !== 'string') return null;
    const voucher = this.activeKeys().find(({ vkey }) => vkey === signedBy);
    if (voucher === undefined) return null;
    const isGood = isVouchedFor(what, identity.logId, key, NoteVerifier.parse(voucher.vkey), signature);
    return isGood ? voucher.vkey : null;
  }
}

function identityFrom(payload: LogEvent['payload']): LogIdentity | undefined {
  const { log_id: logId, cluster_uid: clusterUid, shard } = payload;
  if (typeof logId !== 'string' || typeof clusterUid !== 'string' || typeof shard !== 'string')
    return undefined;
  return { logId, clusterUid, shard };
}

/** What is no key says nothing: whoever wrote it can vouch for nobody. */
function parsedKey(vkey: Json | undefined): NoteVerifier | undefined {
  if (typeof vkey !== 'string') return undefined;
  try {
    return NoteVerifier.parse(vkey);
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}
