import { createHash } from 'node:crypto';
import { encodeCommit } from '../commit.js';
import type { JsonMap, LogEvent } from '../event.js';
import { ZERO_HASH } from '../record.js';
import { type PythonJson, pythonJson } from './python-json.js';

const AGENT = 'agents/default/a';

/** Hash version of a legacy record: the first one left `hash_version` out of its events. */
export type LegacyVersion = 'v1' | 'v2';

/** What a legacy event says besides its number and its hash version. */
export type LegacyEvent = { readonly [key: string]: PythonJson };

/**
 * Makes logs as the earlier versions wrote them, record by record, and goes on with terms of hash version 3, as a log
 * does that was upgraded.
 */
export class LegacyLog {
  /** Each with its LF. */
  readonly lines: Buffer[] = [];
  #headHash = ZERO_HASH;
  #epoch = 0;

  get bytes(): Buffer {
    return Buffer.concat(this.lines);
  }

  /** Hash of the last record; ZERO_HASH when there is none. */
  get headHash(): string {
    return this.#headHash;
  }

  get nextSeq(): number {
    return this.lines.length;
  }

  /** Appends a legacy record, which is a commit of its own. */
  append(version: LegacyVersion, event: LegacyEvent = {}): this {
    const versioned = version === 'v2' ? { ...event, hash_version: 'v2' } : event;
    const text = pythonJson({ ...sampleEvent(this.nextSeq), ...versioned, seq: this.nextSeq });
    const hash = createHash('sha256').update(this.#headHash).update(text).digest('hex');
    this.lines.push(
      Buffer.from(`{"event":${text},"event_hash":"${hash}","prev_hash":"${this.#headHash}"}\n`),
    );
    this.#headHash = hash;
    return this;
  }

  /** Begins the next term of hash version 3; the first one gives the log its identity. */
  startTerm(logId: string): this {
    this.#epoch++;
    return this.#commit('log', 'EpochStarted', [{ epoch: this.#epoch, log_id: logId }]);
  }

  /** Appends a commit of hash version 3 to the term, an event for each payload. */
  commit(...payloads: readonly JsonMap[]): this {
    return this.#commit(AGENT, 'AgentObserved', payloads);
  }

  #commit(aggregate: string, type: string, payloads: readonly JsonMap[]): this {
    const firstSeq = this.nextSeq;
    const events = payloads.map((payload, index): LogEvent => {
      const end = index === payloads.length - 1 ? { end: true as const } : {};
      const batch = `b${firstSeq}`;
      return {
        aggregate_id: aggregate,
        hash_version: 'v3',
        meta: { batch, ...end, epoch: this.#epoch, trace_id: 't', writer: `w${this.#epoch}` },
        payload: { v: 1, ...payload },
        seq: firstSeq + index,
        ts: new Date(Date.UTC(2026, 0, 1) + firstSeq).toISOString(),
        type,
      };
    });
    const { bytes, headHash } = encodeCommit(events, this.#headHash);
    for (const line of bytes.toString('utf8').split('\n').slice(0, -1))
      this.lines.push(Buffer.from(`${line}\n`));
    this.#headHash = headHash;
    return this;
  }
}

/** Has what makes Python's text differ from RFC 8785: text outside ASCII, keys beyond the BMP, and floats. */
function sampleEvent(seq: number): LegacyEvent {
  return {
    aggregate_id: AGENT,
    payload: { '\ue000': 'grüße 🙂', '🙂': [1e-7, 0.1, 1e22], replicas: seq },
    ts: 1_735_689_600.25 + seq,
    type: 'AgentObserved',
  };
}
