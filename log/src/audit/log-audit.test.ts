import { expect } from 'chai';
import fc from 'fast-check';
import { NoteSigner } from '../note/note-signer.js';
import { AuditedLog } from '../testing/audited-log.js';
import type { VerifiedCommit, VerifiedLine } from '../verification.js';
import { type AuditResult, LogAudit, type LogAuditOptions } from './log-audit.js';
import { LogPosition, type LogPositionState } from './log-position.js';
import { RootRecorder } from './root-recorder.js';

const KEY = NoteSigner.generate('key-1');
const OTHER = NoteSigner.generate('key-2');

/** Seq 0 to 11: terms at 0 and 6, a commit of 3 at 2, a key at 5, an adopted tail at 7, a probe and a recovery. */
function sampleLog(): AuditedLog {
  const log = new AuditedLog().commit({}).commit({}, {}, {}).addKey(KEY.verifier).term();
  const adopted = { from: 3, to: 5, root: log.root(6).toString('base64') };
  return log
    .says('TailAdopted', adopted)
    .says('StoreProbed', { target: 's3://x', racers: 32, winners: 1 })
    .says('LogRecovered', { lost_from: 9, lost_to: 20, old_checkpoint: '', reason: 'a test' })
    .commit({}, {});
}

function audit(bytes: Uint8Array, options: LogAuditOptions = {}): AuditResult {
  const audited = new LogAudit(options);
  audited.push(bytes);
  return audited.finish();
}

/** Pushes the bytes cut at these offsets, each chunk in memory that is used again. */
function pushCut(audited: LogAudit, bytes: Buffer, cuts: readonly number[]): void {
  let from = 0;
  for (const to of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(from, to));
    audited.push(chunk);
    chunk.fill(0x78);
    from = to;
  }
}

describe('LogAudit', () => {
  it('tells the root at the end, and how far a trusted key and an anchor cover the log', () => {
    const log = sampleLog();
    const result = audit(log.bytes, {
      trusted: [KEY.verifier],
      checkpoints: [log.checkpoint([KEY], 3), log.checkpoint([KEY], 9), log.checkpoint([OTHER], 12)],
      anchors: [log.checkpoint([], 11), log.checkpoint([OTHER], 2)],
    });
    expect(result.summary).to.include({ records: 12, headHash: log.hash, logId: 'log-1', epochs: 2 });
    expect(result.root?.equals(log.root())).to.equal(true);
    expect(result).to.include({ signedTo: 9, anchoredTo: 11 });
    expect(result.untrusted).to.deep.equal([
      { size: 12, origin: log.origin, signers: [log.origin], reason: 'unknown key' },
    ]);
  });

  it('has no root to show for what is known of an empty log', () => {
    const empty = audit(Buffer.alloc(0), { trusted: [KEY.verifier] });
    expect(empty).to.include({ signedTo: 0, anchoredTo: 0 });
    expect(empty.root?.equals(new AuditedLog().root(0))).to.equal(true);
  });

  it('says the same however the bytes are cut', () => {
    const log = sampleLog();
    const options = {
      trusted: [KEY.verifier],
      checkpoints: [1, 5, 6, 12].map((n) => log.checkpoint([KEY], n)),
    };
    const whole = audit(log.bytes, options);
    expect(whole.signedTo).to.equal(12);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: log.bytes.length }), { maxLength: 40 }), (cuts) => {
        const audited = new LogAudit(options);
        pushCut(audited, log.bytes, cuts);
        expect(audited.finish()).to.deep.equal(whole);
      }),
    );
  });

  it('gives each record and commit to whoever asks, as the chain verifier does', () => {
    const log = sampleLog();
    const records: number[] = [];
    const commits: number[] = [];
    audit(log.bytes, {
      onRecord: ({ seq }: VerifiedLine) => records.push(seq),
      onCommit: ({ firstSeq }: VerifiedCommit) => commits.push(firstSeq),
    });
    expect(records).to.deep.equal([...log.lines.keys()]);
    expect(commits).to.deep.equal([0, 1, 2, 5, 6, 7, 8, 9, 10]);
  });

  it('checks the identity that is asked for', () => {
    expect(() => audit(sampleLog().bytes, { logId: 'log-2' })).to.throw('foreign');
  });

  it('leaves an unfinished commit out, and its records out of the tree', () => {
    const log = sampleLog();
    for (const missing of [1, log.lines[11]!.length, log.lines[11]!.length + 7]) {
      const result = audit(log.bytes.subarray(0, -missing), {
        trusted: [KEY.verifier],
        checkpoints: [log.checkpoint([KEY], 10)],
      });
      expect(result.summary).to.include({ records: 10 });
      expect(result.summary.unfinished).to.include({ seq: 10 });
      expect(result.root?.equals(log.root(10))).to.equal(true);
      expect(result.signedTo).to.equal(10);
    }
  });

  it('covers records of the earlier versions, from before the log had a name', () => {
    const log = new AuditedLog();
    log.lines.length = 0;
    Object.assign(log, { hash: '0'.repeat(64), epoch: 0 });
    log.text('{"aggregate_id":"log","payload":null,"seq":0,"type":"TailAdopted"}');
    log.text('{"aggregate_id":"log","hash_version":"v2","seq":1,"type":"EpochStarted"}');
    log.term().events(2);
    const checkpoints = [1, 2, 3, 5].map((size) => log.checkpoint([KEY], size));
    expect(audit(log.bytes, { trusted: [KEY.verifier], checkpoints })).to.include({ signedTo: 5 });
    const changed = Buffer.concat([
      Buffer.from(log.bytes.toString().replace('"payload":null', '"payload":true')),
    ]);
    expect(() => audit(changed)).to.throw('seq 0: hash_mismatch');
  });

  describe('without a tree of its own', () => {
    it('gives a sink the committed lines, and the sizes in time to record their roots', () => {
      const log = sampleLog();
      const options = {
        trusted: [KEY.verifier],
        checkpoints: [0, 1, 4, 6, 11].map((size) => log.checkpoint([KEY], size)),
        anchors: [log.checkpoint([], 12)],
      };
      const inline = audit(log.bytes, options);
      fc.assert(
        fc.property(fc.array(fc.nat({ max: log.bytes.length }), { maxLength: 12 }), (cuts) => {
          const recorder = new RootRecorder();
          const audited = new LogAudit({
            ...options,
            tree: (lines, sizes) => {
              for (const size of sizes) {
                expect(size).to.be.at.least(recorder.frontier.size);
                recorder.want(size);
              }
              recorder.appendLines(lines);
            },
          });
          pushCut(audited, log.bytes, cuts);
          expect(audited.finish(recorder.roots())).to.deep.equal(inline);
        }),
      );
    });

    it('believes the roots that the sink gives', () => {
      const log = sampleLog();
      const recorder = new RootRecorder();
      const audited = new LogAudit({
        trusted: [KEY.verifier],
        checkpoints: [log.checkpoint([KEY], 4)],
        tree: (lines) => recorder.appendLines(lines),
      });
      audited.push(log.bytes);
      const roots = new Map(recorder.roots()).set(4, log.root(3));
      expect(() => audited.finish(roots)).to.throw('rewritten');
    });

    it('compares no root without any tree, but still finds that records are missing', () => {
      const log = sampleLog();
      const checkpoints = [log.fork(3).events(2).checkpoint([KEY])];
      const options: LogAuditOptions = { trusted: [KEY.verifier], tree: 'none' };
      const result = audit(log.bytes, { ...options, checkpoints });
      expect(result).to.include({ root: undefined, signedTo: 0 });
      const missing = { ...options, checkpoints: [log.checkpoint([KEY])] };
      expect(() => audit(log.fork(9).bytes, missing)).to.throw('truncated');
    });
  });

  describe('from a position', () => {
    /** What is known of the first commits, as it is kept in a snapshot. */
    function stateAt(log: AuditedLog, size: number): LogPositionState {
      const audited = new LogAudit();
      audited.push(log.fork(size).bytes);
      audited.finish();
      return JSON.parse(JSON.stringify(audited.position.toState())) as LogPositionState;
    }

    it('goes on at every commit as if it had never stopped', () => {
      const log = sampleLog();
      const checkpoints = [log.checkpoint([KEY], 11), log.checkpoint([KEY], 12)];
      const options = { trusted: [KEY.verifier], checkpoints };
      const whole = new LogAudit(options);
      whole.push(log.bytes);
      const { root, signedTo, summary } = whole.finish();
      for (const size of [1, 2, 5, 6, 7, 8, 9, 10]) {
        const position = LogPosition.from(stateAt(log, size));
        expect(position.toState(), `at ${size}`).to.deep.equal(stateAt(log, size));
        const audited = new LogAudit({ ...options, position });
        pushCut(audited, Buffer.concat(log.lines.slice(size)), [1, 100, 900]);
        const rest = audited.finish();
        expect(rest.root).to.deep.equal(root);
        expect(rest.signedTo).to.equal(signedTo);
        expect(rest.summary).to.include({ nextSeq: 12, headHash: log.hash, logId: 'log-1' });
        expect(rest.summary.lastTs).to.equal(summary.lastTs);
        expect(audited.position.toState()).to.deep.equal(whole.position.toState());
      }
    });

    it('moves with whole commits only', () => {
      const log = sampleLog();
      const audited = new LogAudit();
      for (const [seq, line] of log.lines.entries()) {
        audited.push(line);
        const committed = seq >= 2 && seq < 4 ? 2 : seq === 10 ? 10 : seq + 1;
        expect(audited.position.size, `after seq ${seq}`).to.equal(committed);
        expect(audited.position.frontier.size).to.equal(committed);
        expect(audited.position.frontier.root().equals(log.root(committed))).to.equal(true);
      }
    });

    it('holds the next records to the term that it stands in', () => {
      const log = sampleLog();
      const forged = Object.assign(log.fork(6), { writer: 'another writer' }).events(1);
      const position = LogPosition.from(stateAt(log, 6));
      const push = (): void => new LogAudit({ position }).push(forged.lines[6]!);
      expect(push).to.throw('seq 6: epoch_broken');
    });

    it('lets nothing follow in a term that has ended', () => {
      const log = new AuditedLog().says('EpochEnded', { epoch: 1 });
      const position = LogPosition.from(stateAt(log, 2));
      const push = (): void => new LogAudit({ position }).push(log.events(1).lines[2]!);
      expect(push).to.throw('seq 2: epoch_broken');
    });

    it('compares what it knows: the root where it begins, and all from there on', () => {
      const log = sampleLog();
      const position = (): LogPosition => LogPosition.from(stateAt(log, 6));
      const rest = Buffer.concat(log.lines.slice(6));
      const trusted = [KEY.verifier];
      const below = audit(rest, { position: position(), trusted, checkpoints: [log.checkpoint([KEY], 5)] });
      expect(below.signedTo).to.equal(0);
      const at = audit(rest, { position: position(), trusted, checkpoints: [log.checkpoint([KEY], 6)] });
      expect(at.signedTo).to.equal(6);
      const known = { size: 6, root: log.fork(3).events(3).root(), source: 'another snapshot' };
      expect(() => audit(rest, { position: position(), known: [known] })).to.throw(
        'another snapshot does not fit',
      );
    });

    it('refuses a state that does not fit together', () => {
      const state = stateAt(sampleLog(), 7);
      expect(() => LogPosition.from({ ...state, size: 8 })).to.throw(RangeError);
      expect(() => LogPosition.from({ ...state, frontier: state.frontier.toReversed() })).to.throw(
        RangeError,
        'does not fold',
      );
      expect(() => LogPosition.from({ ...state, root: stateAt(sampleLog(), 6).root })).to.throw(
        'does not fold',
      );
      expect(() => LogPosition.from({ ...state, frontier: [] })).to.throw(RangeError);
    });
  });
});
