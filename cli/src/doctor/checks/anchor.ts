import { ConfigMapAnchor, type EventStore } from '@rynxs/kernel';
import { type CheckpointNote, NoteError, type NoteVerifier, parseCheckpointNote } from '@rynxs/log';
import { formatCount, formatNumber } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok, skipped, warning } from '../finding.js';
import type { Installation } from '../installation.js';
import { NotLooked } from '../not-looked.js';

const ROLLED_BACK =
  'Do not start an operator on it: `rynxs log verify --anchor` says what is missing. Restore the log from a good copy, or accept the loss on the record: `rynxs log recover --accept-loss --reason TEXT`.';

/** What is compared with an anchor. */
export interface AnchoredLog {
  readonly logId: string;
  /** How many records there are; read after the anchor, so that it cannot be less but by loss. */
  readonly size: number;
  /** The checkpoints beside the log that have the anchor's size: several where a branch was given up. */
  readonly checkpoints: readonly CheckpointNote[];
  readonly trusted: readonly NoteVerifier[];
}

/** Whether the anchor can be read, and the log has reached at least as far as it says, by the same root. */
export const anchorCheck: Check = {
  name: 'anchor',
  parts: [
    async (installation, signal) => {
      const { settings } = await installation.knownKernel();
      if (settings.anchor === 'none') {
        return [
          skipped('LOG_ANCHOR is none: a log that is rolled back together with its store is not noticed'),
        ];
      }
      const connection = await installation.knownConnection();
      const anchor = new ConfigMapAnchor(connection, settings.namespace, settings.shard);
      const anchored = await anchor.read(signal);
      const log = await knownIdentity(installation);
      if (typeof log === 'string') {
        const count = formatCount(anchored.size, 'log');
        return [
          skipped(`${anchor.location} is readable, with the anchors of ${count}; not compared: ${log}`),
        ];
      }
      const text = anchored.get(log.logId);
      if (text === undefined) return [judgeAbsence(anchor.location, log.logId, [...anchored.keys()])];
      const note = parsed(text);
      if (note === undefined) {
        const remedy = `Find out who writes to ${anchor.location}: the next checkpoint puts it right.`;
        return [failed(`the anchor of log ${log.logId} in ${anchor.location} is no checkpoint`, remedy)];
      }
      const { nextSeq } = await log.store.head(signal);
      const checkpoints = await checkpointsOf(log.store, note.size, signal);
      const trusted = await installation.keys().then(
        (keys) => keys.trusted,
        () => [],
      );
      return [judgeAnchor(note, { logId: log.logId, size: nextSeq, checkpoints, trusted })];
    },
  ],
};

/** Compares an anchor with the log that it is of. */
export function judgeAnchor(
  anchor: CheckpointNote,
  { logId, size, checkpoints, trusted }: AnchoredLog,
): Finding {
  const reach = formatCount(anchor.size, 'record');
  if (size < anchor.size) {
    return failed(
      `the log ${logId} has been rolled back: its anchor knows ${reach}, and there are ${formatNumber(size)}`,
      ROLLED_BACK,
    );
  }
  if (checkpoints.length > 0 && !checkpoints.some(({ root }) => root.equals(anchor.root))) {
    return failed(
      `the log ${logId} was rewritten: its checkpoint of ${reach} has another root than its anchor`,
      ROLLED_BACK,
    );
  }
  if (trusted.length > 0 && !trusted.some((key) => key.verifyAs(anchor.origin, anchor.note))) {
    return warning(
      `the anchor of the log ${logId} is not signed by a key that is trusted here`,
      'Add the key that signed it to LOG_TRUSTED_KEYS, or find out who has written the ConfigMap.',
    );
  }
  return ok(
    `the anchor of the log ${logId} knows ${reach}, and the log has ${formatNumber(size)}; \`rynxs log verify --anchor\` compares every one`,
  );
}

function judgeAbsence(location: string, logId: string, others: readonly string[]): Finding {
  if (others.length === 0) {
    return warning(
      `${location} does not know the log ${logId} yet`,
      'The operator anchors it with its first checkpoint, within a minute: if it runs, look for "anchor" in its log.',
    );
  }
  return failed(
    `${location} knows the log ${others.join(', ')}, and the store holds ${logId}`,
    'Point the store at the log of this cluster, or start a new log in an empty place.',
  );
}

/** The log's id and store, or why it is not compared. */
async function knownIdentity(
  installation: Installation,
): Promise<{ readonly logId: string; readonly store: EventStore } | string> {
  try {
    const { store, identity } = await installation.knownLog();
    return identity === undefined ? 'the log does not say who it is' : { store, logId: identity.logId };
  } catch (error) {
    if (error instanceof NotLooked) return error.message;
    throw error;
  }
}

/** `checkpoints/0000001000`, and with an epoch after it where an abandoned branch has taken that name (docs/EVENT_LOG.md). */
async function checkpointsOf(
  store: EventStore,
  size: number,
  signal: AbortSignal,
): Promise<readonly CheckpointNote[]> {
  const names = await store.listObjects(`checkpoints/${String(size).padStart(10, '0')}`, signal);
  const texts = await Promise.all(names.map((name) => store.readObject(name, signal)));
  return texts.flatMap((bytes) => parsed(Buffer.from(bytes ?? []).toString('utf8')) ?? []);
}

function parsed(text: string): CheckpointNote | undefined {
  try {
    return parseCheckpointNote(text);
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}
