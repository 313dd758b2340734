import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openS3Log } from '@rynxs/store-s3';
import { appendAll, openEventLog } from './event-log.mjs';
import { quantile } from './result.mjs';
import { startVersitygw } from './s3-server.mjs';

const APPENDERS = 1_000;

/** Durable, signed appends to a bucket of a real S3 server on this machine. */
export async function s3Append({ directory, smoke }) {
  const events = smoke ? 2_000 : 100_000;
  await using server = await startVersitygw(join(directory, 'server'));
  const store = () =>
    openS3Log({ address: `${server.bucket}/${randomBytes(4).toString('hex')}`, env: server.env });
  await append(store(), Math.min(events, 5_000));
  const { elapsedMs, times, sizes } = await append(store(), events);
  const puts = await barePuts(store(), sizes);
  const putP99 = quantile(puts, 0.99);
  const details = { events, appenders: APPENDERS, commits: sizes.length };
  return [
    {
      name: 's3-append',
      value: (events / elapsedMs) * 1000,
      unit: 'events/s',
      better: 'higher',
      bar: 5_000,
      baseline: {
        name: 'one PUT of the same size after the other',
        value: (events / puts.reduce((sum, ms) => sum + ms, 0)) * 1000,
      },
      details,
    },
    {
      name: 's3-append-p99',
      value: quantile(times, 0.99),
      unit: 'ms',
      better: 'lower',
      bar: 2 * putP99,
      baseline: { name: 'p99 of a PUT of the same size', value: putP99 },
      details: { ...details, p50: quantile(times, 0.5), putP50: quantile(puts, 0.5) },
    },
  ];
}

async function append(store, events) {
  const sizes = [];
  const opened = await openEventLog(store, { onBatch: (bytes) => sizes.push(bytes) });
  sizes.length = 0; // the commit that opened the term
  const measured = await appendAll(opened.term, events, APPENDERS);
  const batches = [...sizes];
  await opened.close();
  return { ...measured, sizes: batches };
}

/** Creates objects of these sizes, one after the other, through the same client; how long each took. */
async function barePuts(store, sizes) {
  const { signal } = new AbortController();
  const times = [];
  for (const [index, size] of sizes.entries()) {
    const bytes = Buffer.alloc(size, 'x');
    const started = performance.now();
    await store.createObject(`bare/${index}`, bytes, signal);
    times.push(performance.now() - started);
  }
  await store.close();
  return times;
}
