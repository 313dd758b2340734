import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalize } from './canonicalize.js';
import { encodeCommit } from './commit.js';
import type { Json, LogEvent } from './event.js';
import { MAX_BATCH_BYTES, MAX_RECORD_BYTES, MAX_SEQ } from './limits.js';
import {
  parseRecord,
  RECORD_HEAD_BYTES,
  RECORD_TAIL_BYTES,
  RecordTooLargeError,
  recordParts,
  ZERO_HASH,
} from './record.js';
import { encodeRecord } from './record-encoder.js';

function eventAt(seq: number, changes: Partial<LogEvent> = {}): LogEvent {
  return {
    aggregate_id: 'agents/default/my-agent',
    hash_version: 'v3',
    meta: { batch: 'b1', end: true, epoch: 1, trace_id: 't1', writer: 'w1' },
    payload: { v: 1, text: 'grüße 🙂' },
    seq,
    ts: '2026-01-02T03:04:05.678Z',
    type: 'AgentObserved',
    ...changes,
  };
}

function withoutEnd(event: LogEvent): LogEvent {
  const { end: _end, ...meta } = event.meta;
  return { ...event, meta };
}

describe('a record', () => {
  it('has exactly the bytes that the format says', () => {
    const { line, hash } = encodeRecord(eventAt(0), ZERO_HASH);
    const event =
      '{"aggregate_id":"agents/default/my-agent","hash_version":"v3",' +
      '"meta":{"batch":"b1","end":true,"epoch":1,"trace_id":"t1","writer":"w1"},' +
      '"payload":{"text":"grüße 🙂","v":1},"seq":0,"ts":"2026-01-02T03:04:05.678Z","type":"AgentObserved"}';
    expect(hash).to.equal(createHash('sha256').update(ZERO_HASH).update(event, 'utf8').digest('hex'));
    expect(line.toString('utf8')).to.equal(
      `{"event":${event},"event_hash":"${hash}","prev_hash":"${ZERO_HASH}"}\n`,
    );
  });

  it('keeps this hash for ever', () => {
    expect(encodeRecord(eventAt(0), ZERO_HASH).hash).to.equal(
      'fa1c6cb54959ab6bd37ac9c5c34068575d444b24ebda212b6479826c23f8b837',
    );
  });

  it('has a head and a tail of fixed length around its event', () => {
    const { line } = encodeRecord(eventAt(7), ZERO_HASH);
    const event = line.subarray(RECORD_HEAD_BYTES, line.length - 1 - RECORD_TAIL_BYTES);
    expect(event.toString('utf8')).to.equal(canonicalize(eventAt(7) as unknown as Json));
  });

  it('is what JSON.parse reads, too', () => {
    const { line, hash } = encodeRecord(eventAt(7), 'a'.repeat(64));
    expect(JSON.parse(line.toString())).to.deep.equal({
      event: eventAt(7),
      event_hash: hash,
      prev_hash: 'a'.repeat(64),
    });
  });

  it('reads back as it was, from bytes or text, with its LF or without', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(), (values, seq) => {
        const payload = { ...(values as { [key: string]: Json }), v: 1 };
        const event = JSON.parse(JSON.stringify(eventAt(seq, { payload }))) as LogEvent;
        const { line, hash } = encodeRecord(event, ZERO_HASH);
        for (const form of [line, line.subarray(0, -1), line.toString('utf8'), Uint8Array.from(line)]) {
          expect(parseRecord(form)).to.deep.equal({ event, hash });
        }
      }),
    );
  });

  it('falls into three parts that share its memory', () => {
    const { line, hash } = encodeRecord(eventAt(7), 'a'.repeat(64));
    const parts = recordParts(line);
    expect(parts).to.include({ hash, prevHash: 'a'.repeat(64) });
    expect(parts?.event.buffer).to.equal(line.buffer);
    expect(recordParts(line.subarray(0, 169))).to.equal(undefined);
    expect(() => parseRecord('{}')).to.throw(SyntaxError);
  });

  it('may be as large as MAX_RECORD_BYTES without its LF, counted in bytes', () => {
    for (const character of ['x', 'é', '€', '🙂']) {
      const size = Buffer.byteLength(character);
      const empty = encodeRecord(eventAt(0, { payload: { v: 1, text: '' } }), ZERO_HASH).line.length - 1;
      const room = MAX_RECORD_BYTES - empty;
      const text = character.repeat(Math.floor(room / size)) + 'x'.repeat(room % size);
      expect(encodeRecord(eventAt(0, { payload: { v: 1, text } }), ZERO_HASH).line).to.have.length(
        MAX_RECORD_BYTES + 1,
      );
      expect(() => encodeRecord(eventAt(0, { payload: { v: 1, text: `${text}x` } }), ZERO_HASH))
        .to.throw(RecordTooLargeError)
        .that.includes({ bytes: MAX_RECORD_BYTES + 1, limitBytes: MAX_RECORD_BYTES });
    }
  });

  it('has a number from 0 to MAX_SEQ', () => {
    expect(parseRecord(encodeRecord(eventAt(MAX_SEQ), ZERO_HASH).line).event.seq).to.equal(9_999_999_999);
    for (const seq of [-1, MAX_SEQ + 1, 0.5, Number.NaN]) {
      expect(() => encodeRecord(eventAt(seq), ZERO_HASH), String(seq)).to.throw(RangeError);
    }
  });
});

describe('a commit', () => {
  it('is the lines of its records, chained', () => {
    const events = [withoutEnd(eventAt(3)), withoutEnd(eventAt(4)), eventAt(5)];
    const commit = encodeCommit(events, 'b'.repeat(64));
    let prevHash = 'b'.repeat(64);
    const lines = events.map((event) => {
      const { line, hash } = encodeRecord(event, prevHash);
      prevHash = hash;
      return line;
    });
    expect(commit).to.deep.equal({ firstSeq: 3, count: 3, bytes: Buffer.concat(lines), headHash: prevHash });
  });

  const meta = eventAt(0).meta;
  const broken: readonly (readonly [what: string, events: readonly LogEvent[]])[] = [
    ['no records', []],
    [
      'too many records',
      Array.from({ length: 1_001 }, (_, seq) => (seq < 1_000 ? withoutEnd(eventAt(seq)) : eventAt(seq))),
    ],
    ['a gap', [withoutEnd(eventAt(3)), eventAt(5)]],
    ['no end', [withoutEnd(eventAt(3))]],
    ['an end before the last record', [eventAt(3), eventAt(4)]],
    ['two batch ids', [withoutEnd(eventAt(3)), eventAt(4, { meta: { ...meta, batch: 'b2' } })]],
    ['two epochs', [withoutEnd(eventAt(3)), eventAt(4, { meta: { ...meta, epoch: 2 } })]],
    ['two writers', [withoutEnd(eventAt(3)), eventAt(4, { meta: { ...meta, writer: 'w2' } })]],
  ];
  for (const [what, events] of broken) {
    it(`refuses ${what}`, () => {
      expect(() => encodeCommit(events, ZERO_HASH)).to.throw(RangeError);
    });
  }

  it('refuses more than MAX_BATCH_BYTES', () => {
    const payload = { v: 1, text: 'x'.repeat(60_000) };
    const of = (count: number): LogEvent[] =>
      Array.from({ length: count }, (_, seq) => {
        const event = eventAt(seq, { payload });
        return seq < count - 1 ? withoutEnd(event) : event;
      });
    expect(encodeCommit(of(17), ZERO_HASH).bytes.length).to.be.lessThan(MAX_BATCH_BYTES);
    expect(() => encodeCommit(of(18), ZERO_HASH)).to.throw(RangeError, String(MAX_BATCH_BYTES));
  });
});
