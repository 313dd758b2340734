import { workerData } from 'node:worker_threads';
import { Damage, LogAudit, LogPosition, NoteVerifier, RolledBack } from '@rynxs/log';
import { type AuditAnswer, type AuditEnd, type AuditTerms, damageMessage, SETTLE } from './audit-messages.js';
import { takeSlots } from './take-slots.js';

// The thread of an AuditThread: verifies what it is given, and says what it found when it is told to.

const { position, trusted, ...known } = workerData as AuditTerms;
const audit = new LogAudit({
  ...known,
  position: LogPosition.from(position),
  trusted: trusted.map((key) => NoteVerifier.parse(key)),
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
    answer({ damage: damageMessage(error) });
  }
}

/** That the log was rolled back is a result: whoever accepts the loss goes on with what is there. */
function end(): AuditEnd {
  try {
    const { signedTo } = audit.finish();
    return { position: audit.position.toState(), signedTo };
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
    return { position: audit.position.toState(), signedTo: 0, rolledBack: damageMessage(error) };
  }
}
