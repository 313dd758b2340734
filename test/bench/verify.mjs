import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { openEventLog, sampleEvent } from './event-log.mjs';
import { residentMb } from './process-usage.mjs';
import { rynxs } from './rynxs-process.mjs';

const BATCH = 1_000;
const SAMPLE_MS = 20;

/** `rynxs log verify` as a whole command, everything checked. */
export async function verify({ directory, smoke, records = smoke ? 50_000 : 1_000_000 }) {
  const log = await openEventLog(directory);
  for (let from = 0; from < records; from += BATCH) {
    await log.term.append(Array.from({ length: BATCH }, (_, index) => sampleEvent(from + index)));
  }
  await log.close();
  const { elapsedMs, peakMb } = await runVerify(directory);
  const bareMs = await bareHash(log.file);
  return [
    {
      name: 'verify',
      value: (records / elapsedMs) * 1000,
      unit: 'records/s',
      better: 'higher',
      bar: 250_000,
      baseline: { name: 'SHA-256 over the same file', value: (records / bareMs) * 1000 },
      details: { records, elapsedMs: Math.round(elapsedMs) },
    },
    {
      name: 'verify-memory',
      value: peakMb,
      unit: 'MB',
      better: 'lower',
      bar: 200,
      baseline: { name: 'this process', value: residentMb(process.pid) ?? 0 },
      details: { records },
    },
  ];
}

async function runVerify(directory) {
  const started = performance.now();
  const child = spawn(
    ...rynxs(['log', 'verify', '--store', `file://${directory}/logs`, '--output', 'json']),
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  let peakMb = 0;
  const sampler = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(child.pid, 'VmHWM') ?? 0);
  }, SAMPLE_MS);
  const [code] = await once(child, 'exit');
  clearInterval(sampler);
  if (code !== 0) throw new Error(`rynxs log verify ended with ${code}`);
  return { elapsedMs: performance.now() - started, peakMb };
}

async function bareHash(file) {
  const started = performance.now();
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  hash.digest('hex');
  return performance.now() - started;
}
