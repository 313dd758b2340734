import { expect } from 'chai';
import { NoteSigner } from '../note/note-signer.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import { AuditedLog } from '../testing/audited-log.js';
import { type AuditResult, LogAudit } from './log-audit.js';
import { LogPosition, type LogPositionState } from './log-position.js';

const [FIRST, SECOND, THIRD, EVIL] = ['first', 'second', 'third', 'evil'].map((name) =>
  NoteSigner.generate(name),
) as [NoteSigner, NoteSigner, NoteSigner, NoteSigner];

function audit(
  log: AuditedLog,
  trusted: readonly NoteVerifier[],
  checkpoints: readonly string[],
): AuditResult {
  const audited = new LogAudit({ trusted, checkpoints });
  audited.push(log.bytes);
  return audited.finish();
}

/** The sizes at which a signature of `signer` counts in this log, for somebody who trusts `pinned`. */
function trustedSizes(log: AuditedLog, pinned: NoteSigner, signer: NoteSigner): number[] {
  const sizes = [...log.lines.keys()].map((seq) => seq + 1);
  return sizes.filter(
    (size) => audit(log, [pinned.verifier], [log.checkpoint([signer], size)]).signedTo === size,
  );
}

/** All sizes from `first` to `last`. */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe('what a trusted key has signed', () => {
  it('counts whatever name the key was pinned under', () => {
    const log = new AuditedLog().events(3);
    const pinned = FIRST.named('a.laptop').verifier;
    expect(audit(log, [pinned], [log.checkpoint([FIRST])]).signedTo).to.equal(4);
    expect(audit(log, [EVIL.verifier, pinned], [log.checkpoint([FIRST])]).signedTo).to.equal(4);
  });

  it('counts among signatures of others', () => {
    const log = new AuditedLog().events(3);
    expect(audit(log, [FIRST.verifier], [log.checkpoint([EVIL, FIRST, SECOND])]).signedTo).to.equal(4);
  });

  it('is the checkpoint, not another one', () => {
    const log = new AuditedLog().events(3);
    const [head = '', tail = ''] = log.checkpoint([FIRST], 2).split('\n\n');
    const [otherHead = ''] = log.checkpoint([FIRST], 4).split('\n\n');
    expect(audit(log, [FIRST.verifier], [`${head}\n\n${tail}`]).signedTo).to.equal(2);
    const moved = audit(log, [FIRST.verifier], [`${otherHead}\n\n${tail}`]);
    expect(moved.signedTo).to.equal(0);
    expect(moved.untrusted).to.include.deep.members([
      { size: 4, origin: log.origin, signers: [log.origin], reason: 'unknown key' },
    ]);
  });

  it('does not count, and never blocks, when it is of another log', () => {
    const log = new AuditedLog().events(3);
    const other = new AuditedLog('log-2').events(9);
    const result = audit(log, [FIRST.verifier], [other.checkpoint([FIRST])]);
    expect(result.signedTo).to.equal(0);
    expect(result.untrusted).to.deep.equal([
      { size: 10, origin: other.origin, signers: [other.origin], reason: 'another log' },
    ]);
  });

  it('does not count when it was signed under another name than that of the log', () => {
    const log = new AuditedLog().events(3);
    const renamed = FIRST.named('rynxs.log/log-2');
    const forged = log.checkpoint([FIRST]).replace(/— rynxs.log\/log-1 (.*)\n$/, (_, signature: string) => {
      return `— ${renamed.verifier.name} ${signature}\n`;
    });
    expect(audit(log, [FIRST.verifier], [forged])).to.deep.include({ signedTo: 0 });
  });
});

describe('a checkpoint that does not count', () => {
  const log = new AuditedLog().events(3);
  const fork = log.fork(2).events(7);
  const cases: readonly (readonly [what: string, text: string, reason: string])[] = [
    ['unsigned', fork.checkpoint([]), 'unsigned'],
    ['of an unknown key', fork.checkpoint([EVIL]), 'unknown key'],
    ['with a changed signature', fork.checkpoint([FIRST]).replace(/.....\n$/, 'AAA=\n'), 'unreadable'],
    [
      'with a signature of something else',
      resigned(fork.checkpoint([FIRST]), log.checkpoint([FIRST])),
      'unknown key',
    ],
    ['that is empty', '', 'unreadable'],
    ['that is no note', 'rynxs.log/log-1\n9\n', 'unreadable'],
    ['with a root of another length', `${log.origin}\n9\nAAAA\n\n`, 'unreadable'],
    ['with control characters', `${log.origin}\n9\n\u0000\n\n`, 'unreadable'],
  ];
  for (const [what, text, reason] of cases) {
    it(`is reported and blocks nothing: ${what}`, () => {
      const result = audit(log, [FIRST.verifier], [text]);
      expect(result.signedTo).to.equal(0);
      expect(result.untrusted.map((one) => one.reason)).to.deep.equal([reason]);
    });
  }

  function resigned(text: string, other: string): string {
    return text.slice(0, text.indexOf('\n\n')) + other.slice(other.indexOf('\n\n'));
  }
});

describe('keys that a log adds', () => {
  it('count from the record that adds them on, when a trusted key vouches for them', () => {
    const log = new AuditedLog().addKey(FIRST.verifier).events(2).addKey(SECOND.verifier, FIRST).events(2);
    expect(trustedSizes(log, FIRST, SECOND)).to.deep.equal(range(5, 7));
    expect(trustedSizes(log, FIRST, FIRST)).to.deep.equal(range(1, 7));
  });

  it('count through a chain of vouchers, which ends at a key that is pinned', () => {
    const log = new AuditedLog()
      .addKey(FIRST.verifier)
      .addKey(SECOND.verifier, FIRST)
      .addKey(THIRD.verifier, SECOND)
      .events(2);
    expect(trustedSizes(log, FIRST, THIRD)).to.deep.equal(range(4, 6));
    expect(trustedSizes(log, SECOND, THIRD)).to.deep.equal(range(4, 6));
    expect(trustedSizes(log, THIRD, SECOND)).to.deep.equal([]);
    expect(trustedSizes(log, EVIL, THIRD)).to.deep.equal([]);
  });

  it('count by the key that is pinned under another name than the log gives it', () => {
    const log = new AuditedLog().addKey(FIRST.verifier).addKey(SECOND.verifier, FIRST).events(1);
    expect(trustedSizes(log, FIRST.named('a.laptop'), SECOND)).to.deep.equal(range(3, 4));
  });

  it('do not count without a good signature of a trusted key', () => {
    const added = new AuditedLog().addKey(FIRST.verifier);
    const wrong = [
      added.fork(2).addKey(EVIL.verifier),
      added.fork(2).addKey(EVIL.verifier, EVIL),
      added.fork(2).addKey(EVIL.verifier).addKey(EVIL.verifier, EVIL),
      added.fork(2).addKey(EVIL.verifier).addKey(SECOND.verifier, EVIL),
      // Vouched for at another place, or in another log.
      added.fork(2).addKey(EVIL.verifier, FIRST, 9),
      added
        .fork(2)
        .says('KeyAdded', statementIn(new AuditedLog('log-2').events(1).addKey(EVIL.verifier, FIRST))),
      // A statement of another key.
      added.fork(2).says('KeyAdded', {
        ...statementIn(added.fork(2).addKey(SECOND.verifier, FIRST)),
        key: EVIL.verifier.toString(),
      }),
      // A statement of retirement says nothing of adding.
      added.fork(2).says('KeyAdded', statementIn(added.fork(2).retireKey(EVIL.verifier, FIRST))),
    ];
    for (const [index, log] of wrong.entries()) {
      log.events(2);
      expect(trustedSizes(log, FIRST, EVIL), `case ${index}`).to.deep.equal([]);
      expect(trustedSizes(log, FIRST, SECOND), `case ${index}`).to.deep.equal([]);
      expect(trustedSizes(log, FIRST, FIRST).length, `case ${index}`).to.equal(log.nextSeq);
    }
  });

  it('cannot be vouched for by a key that was retired', () => {
    const log = new AuditedLog()
      .addKey(FIRST.verifier)
      .addKey(SECOND.verifier, FIRST)
      .retireKey(FIRST.verifier, SECOND)
      .addKey(EVIL.verifier, FIRST)
      .events(1);
    expect(trustedSizes(log, FIRST, EVIL)).to.deep.equal([]);
  });

  it('cannot be vouched for by a key of the pinned one that is no longer trusted under another name', () => {
    const alias = FIRST.named('alias');
    const log = new AuditedLog()
      .addKey(FIRST.verifier)
      .addKey(alias.verifier, FIRST)
      .retireKey(FIRST.verifier, FIRST)
      .addKey(EVIL.verifier, alias)
      .events(1);
    expect(trustedSizes(log, FIRST, EVIL)).to.deep.equal([]);
    expect(trustedSizes(log, FIRST, FIRST)).to.deep.equal(range(1, 3));
  });
});

describe('keys that a log retires', () => {
  const rotated = (): AuditedLog =>
    new AuditedLog().addKey(FIRST.verifier).events(1).addKey(SECOND.verifier, FIRST).events(1);

  it('do not count after their retirement, but before it', () => {
    for (const by of [FIRST, SECOND]) {
      const log = rotated().retireKey(FIRST.verifier, by).events(2);
      expect(trustedSizes(log, FIRST, FIRST)).to.deep.equal(range(1, 5));
      expect(trustedSizes(log, FIRST, SECOND)).to.deep.equal(range(4, 8));
    }
  });

  it('cannot block the log any more, nor come back', () => {
    const log = rotated().retireKey(FIRST.verifier, SECOND).addKey(FIRST.verifier, SECOND).events(2);
    const forged = log.fork(7).events(5).checkpoint([FIRST]);
    expect(audit(log, [FIRST.verifier], [forged]).untrusted.map(({ reason }) => reason)).to.deep.equal([
      'unknown key',
    ]);
    expect(trustedSizes(log, FIRST, FIRST)).to.deep.equal(range(1, 5));
  });

  it('are retired once: a later retirement lengthens nothing', () => {
    const log = rotated()
      .retireKey(FIRST.verifier, SECOND)
      .events(2)
      .retireKey(FIRST.verifier, SECOND)
      .events(1);
    expect(trustedSizes(log, FIRST, FIRST)).to.deep.equal(range(1, 5));
  });

  it('are retired only by a trusted key: not by one that was added without a voucher', () => {
    const log = rotated().addKey(EVIL.verifier).retireKey(FIRST.verifier, EVIL).events(2);
    expect(trustedSizes(log, FIRST, FIRST)).to.deep.equal(range(1, log.nextSeq));
    const forged = log.fork(2).addKey(EVIL.verifier).retireKey(FIRST.verifier, EVIL).events(6);
    expect(() => audit(forged, [FIRST.verifier], [log.checkpoint([FIRST], 5)])).to.throw('rewritten');
  });

  it('are retired only by a trusted key: not by one that vouched for the pinned one', () => {
    const log = rotated().retireKey(SECOND.verifier, FIRST).events(2);
    expect(trustedSizes(log, SECOND, SECOND)).to.deep.equal(range(1, log.nextSeq));
    expect(trustedSizes(log, FIRST, SECOND)).to.deep.equal(range(4, 5));
  });

  it('are not retired by a statement from another place, so that none can be moved forward', () => {
    const log = rotated().events(4).retireKey(FIRST.verifier, SECOND).events(1);
    const checkpoint = log.checkpoint([FIRST], 8);
    const forged = log
      .fork(4)
      .says('KeyRetired', statementIn(log.fork(10)))
      .events(8);
    expect(trustedSizes(forged, FIRST, FIRST)).to.deep.equal(range(1, forged.nextSeq));
    expect(() => audit(forged, [FIRST.verifier], [checkpoint])).to.throw('rewritten');
  });

  it('show, by a last checkpoint that covers their successor, that a log was cut before it was named', () => {
    const log = rotated();
    const both = log.checkpoint([FIRST, SECOND], 4);
    log.retireKey(FIRST.verifier, SECOND).events(3);
    const checkpoints = [both, log.checkpoint([SECOND])];
    expect(audit(log, [FIRST.verifier], checkpoints).signedTo).to.equal(log.nextSeq);
    for (const size of range(1, 3)) {
      expect(() => audit(log.fork(size), [FIRST.verifier], checkpoints)).to.throw('truncated');
    }
    for (const size of range(4, log.nextSeq - 1)) {
      expect(() => audit(log.fork(size), [FIRST.verifier], checkpoints)).to.throw('truncated');
    }
  });
});

describe('the keys of a log', () => {
  it('outlive a snapshot', () => {
    const log = new AuditedLog()
      .addKey(FIRST.verifier)
      .addKey(SECOND.verifier, FIRST)
      .addKey(THIRD.verifier)
      .retireKey(FIRST.verifier, SECOND);
    const before = new LogAudit();
    before.push(log.bytes);
    before.finish();
    const state = JSON.parse(JSON.stringify(before.position.toState())) as LogPositionState;
    const size = log.nextSeq;
    const late = NoteSigner.generate('late');
    log.addKey(EVIL.verifier, SECOND).addKey(EVIL.verifier, FIRST).retireKey(SECOND.verifier, THIRD);
    log.addKey(late.verifier, FIRST).events(1);
    const audited = new LogAudit({
      position: LogPosition.from(state),
      trusted: [FIRST.verifier],
      checkpoints: [log.checkpoint([EVIL]), log.checkpoint([FIRST])],
    });
    audited.push(Buffer.concat(log.lines.slice(size)));
    expect(audited.finish()).to.include({ signedTo: log.nextSeq });
    const { ledger } = audited.position;
    expect(
      ledger.activeKeys().map(({ vkey, addedAt, vouchedBy }) => [vkey, addedAt, vouchedBy]),
    ).to.deep.equal([
      [SECOND.verifier.toString(), 2, FIRST.verifier.toString()],
      [THIRD.verifier.toString(), 3, null],
      [EVIL.verifier.toString(), 5, SECOND.verifier.toString()],
      [late.verifier.toString(), 8, null],
    ]);
  });
});

/** The payload of a log's last event. */
function statementIn(log: AuditedLog): Record<string, string> {
  const line = log.lines.at(-1)?.toString() ?? '';
  return (JSON.parse(line) as { event: { payload: Record<string, string> } }).event.payload;
}
