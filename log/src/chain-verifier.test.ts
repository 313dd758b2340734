import { expect } from 'chai';
import fc from 'fast-check';
import { ChainVerifier } from './chain-verifier.js';
import { encodeCommit } from './commit.js';
import { Damage, type DamageKind } from './damage.js';
import type { JsonMap, LogEvent } from './event.js';
import { MAX_BATCH_RECORDS } from './limits.js';
import { recordParts, ZERO_HASH } from './record.js';
import { LogBuilder } from './testing/log-builder.js';
import type { ChainVerifierOptions, VerificationSummary, VerifiedCommit } from './verification.js';

/** Seq 0 to 9: a commit of 1, of 3, of 1, of 1 (epoch 2), of 4. */
function sampleLog(): LogBuilder {
  return new LogBuilder()
    .startEpoch()
    .commit({}, { payload: { text: 'ä🙂"\\\n' } }, {})
    .commit({})
    .startEpoch()
    .commit({}, {}, {}, {});
}

function verify(bytes: Uint8Array, options: ChainVerifierOptions = {}): VerificationSummary {
  const verifier = new ChainVerifier(options);
  verifier.push(bytes);
  return verifier.finish();
}

function damageOf(bytes: Uint8Array, options: ChainVerifierOptions = {}): Damage {
  try {
    verify(bytes, options);
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
  return expect.fail('the damage was not found');
}

function expectDamage(bytes: Uint8Array, kind: DamageKind, seq: number, detail: RegExp = /./): void {
  const damage = damageOf(bytes);
  expect({ kind: damage.kind, seq: damage.seq }, damage.message).to.deep.equal({ kind, seq });
  expect(damage.detail).to.match(detail);
}

describe('ChainVerifier', () => {
  describe('on a good log', () => {
    it('tells how far it goes', () => {
      const log = sampleLog();
      expect(verify(log.bytes)).to.deep.equal({
        records: 10,
        commits: 5,
        nextSeq: 10,
        headHash: log.hash,
        epochs: 2,
        epoch: 2,
        writer: 'w2',
        epochEnded: false,
        logId: 'log-1',
        lastTs: '2026-01-01T00:00:00.009Z',
      });
    });

    it('finds nothing in an empty one', () => {
      expect(verify(new Uint8Array(0))).to.include({ records: 0, nextSeq: 0, headHash: ZERO_HASH, epoch: 0 });
    });

    it('says the same however the bytes are cut', () => {
      const { bytes } = sampleLog();
      const seen = (cuts: readonly number[]): unknown => {
        const records: unknown[] = [];
        const commits: VerifiedCommit[] = [];
        const verifier = new ChainVerifier({
          onRecord: ({ seq, hash, prevHash, offset, line, event }) =>
            records.push({ seq, hash, prevHash, offset, line: Buffer.from(line).toString(), event }),
          onCommit: (commit) => commits.push(commit),
        });
        let from = 0;
        for (const to of [...cuts, bytes.length]) {
          // The memory of a chunk is used again, as a reader's buffer is.
          const chunk = Buffer.from(bytes.subarray(from, to));
          verifier.push(chunk);
          chunk.fill(0x78);
          from = to;
        }
        return { records, commits, summary: verifier.finish() };
      };
      const whole = seen([]);
      const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 30 });
      fc.assert(
        fc.property(cuts, (at) => {
          expect(seen(at.sort((a, b) => a - b))).to.deep.equal(whole);
        }),
      );
      expect(seen(Array.from(bytes.keys()))).to.deep.equal(whole);
    });

    it('gives each record and each commit, at their offsets', () => {
      const log = sampleLog();
      const { bytes } = log;
      const commits: VerifiedCommit[] = [];
      let records = 0;
      verify(bytes, {
        onRecord: ({ seq, offset, line, event, hash }) => {
          expect(Buffer.concat([line, Buffer.from('\n')]).equals(log.lines[seq]!)).to.equal(true);
          expect(bytes.subarray(offset, offset + line.length).equals(line)).to.equal(true);
          expect(event.seq).to.equal(records++);
          expect(hash).to.equal(recordParts(line)?.hash);
        },
        onCommit: (commit) => commits.push(commit),
      });
      expect(records).to.equal(10);
      expect(commits.map(({ firstSeq, count }) => [firstSeq, count])).to.deep.equal([
        [0, 1],
        [1, 3],
        [4, 1],
        [5, 1],
        [6, 4],
      ]);
      expect(commits.reduce((sum, commit) => sum + commit.bytes, 0)).to.equal(bytes.length);
      expect(commits.at(-1)?.headHash).to.equal(log.hash);
    });

    it('gives only the records that are asked for, by their bytes', () => {
      const { bytes } = sampleLog();
      const seen: number[] = [];
      verify(bytes, {
        onRecord: ({ seq }) => seen.push(seq),
        selects: (text, start, end) => Buffer.from(text.subarray(start, end)).includes('"seq":4,'),
      });
      expect(seen).to.deep.equal([4]);
    });

    it('gives no record of a commit before its end was seen', () => {
      const { lines } = sampleLog();
      const seen: number[] = [];
      const verifier = new ChainVerifier({ onRecord: ({ seq }) => seen.push(seq) });
      for (const line of lines.slice(0, 3)) verifier.push(line);
      expect(seen).to.deep.equal([0]);
      verifier.push(lines[3]!);
      expect(seen).to.deep.equal([0, 1, 2, 3]);
    });

    it('goes on from a known point', () => {
      const log = sampleLog();
      const rest = Buffer.concat(log.lines.slice(4));
      const prevHash = recordParts(log.lines[3]!)?.hash ?? '';
      const summary = verify(rest, { fromSeq: 4, prevHash });
      expect(summary).to.include({ records: 6, nextSeq: 10, headHash: log.hash, epochs: 1, epoch: 2 });
      const damage = damageOf(rest, { fromSeq: 4, prevHash: ZERO_HASH });
      expect(damage).to.include({ kind: 'chain_broken', seq: 4, lastGoodSeq: 3 });
    });

    it('begins in the middle with the commit that holds the number asked for', () => {
      const log = sampleLog();
      for (const fromSeq of [1, 2, 3]) {
        expect(verify(Buffer.concat(log.lines.slice(1)), { fromSeq })).to.include({
          records: 9,
          headHash: log.hash,
        });
      }
      expect(verify(log.bytes, { fromSeq: 3 })).to.include({ records: 10, epochs: 2 });
      const late = damageOf(Buffer.concat(log.lines.slice(4)), { fromSeq: 3 });
      expect(late).to.include({ kind: 'gap', seq: 3, lastGoodSeq: undefined });
      expect(damageOf(Buffer.concat([log.lines[4]!, log.lines[6]!]), { fromSeq: 4 })).to.include({
        kind: 'gap',
        seq: 5,
      });
    });

    it('trusts no first record at seq 0', () => {
      const forged = Object.assign(new LogBuilder(), { hash: 'a'.repeat(64) })
        .startEpoch()
        .commit({}, {}, {});
      expect(damageOf(forged.bytes, { fromSeq: 2 })).to.include({ kind: 'chain_broken', seq: 0 });
      const late = Object.assign(new LogBuilder(), { epoch: 4 }).startEpoch().commit({}, {}, {});
      expect(damageOf(late.bytes, { fromSeq: 2 })).to.include({ kind: 'epoch_broken', seq: 0 });
    });

    it('tells of an unfinished commit and of part of a line, which are no damage', () => {
      const { lines, bytes } = sampleLog();
      for (const cut of [lines[9]!.length, lines[9]!.length + 5, 1, bytes.length - lines[0]!.length]) {
        const left = bytes.subarray(0, bytes.length - cut);
        const whole = [0, 1, 4, 5, 6, 10].findLast(
          (seq) => Buffer.concat(lines.slice(0, seq)).length <= left.length,
        )!;
        const { unfinished, nextSeq, records } = verify(left);
        expect({ nextSeq, records }, `${cut} bytes cut off`).to.deep.equal({
          nextSeq: whole,
          records: whole,
        });
        const bytesLeft = left.length - Buffer.concat(lines.slice(0, whole)).length;
        expect(unfinished).to.deep.equal(bytesLeft > 0 ? { seq: whole, bytes: bytesLeft } : undefined);
      }
    });

    it('accepts records of the earlier versions as commits of their own, and the first term after them', () => {
      const log = new LogBuilder();
      log.text('{"data": {"b":1,"a":2},"seq":0,"ts":"2024-01-01T00:00:00Z"}');
      log.text('{"a":1,"hash_version":"v2","seq":1}');
      log.startEpoch().commit({}, {});
      for (const strict of [true, false]) {
        expect(verify(log.bytes, { strict })).to.include({
          records: 5,
          commits: 4,
          epochs: 1,
          headHash: log.hash,
        });
      }
      expectDamage(new LogBuilder().text('{"seq":0}').text('{"seq":2}').bytes, 'gap', 1);
      expectDamage(new LogBuilder().startEpoch().text('{"seq":1}').bytes, 'epoch_broken', 1);
      expectDamage(
        new LogBuilder()
          .text('{"seq":0}')
          .startEpoch()
          .record({ meta: { batch: 'x' } })
          .text('{"seq":3}').bytes,
        'commit_broken',
        3,
      );
    });

    it('accepts a term after one that was ended', () => {
      const log = new LogBuilder().startEpoch().commit({ type: 'EpochEnded' }).startEpoch().commit({}, {});
      expect(verify(log.bytes)).to.include({ records: 5, epochs: 2, epochEnded: false });
      expect(verify(log.commit({ type: 'EpochEnded' }).bytes)).to.include({ epoch: 2, epochEnded: true });
    });

    it('accepts a later term without log_id', () => {
      const log = new LogBuilder().startEpoch();
      log.epoch = 2;
      log.commit({ type: 'EpochStarted', payload: { epoch: 2 } });
      expect(verify(log.bytes)).to.include({ epochs: 2, logId: 'log-1' });
    });

    it('keeps a bounded memory for a line that never ends', () => {
      const verifier = new ChainVerifier();
      const push = (): void => {
        for (let chunk = 0; chunk < 100; chunk++) verifier.push(Buffer.alloc(1_000, 'x'));
      };
      expect(push).to.throw(Damage).that.includes({ kind: 'too_large', seq: 0 });
      const log = new LogBuilder().startEpoch().commit({ payload: { text: 'x'.repeat(65_500) } });
      const damage = damageOf(log.bytes);
      expect(damage).to.include({ kind: 'too_large', seq: 1, offset: log.lines[0]!.length });
    });
  });

  describe('on a log that somebody changed', () => {
    it('finds every change of any byte, and names the record', () => {
      const { lines, bytes } = sampleLog();
      const starts = lines.map((_, index) => Buffer.concat(lines.slice(0, index)).length);
      for (let offset = 0; offset < bytes.length; offset++) {
        for (const mask of [0x01, 0x80]) {
          const changed = Buffer.from(bytes);
          changed[offset] = changed[offset]! ^ mask;
          const seq = starts.findLastIndex((start) => start <= offset);
          const isLastLf = offset === bytes.length - 1;
          if (isLastLf) {
            expect(verify(changed).unfinished, 'the last line end').to.include({ seq: 6 });
            continue;
          }
          const damage = damageOf(changed);
          expect(damage.seq, `${damage.message} at byte ${offset}`).to.equal(seq);
          expect(damage.kind).to.be.oneOf(['hash_mismatch', 'malformed', 'too_large']);
          expect(damage.lastGoodSeq).to.equal(seq === 0 ? undefined : seq - 1);
          expect(damage.offset).to.equal(starts[seq]);
        }
      }
    });

    it('calls a deleted record a gap', () => {
      const { lines } = sampleLog();
      for (let seq = 0; seq < 9; seq++) {
        expectDamage(
          Buffer.concat(lines.toSpliced(seq, 1)),
          'gap',
          seq,
          new RegExp(`seq ${seq} is missing before seq ${seq + 1}`),
        );
      }
      expectDamage(Buffer.concat(lines.toSpliced(2, 3)), 'gap', 2, /seq 2 to 4 are missing before seq 5/);
    });

    it('calls swapped and moved records reordered', () => {
      const { lines } = sampleLog();
      for (let seq = 0; seq < 9; seq++) {
        const swapped = lines.toSpliced(seq, 2, lines[seq + 1]!, lines[seq]!);
        expectDamage(Buffer.concat(swapped), 'reordered', seq, /stands 1 records too late/);
      }
      expectDamage(
        Buffer.concat([...lines.toSpliced(2, 1), lines[2]!]),
        'reordered',
        2,
        /stands 7 records too late/,
      );
    });

    it('calls a repeated record a duplicate', () => {
      const { lines } = sampleLog();
      for (let seq = 0; seq < 10; seq++) {
        for (let at = seq + 1; at <= 10; at++) {
          const seen =
            at === 10
              ? damageOf(Buffer.concat([...lines, lines[seq]!]))
              : damageOf(Buffer.concat(lines.toSpliced(at, 0, lines[seq]!)));
          expect(seen, `seq ${seq} again at ${at}`).to.include({ kind: 'duplicate', seq });
        }
      }
    });

    it('calls an inserted record a duplicate of the one whose number it took', () => {
      const log = new LogBuilder().startEpoch();
      const forged = new LogBuilder().startEpoch().commit({ payload: { forged: true } });
      log.commit({}).commit({});
      expectDamage(
        Buffer.concat([log.lines[0]!, forged.lines[1]!, log.lines[1]!, log.lines[2]!]),
        'duplicate',
        1,
      );
    });

    it('calls a replaced record a broken chain at the one after', () => {
      const log = sampleLog();
      const other = new LogBuilder().startEpoch().commit({}, { payload: { forged: true } }, {});
      expectDamage(
        Buffer.concat(log.lines.toSpliced(2, 1, other.lines[2]!)),
        'chain_broken',
        3,
        /another record than seq 2/,
      );
    });

    it('calls rewritten hashes that do not fit a mismatch', () => {
      const log = sampleLog();
      const line = Buffer.from(log.lines[3]!.toString().replace(/"prev_hash":"./, '"prev_hash":"'));
      expectDamage(Buffer.concat(log.lines.toSpliced(3, 1, line)), 'malformed', 3);
      const upper = Buffer.from(
        log.lines[3]!.toString().replace(
          /"event_hash":"[^"]*"/,
          (text) => `"event_hash":"${text.slice(14, -1).toUpperCase()}"`,
        ),
      );
      expectDamage(Buffer.concat(log.lines.toSpliced(3, 1, upper)), 'hash_mismatch', 3);
    });

    it('calls a log that ends early truncated, when it is known how far it went', () => {
      const log = sampleLog();
      const verifier = new ChainVerifier();
      verifier.push(Buffer.concat(log.lines.slice(0, 5)));
      const finish = (): unknown => verifier.finish({ nextSeq: 10, hash: log.hash });
      expect(finish).to.throw(Damage).that.includes({ kind: 'truncated', seq: 5, lastGoodSeq: 4 });
      const other = new ChainVerifier();
      other.push(log.bytes);
      expect(() => other.finish({ nextSeq: 10, hash: ZERO_HASH }))
        .to.throw(Damage)
        .that.includes({ kind: 'chain_broken', seq: 9 });
      const same = new ChainVerifier();
      same.push(log.bytes);
      expect(same.finish({ nextSeq: 10, hash: log.hash }).records).to.equal(10);
      expect(new ChainVerifier().finish({ nextSeq: 0, hash: undefined }).records).to.equal(0);
    });

    it('finds any splice of two logs, or their lines in any order, unless it is one of them from the start', () => {
      const [log, other] = [
        sampleLog(),
        new LogBuilder().startEpoch({ log_id: 'log-2' }).commit({}, {}, {}).commit({}),
      ];
      const pool = [...log.lines, ...other.lines];
      fc.assert(
        fc.property(fc.array(fc.nat({ max: pool.length - 1 }), { minLength: 1, maxLength: 12 }), (picks) => {
          const isPrefix =
            picks.every((pick, index) => pick === index) ||
            picks.every((pick, index) => pick === index + log.lines.length);
          const bytes = Buffer.concat(picks.map((pick) => pool[pick]!));
          if (isPrefix) verify(bytes);
          else damageOf(bytes);
        }),
        { numRuns: 500 },
      );
    });

    it('throws the same damage again', () => {
      const { lines } = sampleLog();
      const verifier = new ChainVerifier();
      const first = (): void => verifier.push(Buffer.concat([lines[0]!, lines[0]!]));
      expect(first).to.throw(Damage);
      expect(() => verifier.push(lines[1]!)).to.throw(Damage, 'duplicate');
      expect(() => verifier.finish()).to.throw(Damage, 'duplicate');
    });

    it('gives up the search for a missing record after a while', () => {
      const log = new LogBuilder().startEpoch();
      for (let seq = 1; seq < 10_100; seq++) log.commit({});
      const verifier = new ChainVerifier();
      const push = (): void => verifier.push(Buffer.concat(log.lines.toSpliced(5, 1)));
      expect(push).to.throw(Damage).that.includes({ kind: 'gap', seq: 5 });
    });
  });

  describe('on a log whose writer broke the rules, with every hash right', () => {
    const started = (): LogBuilder => new LogBuilder().startEpoch();
    const open = { batch: 'x' };
    const plainEvent = started().commit({}).lines[1]!.toString().slice(9, -161);
    const cases: readonly (readonly [what: string, kind: DamageKind, seq: number, log: LogBuilder])[] = [
      [
        'no EpochStarted at seq 0',
        'epoch_broken',
        0,
        Object.assign(new LogBuilder(), { epoch: 1 }).commit({}),
      ],
      ['epoch 0', 'epoch_broken', 0, new LogBuilder().commit({})],
      [
        'epoch 0 of a nameless writer',
        'epoch_broken',
        0,
        Object.assign(new LogBuilder(), { writer: '' }).commit({}),
      ],
      [
        'a first epoch that is not 1',
        'epoch_broken',
        0,
        Object.assign(new LogBuilder(), { epoch: 1 }).startEpoch(),
      ],
      ['an epoch that is left out', 'epoch_broken', 1, Object.assign(started(), { epoch: 2 }).startEpoch()],
      ['an epoch that begins twice', 'epoch_broken', 1, Object.assign(started(), { epoch: 0 }).startEpoch()],
      ['a higher epoch without EpochStarted', 'epoch_broken', 1, started().commit({ meta: { epoch: 2 } })],
      [
        'a lower epoch',
        'epoch_broken',
        2,
        started()
          .startEpoch()
          .commit({ meta: { epoch: 1, writer: 'w1' } }),
      ],
      ['a payload with another epoch', 'epoch_broken', 1, started().startEpoch({ epoch: 3 })],
      [
        'EpochStarted within a commit',
        'epoch_broken',
        2,
        started()
          .record({ meta: open })
          .record({ type: 'EpochStarted', meta: { ...open, epoch: 2, end: true }, payload: { epoch: 2 } }),
      ],
      ['two writers of an epoch', 'epoch_broken', 1, started().commit({ meta: { writer: 'other' } })],
      [
        'a term for another holder than its writer',
        'epoch_broken',
        0,
        new LogBuilder().startEpoch({ holder: 'w2' }),
      ],
      ['a holder that is no name', 'epoch_broken', 0, new LogBuilder().startEpoch({ holder: null })],
      ['a record after EpochEnded', 'epoch_broken', 2, started().commit({ type: 'EpochEnded' }).commit({})],
      [
        'a record after EpochEnded in its commit',
        'epoch_broken',
        2,
        started().commit({ type: 'EpochEnded' }, {}),
      ],
      ['another batch before the end', 'commit_broken', 2, started().record({ meta: open }).commit({})],
      [
        'records after the end with the same batch',
        'commit_broken',
        2,
        started()
          .record({ meta: { ...open, end: true } })
          .record({ meta: { ...open, end: true } }),
      ],
      [
        'too many records',
        'commit_broken',
        1 + MAX_BATCH_RECORDS,
        started().commit(...Array.from({ length: MAX_BATCH_RECORDS + 1 }, () => ({}))),
      ],
      [
        'too many bytes',
        'commit_broken',
        18,
        started().commit(...Array.from({ length: 20 }, () => ({ payload: { text: 'x'.repeat(60_000) } }))),
      ],
      ['a time before the last', 'time_reversed', 1, started().commit({ ts: '2025-12-31T23:59:59.999Z' })],
      ['another log_id', 'foreign', 1, started().startEpoch({ log_id: 'log-2' })],
      ['no log_id in the first term', 'malformed', 0, started2()],
      ['a repeated number', 'duplicate', 0, started().commit({ seq: 0 })],
      ['a number too high', 'gap', 1, started().commit({ seq: 2 })],
      ['no payload version', 'malformed', 1, started().commit({ payload: { v: 'x' } })],
      ['a time of another form', 'malformed', 1, started().commit({ ts: '2026-01-01T00:00:00Z' })],
      ['an impossible time', 'malformed', 1, started().commit({ ts: '2026-13-01T00:00:00.000Z' })],
      ['an unknown hash version', 'malformed', 1, started().text('{"hash_version":"v4","seq":1}')],
      ['an event that is no object', 'malformed', 1, started().text('[1]')],
      ['an event that is no JSON', 'malformed', 1, started().text('{"seq":1')],
      [
        'an event that is no UTF-8',
        'malformed',
        1,
        started().text(Buffer.from('{"seq":1,"x":"\xff"}', 'latin1')),
      ],
      ['a legacy event without a number', 'malformed', 1, started().text('{"x":1}')],
      [
        'text that is no UTF-8',
        'malformed',
        1,
        started().text(Buffer.from(plainEvent.replace('Agent', 'Ag\xe9nt'), 'latin1')),
      ],
      [
        'a number with a leading zero',
        'malformed',
        1,
        started().text(plainEvent.replace('"seq":1', '"seq":01')),
      ],
      ['a blank after the event', 'not_canonical', 1, started().text(`${plainEvent} `)],
      ['a bracket after the event', 'malformed', 1, started().text(`${plainEvent}}`)],
      ['more in the event', 'malformed', 1, started().text(plainEvent.replace(/\}$/, ',"z":1}'))],
      ['an end that is false', 'malformed', 1, started().commit({ meta: { end: false as unknown as true } })],
      ['a fraction for an epoch', 'malformed', 1, started().commit({ meta: { epoch: 1.5 } })],
      ['more in meta', 'malformed', 1, started().commit({ meta: { more: 1 } as object })],
      ['a number beyond the last', 'malformed', 1, started().commit({ seq: 10_000_000_000 })],
    ];
    for (const [what, kind, seq, log] of cases) {
      it(`finds ${what}`, () => {
        expectDamage(log.bytes, kind, seq);
      });
    }

    const told: readonly (readonly [what: string, detail: string, log: LogBuilder])[] = [
      [
        'both writers of an epoch',
        'seq 2 is of epoch 1 by "other" in epoch 1 of "w1" (from seq 0 on): two writers in one epoch',
        started()
          .commit({})
          .commit({ meta: { writer: 'other' } }),
      ],
      [
        'who comes back after a term has begun',
        'seq 2 is of epoch 1 by "w1" in epoch 2 of "w2" (from seq 1 on): no EpochStarted opens it, or its writer was fenced',
        started()
          .startEpoch()
          .commit({ meta: { epoch: 1, writer: 'w1' } }),
      ],
      [
        'who writes after the end of a term',
        'seq 2 is of epoch 1 by "w1" after the EpochEnded of epoch 1 of "w1" (from seq 0 on)',
        started().commit({ type: 'EpochEnded' }).commit({}),
      ],
      [
        'who leaves an epoch out',
        'EpochStarted: seq 1 is of epoch 3 by "w3" after epoch 1 of "w1" (from seq 0 on); epochs rise by 1',
        Object.assign(started(), { epoch: 2 }).startEpoch(),
      ],
      [
        'who begins an epoch again',
        'EpochStarted: seq 2 is of epoch 1 by "w1" after epoch 2 of "w2" (from seq 1 on); epochs rise by 1',
        Object.assign(started().startEpoch(), { epoch: 0 }).startEpoch(),
      ],
      [
        'a holder that did not write',
        'EpochStarted: seq 1 is of epoch 2 by "w2", and names "w1" as the holder of its epoch',
        started().startEpoch({ holder: 'w1' }),
      ],
    ];
    for (const [what, detail, log] of told) {
      it(`names ${what}`, () => {
        expect(damageOf(log.bytes).detail).to.equal(detail);
      });
    }

    it('names no more of a writer than a message holds', () => {
      const log = started().commit({ meta: { writer: 'x'.repeat(10_000) } });
      expect(damageOf(log.bytes).detail).to.have.length.below(500);
    });

    const canonical = sampleLog().lines[2]!.toString().slice(9, -161);
    const uncanonical: readonly (readonly [what: string, text: string])[] = [
      ['a blank', canonical.replace(',"seq"', ', "seq"')],
      ['an escape that is not needed', canonical.replace('AgentObserved', '\\u0041gentObserved')],
      ['a short escape that was not used', canonical.replace('\\n', '\\u000a')],
      [
        'keys in another order',
        canonical.replace('"trace_id":"t","writer":"w1"', '"writer":"w1","trace_id":"t"'),
      ],
      [
        'keys of the payload in another order',
        canonical.replace(/"payload":\{("text":.*?),"v":1\}/, '"payload":{"v":1,$1}'),
      ],
      ['a number with an exponent', canonical.replace('"v":1', '"v":1e0')],
    ];
    for (const [what, text] of uncanonical) {
      it(`finds ${what}, only when strict`, () => {
        expect(text).not.to.equal(canonical);
        const log = new LogBuilder().startEpoch();
        log
          .record({ meta: { batch: 'b2' }, seq: 1 })
          .text(text)
          .record({ meta: { batch: 'b2', end: true } });
        expectDamage(log.bytes, 'not_canonical', 2);
        expect(verify(log.bytes, { strict: false })).to.include({ records: 4, headHash: log.hash });
      });
    }

    it('finds a term whose payload cannot be read, also without being strict', () => {
      const first = started().lines[0]!.toString().slice(9, -161);
      for (const payload of ['{"epoch":1,}', '1', '{"epoch":1,"log_id":"\xe9","v":1}']) {
        const text = Buffer.from(first.replace(/"payload":\{.*?\}/, `"payload":${payload}`), 'latin1');
        for (const strict of [true, false]) {
          const damage = damageOf(new LogBuilder().text(text).bytes, { strict });
          expect(damage, payload).to.include({ kind: 'malformed', seq: 0 });
        }
      }
    });

    it('says which log it should have been', () => {
      expect(damageOf(sampleLog().bytes, { logId: 'log-9' })).to.include({ kind: 'foreign', seq: 0 });
      expect(verify(sampleLog().bytes, { logId: 'log-1' }).logId).to.equal('log-1');
    });

    it('finds the same without being strict, but for what is in payloads', () => {
      for (const [what, kind, seq, log] of cases) {
        if (what === 'no payload version' || kind === 'not_canonical') continue;
        expect(damageOf(log.bytes, { strict: false }), what).to.include({ kind, seq });
      }
    });

    function started2(): LogBuilder {
      return Object.assign(new LogBuilder(), { epoch: 1, writer: 'w1' }).commit({
        type: 'EpochStarted',
        payload: { epoch: 1 },
      });
    }
  });

  it('verifies what encodeCommit makes of any payloads', () => {
    const payload = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 }));
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 8 }), (payloads) => {
        const log = new LogBuilder().startEpoch();
        const events = payloads.map((values, index): LogEvent => {
          const end = index === payloads.length - 1 ? { end: true as const } : {};
          return {
            aggregate_id: 'a',
            hash_version: 'v3',
            meta: { batch: 'x', ...end, epoch: 1, trace_id: '', writer: 'w1' },
            payload: { ...(values as JsonMap), v: 1 },
            seq: 1 + index,
            ts: '2026-01-01T00:00:00.001Z',
            type: 'X',
          };
        });
        const commit = encodeCommit(events, log.hash);
        const summary = verify(Buffer.concat([log.bytes, commit.bytes]));
        expect(summary).to.include({ records: 1 + payloads.length, headHash: commit.headHash });
      }),
    );
  });
});
