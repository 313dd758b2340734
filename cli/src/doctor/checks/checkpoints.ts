import { newestCheckpoints } from '@rynxs/kernel';
import { type CheckpointNote, NoteError, type NoteVerifier, parseCheckpointNote } from '@rynxs/log';
import { readCommits } from '../../log-reading/read-records.js';
import { formatAge, formatCount, formatNumber } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok, warning } from '../finding.js';
import type { Installation } from '../installation.js';

/**
 * While a log is written there is a checkpoint every minute (docs/EVENT_LOG.md, "Checkpoints"), and each attempt has half a
 * minute: what is not covered after that and another half has been missed.
 */
const OVERDUE_MS = 120_000;

const MISSED_REMEDY =
  'Look for "checkpoint" in the operator’s log, and at rynxs_checkpoint_last_success_timestamp_seconds; when no operator runs, the next one makes it.';
const UNTRUSTED_REMEDY =
  'Add the key that signed them to LOG_TRUSTED_KEYS (`rynxs keys show` prints it), or name it in LOG_PREVIOUS_SIGNING_KEY_FILE when keys were changed.';

/** Whether the newest checkpoint is signed by a trusted key, and covers all but the newest records. */
export const checkpointsCheck: Check = {
  name: 'checkpoints',
  parts: [
    async (installation, signal) => {
      const { store, head } = await installation.knownLog();
      const { trusted } = await installation.keys().catch(() => ({ trusted: [] }));
      const notes = (await newestCheckpoints(store, head.nextSeq, trusted, signal)).flatMap(({ text }) =>
        parsed(text),
      );
      const counted = notes.filter((note) => isTrusted(note, trusted));
      // More may have come since the log was looked at first.
      const { nextSeq } = await store.head(signal);
      const newest = counted.find(({ size }) => size <= nextSeq);
      const findings: Finding[] = [];
      if (notes.length > 0 && counted.length === 0) {
        const text = `none of the ${notes.length} newest checkpoints is signed by a key that is trusted here`;
        findings.push(failed(text, UNTRUSTED_REMEDY));
      }
      if (trusted.length > 0 && counted.some(({ size }) => size > nextSeq)) {
        const beyond = Math.max(...counted.map(({ size }) => size));
        findings.push(
          failed(
            `the log has been rolled back: a trusted checkpoint is of ${formatCount(beyond, 'record')}, and there are ${formatNumber(nextSeq)}`,
            '`rynxs log verify` says what is missing. Restore the log from a good copy before an operator is started on it.',
          ),
        );
      }
      if (findings.length > 0) return findings;
      return [await judgeCover(installation, newest, nextSeq, trusted, signal)];
    },
  ],
};

async function judgeCover(
  installation: Installation,
  newest: CheckpointNote | undefined,
  nextSeq: number,
  trusted: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<Finding> {
  const covered = newest?.size ?? 0;
  const waitingMs = covered === nextSeq ? 0 : await ageOf(installation, covered, signal);
  const cover = `the newest checkpoint covers ${formatNumber(covered)} of ${formatCount(nextSeq, 'record')}`;
  const text = newest === undefined ? `there is no checkpoint of ${formatCount(nextSeq, 'record')}` : cover;
  if (waitingMs > OVERDUE_MS) {
    return warning(
      `${text}, and the first that is not covered is ${formatAge(waitingMs)} old`,
      MISSED_REMEDY,
    );
  }
  if (newest === undefined) return ok(`${text}: the first one comes within a minute`);
  const isSigned = newest.note.signatures.length > 0;
  return ok(
    `${cover}, and is ${trusted.length > 0 ? 'signed by a trusted key' : isSigned ? 'signed' : 'not signed'}`,
  );
}

/** How long ago a record was written, in milliseconds. */
async function ageOf(installation: Installation, seq: number, signal: AbortSignal): Promise<number> {
  const { store } = await installation.knownLog();
  for await (const { records } of readCommits(store, seq, signal)) {
    const record = records.find(({ event }) => event.seq >= seq);
    if (record !== undefined) return Date.now() - Date.parse(record.event.ts);
  }
  return 0;
}

/** Where no key is trusted, any checkpoint counts. */
function isTrusted({ origin, note }: CheckpointNote, trusted: readonly NoteVerifier[]): boolean {
  return trusted.length === 0 || trusted.some((key) => key.verifyAs(origin, note));
}

function parsed(text: string): readonly CheckpointNote[] {
  try {
    return [parseCheckpointNote(text)];
  } catch (error) {
    if (error instanceof NoteError) return [];
    throw error;
  }
}
