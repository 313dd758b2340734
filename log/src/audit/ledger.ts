import { type Json, LOG_AGGREGATE, type LogEvent } from '../event.js';
import { NoteError } from '../note/note-error.js';
import { NoteVerifier } from '../note/note-verifier.js';
import { isVouchedFor, type KeyStatement } from './key-statement.js';

/** Whom a log belongs to, from its newest EpochStarted. */
export interface LogIdentity {
  readonly logId: string;
  readonly clusterUid: string;
  readonly shard: string;
}

/** A key that the log names as its own, from KeyAdded and KeyRetired. What is trusted of it is for TrustedKeys to say. */
export interface LedgerKey {
  /** The verifier key (C2SP signed-note), under the log's origin. */
  readonly vkey: string;
  readonly addedAt: number;
  /** The key whose signature vouches for this one, already verified; null for a first key, and when the signature is no good. */
  readonly vouchedBy: string | null;
  /** Seq of the KeyRetired; null while it is in use. A key that was retired does not come back. */
  readonly retiredAt: number | null;
  /** The key whose signature retired it, already verified: itself, or one that leads back to the same first key. */
  readonly retiredBy: string | null;
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
  #identity: LogIdentity | null;
  #epoch: number;
  readonly #keys = new Map<string, LedgerKey>();
  /** Of each key, the first one in the chain of those that vouch for it. */
  readonly #firstKeys = new Map<string, string>();
  readonly #recoveries: LedgerRecovery[];
  readonly #probes: LedgerProbe[];

  constructor(state: LedgerState = { identity: null, epoch: 0, keys: [], recoveries: [], probes: [] }) {
    this.#identity = state.identity;
    this.#epoch = state.epoch;
    for (const key of state.keys) this.#setKey(key);
    this.#recoveries = [...state.recoveries];
    this.#probes = [...state.probes];
  }

  get identity(): LogIdentity | null {
    return this.#identity;
  }

  get state(): LedgerState {
    return {
      identity: this.#identity,
      epoch: this.#epoch,
      keys: [...this.#keys.values()],
      recoveries: [...this.#recoveries],
      probes: [...this.#probes],
    };
  }

  /** Takes in an event; those of other aggregates change nothing, nor do those whose payload is not as it should be. */
  apply(event: LogEvent): void {
    if (event.aggregate_id !== LOG_AGGREGATE || event.hash_version !== 'v3') return;
    const { payload, seq } = event;
    switch (event.type) {
      case 'EpochStarted':
        this.#epoch = event.meta.epoch;
        this.#identity = identityFrom(payload) ?? this.#identity;
        return;
      case 'KeyAdded':
        this.#addKey(event);
        return;
      case 'KeyRetired':
        this.#retireKey(event);
        return;
      case 'LogRecovered': {
        const { lost_from: lostFrom, lost_to: lostTo, reason } = payload;
        if (!isCount(lostFrom) || !isCount(lostTo) || typeof reason !== 'string') return;
        this.#recoveries.push({ seq, lostFrom, lostTo, reason });
        return;
      }
      case 'StoreProbed': {
        const { target, racers, winners } = payload;
        if (typeof target !== 'string' || !isCount(racers) || !isCount(winners)) return;
        this.#probes.push({ target, racers, winners });
        return;
      }
      default:
    }
  }

  /** The keys in use, oldest first. */
  activeKeys(): readonly LedgerKey[] {
    return [...this.#keys.values()].filter(({ retiredAt }) => retiredAt === null);
  }

  #addKey({ payload, seq }: LogEvent): void {
    const key = parsedKey(payload.key);
    if (key === undefined || this.#keys.has(key.toString())) return;
    const voucher = this.#voucher('key-added', key, seq, payload);
    const vouchedBy = voucher?.vkey ?? null;
    this.#setKey({ vkey: key.toString(), addedAt: seq, vouchedBy, retiredAt: null, retiredBy: null });
  }

  #retireKey({ payload, seq }: LogEvent): void {
    const key = parsedKey(payload.key);
    const retired = key === undefined ? undefined : this.#keys.get(key.toString());
    if (key === undefined || retired === undefined || retired.retiredAt !== null) return;
    const voucher = this.#voucher('key-retired', key, seq, payload);
    if (voucher === undefined) return;
    if (this.#firstKeys.get(voucher.vkey) !== this.#firstKeys.get(retired.vkey)) return;
    this.#setKey({ ...retired, retiredAt: seq, retiredBy: voucher.vkey });
  }

  #setKey(key: LedgerKey): void {
    const { vkey, vouchedBy } = key;
    this.#keys.set(vkey, key);
    this.#firstKeys.set(vkey, vouchedBy === null ? vkey : (this.#firstKeys.get(vouchedBy) ?? vouchedBy));
  }

  /** The key in use whose signature is under a statement. */
  #voucher(
    what: KeyStatement,
    key: NoteVerifier,
    seq: number,
    { signed_by: signedBy, signature }: LogEvent['payload'],
  ): LedgerKey | undefined {
    if (this.#identity === null || typeof signedBy !== 'string' || typeof signature !== 'string') return;
    const voucher = this.#keys.get(signedBy);
    if (voucher === undefined || voucher.retiredAt !== null) return undefined;
    const verifier = NoteVerifier.parse(voucher.vkey);
    const isGood = isVouchedFor(what, this.#identity.logId, key, seq, verifier, signature);
    return isGood ? voucher : undefined;
  }
}

/** Whether a field is what sequence numbers and counts are. */
export function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
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
