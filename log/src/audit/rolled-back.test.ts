import { expect } from 'chai';
import { Damage } from '../damage.js';
import { NoteSigner } from '../note/note-signer.js';
import { AuditedLog } from '../testing/audited-log.js';
import { type AuditResult, LogAudit, type LogAuditOptions } from './log-audit.js';
import { RolledBack } from './rolled-back.js';

const KEY = NoteSigner.generate('key');
const EVIL = NoteSigner.generate('evil');

function audit(log: AuditedLog, options: LogAuditOptions): AuditResult {
  const audited = new LogAudit({ trusted: [KEY.verifier], ...options });
  audited.push(log.bytes);
  return audited.finish();
}

function rolledBack(log: AuditedLog, options: LogAuditOptions): RolledBack {
  try {
    audit(log, options);
  } catch (error) {
    if (error instanceof RolledBack) return error;
    throw error;
  }
  return expect.fail('nothing was found');
}

/** 21 records, with signed checkpoints of 5, 10, 15 and 20. */
function sample(): { readonly log: AuditedLog; readonly checkpoints: readonly string[] } {
  const log = new AuditedLog().events(20);
  return { log, checkpoints: [15, 5, 20, 10].map((size) => log.checkpoint([KEY], size)) };
}

describe('a log that is shorter than a trusted checkpoint', () => {
  it('is truncated at its end, wherever it was cut between two commits', () => {
    const { log, checkpoints } = sample();
    for (let size = 1; size < 20; size++) {
      const damage = rolledBack(log.fork(size), { checkpoints });
      expect(damage).to.include({ kind: 'truncated', seq: size, lastGoodSeq: size - 1, knownSize: 20 });
      expect(damage.lastTs).to.equal(new Date(Date.UTC(2026, 0, 1) + size - 1).toISOString());
      expect(damage.checkpoint).to.equal(checkpoints[2]);
      const missing = size === 19 ? 'seq 19 is missing' : `seq ${size} to 19 are missing`;
      expect(damage.detail).to.equal(`the signed checkpoint of 20 records shows that ${missing}`);
    }
  });

  it('is truncated also when nothing is left of it', () => {
    const { checkpoints } = sample();
    const empty = Object.assign(new AuditedLog(), { lines: [] });
    const damage = rolledBack(empty, { checkpoints });
    expect(damage).to.include({ kind: 'truncated', seq: 0, lastGoodSeq: undefined, lastTs: undefined });
  });

  it('is not, when what was cut off is not signed', () => {
    const { log, checkpoints } = sample();
    expect(audit(log.fork(20), { checkpoints })).to.include({ signedTo: 20 });
    const unsigned = { checkpoints: [log.checkpoint([], 21), log.checkpoint([EVIL], 21)] };
    expect(audit(log.fork(3), unsigned)).to.include({ signedTo: 0 });
    expect(audit(log.fork(3), { trusted: [], checkpoints })).to.include({ signedTo: 0 });
  });

  it('is truncated by an anchor, whoever signed that', () => {
    const { log } = sample();
    for (const signers of [[], [EVIL], [KEY]]) {
      const anchors = [log.checkpoint(signers, 12)];
      const damage = rolledBack(log.fork(11), { anchors, trusted: [] });
      expect(damage).to.include({ kind: 'truncated', seq: 11, knownSize: 12, checkpoint: anchors[0] });
      expect(damage.detail).to.match(/^the anchor of 12 records/);
      expect(audit(log.fork(12), { anchors, trusted: [] })).to.include({ anchoredTo: 12, signedTo: 0 });
    }
  });
});

describe('a log that is another one than a trusted checkpoint covers', () => {
  it('is rewritten between the last checkpoint that agrees and the first that does not', () => {
    const { log, checkpoints } = sample();
    for (let from = 1; from <= 20; from++) {
      const forged = log.fork(from).events(30 - from, { forged: true });
      if (from === 20) {
        expect(audit(forged, { checkpoints })).to.include({ signedTo: 20 });
        continue;
      }
      const damage = rolledBack(forged, { checkpoints });
      const agreed = from - (from % 5);
      expect(damage, `from ${from}`).to.include({
        kind: 'rewritten',
        seq: agreed,
        lastGoodSeq: agreed === 0 ? undefined : agreed - 1,
        knownSize: 20,
        checkpoint: log.checkpoint([KEY], agreed + 5),
      });
      expect(damage.detail).to.include(`from seq ${agreed} to ${agreed + 4}`);
    }
  });

  it('is rewritten rather than truncated, when it is both', () => {
    const { log, checkpoints } = sample();
    const damage = rolledBack(log.fork(7).events(6), { checkpoints });
    expect(damage).to.include({ kind: 'rewritten', seq: 5, knownSize: 20 });
  });

  it('is rewritten by an anchor, and by a root that is known', () => {
    const { log } = sample();
    const forged = log.fork(8).events(9);
    expect(rolledBack(forged, { anchors: [log.checkpoint([], 9)] })).to.include({
      kind: 'rewritten',
      seq: 0,
    });
    expect(audit(log, { anchors: [log.checkpoint([], 9)] })).to.include({ anchoredTo: 9 });
    const known = [
      { size: 8, root: log.root(8), source: 'the snapshot' },
      { size: 12, root: log.root(12), source: 'the snapshot' },
    ];
    expect(rolledBack(forged, { known })).to.include({ kind: 'rewritten', seq: 8, checkpoint: undefined });
  });

  it('is foreign, when an anchor names another log', () => {
    const { log } = sample();
    const other = new AuditedLog('log-2').events(20);
    const swapped = (): unknown => audit(other, { anchors: [log.checkpoint([KEY], 5)] });
    expect(swapped).to.throw(Damage).that.includes({ kind: 'foreign', seq: 0, lastGoodSeq: undefined });
  });
});

describe('a tail that a term has adopted', () => {
  const adopting = (root: Buffer): AuditedLog =>
    new AuditedLog()
      .events(9)
      .term()
      .says('TailAdopted', { from: 3, to: 9, root: root.toString('base64') })
      .events(3);

  it('convicts a log in which it is another one', () => {
    const { log } = sample();
    expect(audit(adopting(log.root(10)), {})).to.include({ signedTo: 0 });
    const damage = rolledBack(adopting(log.root(9)), {});
    expect(damage).to.include({ kind: 'rewritten', seq: 0, checkpoint: undefined });
    expect(damage.detail).to.include('TailAdopted at seq 11 does not fit');
  });

  it('acquits nobody: whoever rewrites a log writes a good one', () => {
    const honest = new AuditedLog().events(20);
    const log = honest.fork(4).events(6, { forged: true }).term();
    log.says('TailAdopted', { from: 5, to: 9, root: log.root(10).toString('base64') }).events(9);
    const damage = rolledBack(log, {
      checkpoints: [honest.checkpoint([KEY], 3), honest.checkpoint([KEY], 15)],
    });
    expect(damage).to.include({ kind: 'rewritten', seq: 3 });
  });

  it('says nothing when it claims what cannot be', () => {
    for (const claim of [
      { to: 11, root: '' },
      { to: 1e9, root: '' },
      { to: -1, root: '' },
      { to: 8.5, root: '' },
      { to: '9', root: '' },
      { root: '' },
      { to: 9 },
      { to: 9, root: 9 },
    ]) {
      const log = new AuditedLog()
        .events(9)
        .term()
        .says('TailAdopted', { from: 3, ...claim })
        .events(1);
      expect(audit(log, {}), JSON.stringify(claim)).to.include({ signedTo: 0 });
    }
  });
});

describe('a loss that was accepted', () => {
  /** A log of 8 records that was one of 21, and then says that it is. */
  function recovered(changes: object = {}): AuditedLog {
    const said = { lost_from: 8, lost_to: 20, old_checkpoint: 'x', reason: 'a test', ...changes };
    return sample().log.fork(8).term().says('LogRecovered', said).events(4);
  }

  it('excuses what is missing or otherwise, once a trusted checkpoint covers the record of it', () => {
    const log = recovered();
    const before = [...sample().checkpoints, sample().log.checkpoint([KEY], 21)];
    for (let size = 11; size <= log.nextSeq; size++) {
      const result = audit(log, { checkpoints: [...before, log.checkpoint([KEY], size)] });
      expect(result, `signed to ${size}`).to.include({ signedTo: size });
    }
    expect(audit(log.events(30), { checkpoints: [...before, log.checkpoint([KEY], 12)] }).signedTo).to.equal(
      12,
    );
  });

  it('excuses nothing before that', () => {
    const { checkpoints } = sample();
    for (const more of [
      [],
      [recovered().checkpoint([KEY], 5)],
      [recovered().checkpoint([KEY], 9)],
      [recovered().checkpoint([EVIL])],
      [recovered().checkpoint([])],
    ]) {
      const damage = rolledBack(recovered(), { checkpoints: [...checkpoints, ...more] });
      expect(damage).to.include({ kind: 'rewritten', knownSize: 20 });
    }
    const anchors = [recovered().checkpoint([], 12)];
    expect(rolledBack(recovered(), { checkpoints, anchors })).to.include({ kind: 'rewritten' });
  });

  it('excuses what it names, nothing before and nothing after', () => {
    const { log: old } = sample();
    const log = recovered({ lost_from: 8, lost_to: 13 }).events(20);
    const signed = log.checkpoint([KEY], 20);
    for (let size = 1; size <= 21; size++) {
      const options = { checkpoints: [signed, old.checkpoint([KEY], size)] };
      if (size <= 14) expect(audit(log, options), `${size}`).to.include({ signedTo: 20 });
      else expect(rolledBack(log, options), `${size}`).to.include({ kind: 'rewritten', knownSize: size });
    }
    const forged = log.fork(6).events(30);
    const below = { checkpoints: [forged.checkpoint([KEY], 20), old.checkpoint([KEY], 7)] };
    expect(rolledBack(forged, below)).to.include({ kind: 'rewritten', seq: 0 });
  });

  it('does not excuse what lies before the loss', () => {
    const { log: old } = sample();
    const log = old.fork(7).events(1, { forged: true }).term();
    log.says('LogRecovered', { lost_from: 8, lost_to: 20, old_checkpoint: 'x', reason: '' }).events(4);
    const checkpoints = [old.checkpoint([KEY], 8), log.checkpoint([KEY])];
    expect(rolledBack(log, { checkpoints })).to.include({ kind: 'rewritten', seq: 0 });
  });

  it('does not satisfy an anchor, which is put right when the loss is accepted', () => {
    const log = recovered();
    const checkpoints = [log.checkpoint([KEY])];
    const anchors = [sample().log.checkpoint([KEY], 12)];
    expect(rolledBack(log, { checkpoints, anchors })).to.include({ kind: 'rewritten', seq: 0 });
  });

  it('is on the record for whoever asks; what is not as it should be is not', () => {
    const said = { lost_from: 8, lost_to: 20, old_checkpoint: 'x', reason: 'a test' };
    const log = recovered();
    for (const wrong of [
      { lost_from: '8' },
      { lost_to: null },
      { lost_from: -1 },
      { lost_to: 1.5 },
      { lost_to: 1e300 },
      { reason: 7 },
    ]) {
      log.says('LogRecovered', { ...said, ...wrong });
    }
    const audited = new LogAudit();
    audited.push(log.bytes);
    expect(audited.position.ledger.state.recoveries).to.deep.equal([
      { seq: 9, lostFrom: 8, lostTo: 20, reason: 'a test' },
    ]);
  });
});
