import type { LogRecord } from '../event.js';
import { MerkleFrontier } from '../merkle/merkle-frontier.js';
import { ZERO_HASH } from '../record.js';
import type { TermPosition } from '../verification.js';
import { Ledger, type LedgerState } from './ledger.js';

/** A position as JSON: what it takes to go on verifying a log from there, and part of a snapshot. */
export interface LogPositionState {
  readonly size: number;
  /** Hash of the last record; ZERO_HASH before the first. */
  readonly head_hash: string;
  /** Root of the tree over the first `size` records, and the frontier that folds to it; base64. */
  readonly root: string;
  readonly frontier: readonly string[];
  readonly term: {
    readonly epoch: number;
    readonly writer: string | null;
    readonly ended: boolean;
    readonly last_ts: string | null;
  };
  readonly ledger: LedgerState;
}

/** A commit that became durable. */
export interface WrittenCommit {
  readonly records: readonly LogRecord[];
  readonly frontier: MerkleFrontier;
  readonly term: LogPosition['term'];
}

/** Where a log has got to: chain, tree, term and ledger. Moved forward by whoever verifies or writes the log. */
export class LogPosition {
  /** The number of records, and so the next sequence number. */
  size = 0;
  headHash: string = ZERO_HASH;
  term: Omit<TermPosition, 'logId'> = { epoch: 0, writer: undefined, epochEnded: false, lastTs: undefined };
  frontier = new MerkleFrontier();
  ledger = new Ledger();

  /** Throws RangeError for a state whose frontier does not fold to its root. */
  static from(state: LogPositionState): LogPosition {
    const position = new LogPosition();
    const { size, head_hash, term } = state;
    position.size = size;
    position.headHash = head_hash;
    const { epoch, ended } = term;
    position.term = {
      epoch,
      epochEnded: ended,
      writer: term.writer ?? undefined,
      lastTs: term.last_ts ?? undefined,
    };
    position.frontier = new MerkleFrontier(
      size,
      state.frontier.map((hash) => Buffer.from(hash, 'base64')),
    );
    if (position.frontier.root().toString('base64') !== state.root) {
      throw new RangeError(`the frontier of size ${size} does not fold to its root`);
    }
    position.ledger = new Ledger(state.ledger);
    return position;
  }

  get logId(): string | undefined {
    return this.ledger.identity?.logId;
  }

  /** Moves behind a commit that is known to be good, because it was just written. `frontier` holds its records. */
  advance({ records, frontier, term }: WrittenCommit): void {
    for (const { event } of records) this.ledger.apply(event);
    this.size += records.length;
    this.headHash = records.at(-1)?.hash ?? this.headHash;
    this.term = term;
    this.frontier = frontier;
  }

  toState(): LogPositionState {
    const { size, headHash, term, frontier, ledger } = this;
    return {
      size,
      head_hash: headHash,
      root: frontier.root().toString('base64'),
      frontier: frontier.hashes.map((hash) => hash.toString('base64')),
      term: {
        epoch: term.epoch,
        writer: term.writer ?? null,
        ended: term.epochEnded,
        last_ts: term.lastTs ?? null,
      },
      ledger: ledger.state,
    };
  }
}
