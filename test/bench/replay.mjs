import { join } from 'node:path';
import { EventLog } from '@rynxs/kernel';
import { fileStore, logOptions } from './event-log.mjs';
import { agentProjection, longLog } from './long-log.mjs';
import { median } from './result.mjs';

/** Opening a long log: verified and replayed as a whole, and from its snapshot. */
export async function replay({ directory, smoke, records = smoke ? 20_000 : 1_000_000 }) {
  const made = await longLog(join(directory, 'log'), records);
  const rounds = smoke ? 1 : 5;
  const whole = await open(made, false);
  const fromSnapshot = [];
  for (let round = 0; round < rounds; round += 1) fromSnapshot.push(await open(made, true));
  const parseMs = await parseOnly(made);
  const baseline = { name: 'JSON.parse of the same lines', value: parseMs / 1000 };
  const details = { records: made.records, rounds };
  const scale = made.records / 1_000_000;
  return [
    {
      name: 'replay',
      value: whole / 1000,
      unit: 's',
      better: 'lower',
      bar: 5 * scale,
      baseline,
      details,
    },
    {
      name: 'open-snapshot',
      value: median(fromSnapshot) / 1000,
      unit: 's',
      better: 'lower',
      bar: 0.2,
      baseline: { name: 'verifying and replaying all of it', value: whole / 1000 },
      details,
    },
  ];
}

/** The time to open the log and to have its state, in ms. */
async function open({ directory, keys, records }, useSnapshot) {
  const projection = agentProjection();
  const options = {
    ...logOptions(),
    keys,
    store: fileStore(directory),
    onRecord: (record) => projection.apply(record),
  };
  const started = performance.now();
  const log = await EventLog.open(
    useSnapshot ? { ...options, snapshots: projection } : options,
    new AbortController().signal,
  );
  const elapsedMs = performance.now() - started;
  const aggregates = [...projection.aggregates()].length;
  if (log.head().nextSeq !== records || aggregates !== 200) {
    throw new Error(`${log.head().nextSeq} records and ${aggregates} agents`);
  }
  await log.close();
  return elapsedMs;
}

async function parseOnly({ directory }) {
  const started = performance.now();
  const store = fileStore(directory);
  for await (const chunk of store.read(0, new AbortController().signal)) {
    for (const line of Buffer.from(chunk).toString('utf8').split('\n')) if (line !== '') JSON.parse(line);
  }
  await store.close();
  return performance.now() - started;
}
