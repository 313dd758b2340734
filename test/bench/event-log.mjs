import { EventLog, NoTelemetry, StandaloneLeadership, SystemClock, SystemRandom } from '@rynxs/kernel';
import { NoteSigner } from '@rynxs/log';
import { FileEventStore } from '@rynxs/store-file';

const RECORD_BYTES = 550;

/** What an event log needs besides its store, as the operator has it: everything is signed. */
export function logOptions(signer = NoteSigner.generate('bench')) {
  return {
    clock: new SystemClock(),
    random: new SystemRandom(),
    telemetry: new NoTelemetry(),
    onRecord: () => {},
    keys: { signer, trusted: [signer.verifier] },
  };
}

/** The file store in a directory. */
export function fileStore(directory) {
  return new FileEventStore({ dir: directory });
}

/** Opens an event log and begins a term. `onBatch` sees each commit's size. `options` are those of EventLog. */
export async function openEventLog(store, { onBatch = () => {}, ...options } = {}) {
  const signal = new AbortController().signal;
  const append = store.append.bind(store);
  store.append = (batch, appendSignal) => {
    onBatch(batch.bytes.length);
    return append(batch, appendSignal);
  };
  const log = await EventLog.open({ ...logOptions(), ...options, store }, signal);
  const campaign = new StandaloneLeadership(new SystemRandom()).campaign(signal)[Symbol.asyncIterator]();
  const { value: tenure } = await campaign.next();
  const term = await log.startTerm(tenure, { clusterUid: 'bench', shard: 'default' }, signal);
  return {
    term,
    log,
    async close() {
      await term.end('the benchmark is over');
      await log.close();
    },
  };
}

/** Lets so many appenders append single events, each waiting for its own; resolves to the time that each append took. */
export async function appendAll(term, events, appenders) {
  const times = new Float64Array(events);
  let next = 0;
  const appender = async () => {
    while (next < events) {
      const index = next++;
      const started = performance.now();
      await term.append([sampleEvent(index)]);
      times[index] = performance.now() - started;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: appenders }, appender));
  return { elapsedMs: performance.now() - started, times };
}

/** An event whose record has about 550 bytes, as those of the control loop have on average. */
export function sampleEvent(index) {
  return {
    type: 'ActionApplied',
    aggregateId: `agents/default/agent-${index % 200}`,
    traceId: '0123456789abcdef0123456789abcdef',
    payload: { v: 1, index, child: `Deployment/agent-${index % 200}`, filler: FILLER },
  };
}

/** What is left to 550 bytes after everything else of such a record. */
const FILLER = 'x'.repeat(RECORD_BYTES - 518);
