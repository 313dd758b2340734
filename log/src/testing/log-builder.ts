import { createHash } from 'node:crypto';
import { canonicalize } from '../canonicalize.js';
import type { Json, JsonMap, LogEvent } from '../event.js';
import { ZERO_HASH } from '../record.js';

/** What an event says, as far as a test cares. */
export interface Draft {
  aggregate?: string;
  type?: string;
  payload?: JsonMap;
  meta?: Partial<LogEvent['meta']>;
  ts?: string;
  seq?: number;
}

/** Builds logs, good ones and ones that break a rule while every hash is right. */
export class LogBuilder {
  readonly lines: Buffer[] = [];
  epoch = 0;
  writer = 'w0';
  hash = ZERO_HASH;
  /** What batch ids begin with. */
  label = 'b';
  #batches = 0;

  get nextSeq(): number {
    return this.lines.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.lines);
  }

  startEpoch(payload: JsonMap = {}): this {
    this.epoch++;
    this.writer = `w${this.epoch}`;
    const started = { epoch: this.epoch, log_id: 'log-1', ...payload };
    return this.commit({ aggregate: 'log', type: 'EpochStarted', payload: started });
  }

  commit(...drafts: Draft[]): this {
    const batch = `${this.label}${++this.#batches}`;
    drafts.forEach((draft, index) => {
      const end = index === drafts.length - 1 ? { end: true as const } : {};
      this.record({ ...draft, meta: { batch, ...end, ...draft.meta } });
    });
    return this;
  }

  /** A record whose event says what the draft says, whatever the rules are. */
  record(draft: Draft): this {
    const seq = draft.seq ?? this.nextSeq;
    const event = {
      aggregate_id: draft.aggregate ?? 'agents/default/a',
      hash_version: 'v3',
      meta: { epoch: this.epoch, trace_id: 't', writer: this.writer, ...draft.meta },
      payload: { v: 1, ...draft.payload },
      seq,
      ts: draft.ts ?? new Date(Date.UTC(2026, 0, 1) + seq).toISOString(),
      type: draft.type ?? 'AgentObserved',
    };
    return this.text(canonicalize(event as unknown as Json));
  }

  /** A record with this text for its event. */
  text(event: string | Buffer): this {
    const bytes = Buffer.from(event);
    const hash = createHash('sha256').update(this.hash).update(bytes).digest('hex');
    const tail = `,"event_hash":"${hash}","prev_hash":"${this.hash}"}\n`;
    this.lines.push(Buffer.concat([Buffer.from('{"event":'), bytes, Buffer.from(tail)]));
    this.hash = hash;
    return this;
  }
}
