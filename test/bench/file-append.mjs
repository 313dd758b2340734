import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openEventLog, sampleEvent } from './event-log.mjs';

const APPENDERS = 1_000;

/** Durable appends of single events by 1,000 appenders that each wait for their own, through the kernel's writer. */
export async function fileAppend({ directory, smoke }) {
  const events = smoke ? 20_000 : 500_000;
  await append(join(directory, 'warm-up'), 20_000);
  const measured = await append(join(directory, 'measured'), events);
  const bareMs = await bareWrites(join(directory, 'bare'), measured.batches);
  return [
    {
      name: 'file-append',
      value: (events / measured.elapsedMs) * 1000,
      unit: 'events/s',
      better: 'higher',
      bar: 50_000,
      baseline: { name: 'write + fdatasync of the same batches', value: (events / bareMs) * 1000 },
      details: {
        events,
        appenders: APPENDERS,
        commits: measured.batches.length,
        bytesPerEvent: Math.round(measured.batches.reduce((sum, bytes) => sum + bytes, 0) / events),
      },
    },
  ];
}

async function append(directory, events) {
  const batches = [];
  const log = await openEventLog(directory, (bytes) => batches.push(bytes));
  batches.length = 0; // the commit that opened the term
  const started = performance.now();
  let next = 0;
  const appender = async () => {
    while (next < events) await log.term.append([sampleEvent(next++)]);
  };
  await Promise.all(Array.from({ length: APPENDERS }, appender));
  const elapsedMs = performance.now() - started;
  const sizes = [...batches];
  await log.close();
  await rm(directory, { recursive: true });
  return { elapsedMs, batches: sizes };
}

async function bareWrites(path, sizes) {
  const bytes = Buffer.alloc(Math.max(...sizes), 'x');
  const file = await open(path, 'w');
  const started = performance.now();
  for (const size of sizes) {
    await file.write(bytes, 0, size);
    await file.datasync();
  }
  const elapsedMs = performance.now() - started;
  await file.close();
  await rm(path);
  return elapsedMs;
}
