import { expect } from 'chai';
import { ChainVerifier } from './chain-verifier.js';
import { Damage, type DamageKind } from './damage.js';
import { MerkleFrontier } from './merkle/merkle-frontier.js';
import { leafHash } from './merkle/tree-hash.js';
import { LegacyLog, type LegacyVersion } from './testing/index.js';
import type { ChainVerifierOptions, VerificationSummary, VerifiedCommit } from './verification.js';

/** Bits to change: any one damages a record. */
const MASKS = [0x01, 0x20, 0x80];

function legacy(...versions: readonly LegacyVersion[]): LegacyLog {
  const log = new LegacyLog();
  for (const version of versions) log.append(version);
  return log;
}

/** Seq 0 to 3 of both earlier versions; 4 begins a term, 5 and 6 are one commit, 7 begins the next term. */
function upgraded(): LegacyLog {
  return legacy('v1', 'v1', 'v2', 'v2')
    .startTerm('log-1')
    .commit({ text: 'ä🙂' }, { n: 1 })
    .startTerm('log-1');
}

function verify(bytes: Uint8Array, options: ChainVerifierOptions = {}): VerificationSummary {
  const verifier = new ChainVerifier(options);
  verifier.push(bytes);
  return verifier.finish();
}

function expectDamage(
  bytes: Uint8Array,
  kind: DamageKind | readonly DamageKind[],
  seq: number,
  detail = '',
): void {
  let found: unknown;
  try {
    verify(bytes);
  } catch (error) {
    found = error;
  }
  expect(found).to.be.instanceOf(Damage);
  const damage = found as Damage;
  expect(damage.kind, damage.message).to.be.oneOf([kind].flat());
  expect(damage.seq, damage.message).to.equal(seq);
  expect(damage.detail).to.include(detail);
  expect(damage.lastGoodSeq).to.equal(seq === 0 ? undefined : seq - 1);
}

const LOGS: readonly (readonly [what: string, make: () => LegacyLog])[] = [
  ['of the first version alone', () => legacy('v1', 'v1', 'v1', 'v1')],
  ['of the second version alone', () => legacy('v2', 'v2', 'v2', 'v2')],
  ['that went on with terms', upgraded],
];

describe('a log of the earlier versions', () => {
  for (const version of ['v1', 'v2'] as const) {
    it(`verifies when all of it is ${version}, as commits of their own, of epoch 0`, () => {
      const log = legacy(version, version, version);
      const commits: VerifiedCommit[] = [];
      const summary = verify(log.bytes, { onCommit: (commit) => commits.push(commit) });
      expect(summary).to.deep.equal({
        records: 3,
        commits: 3,
        nextSeq: 3,
        headHash: log.headHash,
        epochs: 0,
        epoch: 0,
        writer: undefined,
        epochEnded: false,
        logId: undefined,
        lastTs: undefined,
      });
      expect(commits.map(({ firstSeq, count }) => [firstSeq, count])).to.deep.equal([
        [0, 1],
        [1, 1],
        [2, 1],
      ]);
    });
  }

  it('verifies when it went on with terms, strictly and not', () => {
    const log = upgraded();
    for (const strict of [true, false]) {
      expect(verify(log.bytes, { strict, logId: 'log-1' })).to.deep.include({
        records: 8,
        commits: 7,
        headHash: log.headHash,
        epochs: 2,
        epoch: 2,
        writer: 'w2',
        logId: 'log-1',
      });
    }
  });

  it('verifies from any record on', () => {
    const { lines, headHash } = upgraded();
    for (const fromSeq of [1, 2, 3, 4]) {
      expect(verify(Buffer.concat(lines.slice(fromSeq)), { fromSeq })).to.include({ nextSeq: 8, headHash });
    }
  });

  it('verifies however its bytes are cut', () => {
    const { bytes, headHash } = upgraded();
    for (const size of [1, 7, 160, 1_000]) {
      const verifier = new ChainVerifier();
      for (let at = 0; at < bytes.length; at += size) verifier.push(bytes.subarray(at, at + size));
      expect(verifier.finish()).to.include({ records: 8, headHash });
    }
  });

  it('gives its events as they were written', () => {
    const seen: unknown[] = [];
    verify(legacy('v1', 'v2').bytes, { onRecord: ({ seq, event }) => seen.push([seq, event]) });
    const event = { aggregate_id: 'agents/default/a', type: 'AgentObserved' };
    const payload = { '\ue000': 'grüße 🙂', '🙂': [1e-7, 0.1, 1e22] };
    expect(seen).to.deep.equal([
      [0, { ...event, payload: { ...payload, replicas: 0 }, seq: 0, ts: 1_735_689_600.25 }],
      [
        1,
        { ...event, hash_version: 'v2', payload: { ...payload, replicas: 1 }, seq: 1, ts: 1_735_689_601.25 },
      ],
    ]);
  });

  it('has a Merkle tree like any other', () => {
    const log = upgraded();
    const [one, many] = [new MerkleFrontier(), new MerkleFrontier()];
    for (const line of log.lines) one.append(leafHash(line.subarray(0, -1)));
    many.appendLines(log.bytes);
    expect(many.root().equals(one.root())).to.equal(true);
  });

  for (const [what, make] of LOGS) {
    describe(what, () => {
      it('shows every change of any byte, and names the record', () => {
        const { lines, bytes } = make();
        let offset = 0;
        lines.forEach((line, seq) => {
          for (let at = 0; at < line.length; at++, offset++) {
            if (offset === bytes.length - 1) continue;
            const changed = Buffer.from(bytes);
            changed[offset] = changed[offset]! ^ (MASKS[offset % MASKS.length] ?? 0);
            expectDamage(changed, ['hash_mismatch', 'malformed'], seq);
          }
        });
      });

      it('shows records that are missing, repeated or swapped', () => {
        const { lines } = make();
        for (let seq = 0; seq < lines.length - 1; seq++) {
          expectDamage(Buffer.concat(lines.toSpliced(seq, 1)), 'gap', seq);
          expectDamage(
            Buffer.concat(lines.toSpliced(seq, 2, lines[seq + 1]!, lines[seq]!)),
            'reordered',
            seq,
          );
        }
        lines.forEach((line, seq) => {
          let found: unknown;
          try {
            verify(Buffer.concat(lines.toSpliced(seq, 0, line)));
          } catch (error) {
            found = error;
          }
          expect(found).to.be.instanceOf(Damage).that.includes({ kind: 'duplicate', seq });
        });
      });

      it('shows a record that was replaced, at the one after it', () => {
        const { lines } = make();
        const forged = make().lines;
        forged[1] = new LegacyLog().append('v1').append('v1', { type: 'Forged' }).lines[1]!;
        const isWhole = new LegacyLog().append('v1').lines[0]!.equals(lines[0]!);
        expectDamage(Buffer.concat(forged), 'chain_broken', isWhole ? 2 : 1);
      });

      it('shows that it ends too early, when it is known how far it went', () => {
        const { lines, headHash } = make();
        const verifier = new ChainVerifier();
        verifier.push(Buffer.concat(lines.slice(0, 2)));
        expect(() => verifier.finish({ nextSeq: lines.length, hash: headHash }))
          .to.throw(Damage)
          .that.includes({ kind: 'truncated', seq: 2 });
      });
    });
  }

  it('cannot go on with an earlier version once a term began', () => {
    for (const version of ['v1', 'v2'] as const) {
      expectDamage(upgraded().append(version).bytes, 'epoch_broken', 8);
    }
  });

  it('begins its terms with epoch 1 and its identity', () => {
    expectDamage(legacy('v2').commit({}).bytes, 'epoch_broken', 1);
    const log = legacy('v2').startTerm('log-1').startTerm('log-2');
    expectDamage(log.bytes, 'foreign', 2);
  });

  const unreadable: readonly (readonly [what: string, event: Parameters<LegacyLog['append']>[1]])[] = [
    ['another hash version', { hash_version: 'v9' }],
    ['a hash version that is none', { hash_version: null }],
  ];
  for (const [what, event] of unreadable) {
    it(`is refused where a record has ${what}`, () => {
      expectDamage(legacy('v1').append('v1', event).bytes, 'malformed', 1, 'the hash version');
    });
  }
});
