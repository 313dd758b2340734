import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { appendAll, fileStore, openEventLog } from './event-log.mjs';
import { median } from './result.mjs';

/** Durable, signed appends of single events by 1,000 appenders that each wait for their own, through the kernel's writer. */
export async function fileAppend({ directory, smoke }) {
  const events = smoke ? 20_000 : 500_000;
  await append(join(directory, 'warm-up'), 20_000, 1_000);
  const measured = await measure(directory, { events, appenders: 1_000 });
  return [
    {
      name: 'file-append',
      value: (events / measured.elapsedMs) * 1000,
      unit: 'events/s',
      better: 'higher',
      bar: 100_000,
      baseline: { name: 'write + fdatasync of the same batches', value: (events / measured.bareMs) * 1000 },
      details: measured.details,
    },
  ];
}

/**
 * The same by one appender: each event is a commit of its own. Both loops take turns, so that a disk that is slower for a
 * while is slower for both.
 */
export async function fileAppendOne({ directory, smoke }) {
  const events = smoke ? 500 : 3_000;
  const rounds = smoke ? 1 : 9;
  const ratios = [];
  const rates = [];
  for (let round = 0; round <= rounds; round += 1) {
    const { elapsedMs, bareMs } = await measure(directory, { events, appenders: 1 });
    if (round === 0) continue; // warming up
    ratios.push(bareMs / elapsedMs);
    rates.push((events / elapsedMs) * 1000);
  }
  const value = median(rates);
  const bare = value / median(ratios);
  return [
    {
      name: 'file-append-one',
      value,
      unit: 'events/s',
      better: 'higher',
      bar: 0.8 * bare,
      baseline: { name: 'write + fdatasync of the same batches', value: bare },
      details: { events, rounds, ratios: ratios.map((ratio) => ratio.toFixed(2)).join(' ') },
    },
  ];
}

async function measure(directory, { events, appenders }) {
  const measured = await append(join(directory, 'measured'), events, appenders);
  return {
    elapsedMs: measured.elapsedMs,
    bareMs: await bareWrites(join(directory, 'bare'), measured.batches),
    details: {
      events,
      appenders,
      commits: measured.batches.length,
      bytesPerEvent: Math.round(measured.batches.reduce((sum, bytes) => sum + bytes, 0) / events),
    },
  };
}

async function append(directory, events, appenders) {
  const batches = [];
  const opened = await openEventLog(fileStore(directory), { onBatch: (bytes) => batches.push(bytes) });
  batches.length = 0; // the commit that opened the term
  const { elapsedMs } = await appendAll(opened.term, events, appenders);
  const sizes = [...batches];
  await opened.close();
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
