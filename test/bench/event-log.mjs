import { join } from 'node:path';
import { EventLog, NoTelemetry, StandaloneLeadership, SystemClock, SystemRandom } from '@rynxs/kernel';
import { FileEventStore } from '@rynxs/store-file';

const RECORD_BYTES = 550;

/** Opens an event log with the file store in `directory` and begins a term. `onBatch` sees each commit's bytes. */
export async function openEventLog(directory, onBatch = () => {}) {
  const signal = new AbortController().signal;
  const random = new SystemRandom();
  const store = new FileEventStore({ dir: join(directory, 'logs') });
  const append = store.append.bind(store);
  store.append = (batch, appendSignal) => {
    onBatch(batch.bytes.length);
    return append(batch, appendSignal);
  };
  const log = await EventLog.open(
    {
      store,
      clock: new SystemClock(),
      random,
      telemetry: new NoTelemetry(),
      onRecord: () => {},
    },
    signal,
  );
  const campaign = new StandaloneLeadership(random).campaign(signal)[Symbol.asyncIterator]();
  const { value: tenure } = await campaign.next();
  const term = await log.startTerm(tenure, { clusterUid: 'bench', shard: 'default' }, signal);
  return {
    term,
    file: join(directory, 'logs/operator-events.log'),
    async close() {
      await term.end('the benchmark is over');
      await log.close();
    },
  };
}

/** An event whose record has about 550 bytes, as those of the control loop have on average. */
export function sampleEvent(index) {
  const event = {
    type: 'ActionApplied',
    aggregateId: `agents/default/agent-${index % 200}`,
    traceId: '0123456789abcdef0123456789abcdef',
    payload: { v: 1, index, child: `Deployment/agent-${index % 200}`, filler: '' },
  };
  return { ...event, payload: { ...event.payload, filler: FILLER } };
}

/** What is left to 550 bytes after everything else of such a record. */
const FILLER = 'x'.repeat(RECORD_BYTES - 518);
