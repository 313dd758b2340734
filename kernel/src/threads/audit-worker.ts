import { workerData } from 'node:worker_threads';
import { Damage, LogAudit, LogPosition, NoteVerifier, RolledBack, type VerifiedCommit } from '@rynxs/log';
import {
  type AuditAnswer,
  type AuditEnd,
  type AuditTerms,
  damageMessage,
  SETTLE,
  type VerifiedRun,
} from './audit-messages.js';
import { takeSlots } from './take-slots.js';

// The thread of an AuditThread: verifies what it is given, and says what it found when it is told to.

const { position, trusted, isChainOnly, tellsRuns, ...known } = workerData as AuditTerms;
let run: VerifiedRun | undefined;
const audit = new LogAudit({
  ...known,
  position: LogPosition.from(position),
  trusted: trusted.map((key) => NoteVerifier.parse(key)),
  ...(isChainOnly ? { tree: 'none', strict: false } : {}),
  ...(tellsRuns ? { onCommit: join } : {}),
});
let isDamaged = false;

const answer = takeSlots<AuditAnswer>({
  take: (lines) => {
    if (!isDamaged) unlessDamaged(() => audit.push(lines));
  },
  told: (message) => {
    if (message === SETTLE) answer({ settled: true });
    else if (!isDamaged) unlessDamaged(() => answer({ end: end() }));
  },
});

function unlessDamaged(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    isDamaged = true;
    tellRun();
    answer({ damage: damageMessage(error) });
    return;
  }
  tellRun();
}

function tellRun(): void {
  if (run === undefined) return;
  answer({ run });
  run = undefined;
}

function positionNow(): Pick<AuditEnd, 'position'> {
  return isChainOnly ? {} : { position: audit.position.toState() };
}

function join(commit: VerifiedCommit): void {
  if (run === undefined) {
    run = { ...commit, commits: 1 };
    return;
  }
  const { firstSeq, offset, count, bytes, commits } = run;
  const { headHash } = commit;
  run = {
    firstSeq,
    offset,
    count: count + commit.count,
    bytes: bytes + commit.bytes,
    commits: commits + 1,
    headHash,
  };
}

/** That the log was rolled back is a result: whoever accepts the loss goes on with what is there. */
function end(): AuditEnd {
  try {
    const { signedTo, summary } = audit.finish();
    return { ...positionNow(), signedTo, summary };
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
    return { ...positionNow(), signedTo: 0, rolledBack: damageMessage(error) };
  }
}
