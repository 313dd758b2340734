import {
  type EventDraft,
  EventLog,
  type LogKeys,
  NoTelemetry,
  StandaloneLeadership,
  SystemClock,
  SystemRandom,
} from '@rynxs/kernel';
import type { NoteSigner } from '@rynxs/log';
import { FileEventStore } from '@rynxs/store-file';

const EVENTS_PER_COMMIT = 500;
/** EpochStarted and EpochEnded, which the log adds to what is appended. */
const TERM_RECORDS = 2;
/** KeyAdded. */
const KEY_RECORDS = 1;
/** One event is nearly as large as a record may be. */
const HUGE = 5;
const HUGE_BYTES = 64_000;
/** Names of every Unicode plane that has characters, of one to four bytes in UTF-8. */
const NAMES = ['agent', 'Übermut', 'エージェント', '🤖𝔸', '𠀋\u{2f800}', '"\\\u0007\u2028'] as const;

export interface MadeLog {
  readonly id: string;
  /** The record lines, without LF. */
  readonly lines: readonly Buffer[];
  /** The same, each ended by LF. */
  readonly bytes: Buffer;
}

/**
 * Makes a log of exactly so many records in `directory`, by the kernel's event log on the file store, in one term. With a
 * key, the log has checkpoints, the last one of all of it.
 */
export async function makeLog(directory: string, records: number, signer?: NoteSigner): Promise<MadeLog> {
  const { signal } = new AbortController();
  const keys = signer === undefined ? undefined : { signer, trusted: [signer.verifier] };
  await writeTerm(directory, records - TERM_RECORDS - (keys === undefined ? 0 : KEY_RECORDS), signal, keys);
  const store = new FileEventStore({ dir: directory });
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(0, signal)) chunks.push(chunk);
  await store.close();
  const bytes = Buffer.concat(chunks);
  const lines = splitLines(bytes);
  const { event } = JSON.parse(lines[0]!.toString()) as { event: { payload: { log_id: string } } };
  return { id: event.payload.log_id, lines, bytes };
}

async function writeTerm(
  directory: string,
  events: number,
  signal: AbortSignal,
  keys: LogKeys | undefined,
): Promise<void> {
  const random = new SystemRandom();
  const log = await EventLog.open(
    {
      store: new FileEventStore({ dir: directory }),
      clock: new SystemClock(),
      random,
      telemetry: new NoTelemetry(),
      onRecord: () => {},
      ...(keys === undefined ? {} : { keys }),
    },
    signal,
  );
  try {
    const campaign = new StandaloneLeadership(random).campaign(signal)[Symbol.asyncIterator]();
    const { value: tenure } = await campaign.next();
    const term = await log.startTerm(tenure, { clusterUid: 'made', shard: 'default' }, signal);
    for (let next = 0; next < events; next += EVENTS_PER_COMMIT) {
      const count = Math.min(EVENTS_PER_COMMIT, events - next);
      await term.append(Array.from({ length: count }, (_, index) => madeEvent(next + index)));
    }
    await term.end('all is written');
  } finally {
    await log.close();
  }
}

function madeEvent(index: number): EventDraft {
  return {
    type: 'AgentObserved',
    aggregateId: `agents/default/agent-${index % 7}`,
    traceId: '0123456789abcdef0123456789abcdef',
    payload: {
      v: 1,
      uid: `uid-${index % 7}`,
      generation: index,
      spec: {
        name: NAMES[index % NAMES.length]!,
        filler: 'x'.repeat(index === HUGE ? HUGE_BYTES : index % 300),
      },
      manager: null,
      managed_at: null,
    },
  };
}

function splitLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\n', start);
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
