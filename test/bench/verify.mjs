import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { NoteSigner } from '@rynxs/log';
import { fileStore, openEventLog, sampleEvent } from './event-log.mjs';
import { residentMb } from './process-usage.mjs';
import { rynxs } from './rynxs-process.mjs';

const BATCH = 1_000;
const SAMPLE_MS = 20;

/** `rynxs log verify` as a whole command: everything with a pinned key, and the chain alone. */
export async function verify({ directory, smoke, records = smoke ? 50_000 : 1_000_000 }) {
  const logs = join(directory, 'logs');
  const signer = NoteSigner.generate('bench');
  const { term, close } = await openEventLog(fileStore(logs), {
    keys: { signer, trusted: [signer.verifier] },
  });
  for (let from = 0; from < records; from += BATCH) {
    await term.append(Array.from({ length: BATCH }, (_, index) => sampleEvent(from + index)));
  }
  await close();
  const all = await runVerify(logs, ['--key', signer.verifier.toString()]);
  const chain = await runVerify(logs, ['--chain-only']);
  const bareMs = await bareHash(logs);
  const baseline = { name: 'SHA-256 over the same bytes', value: (records / bareMs) * 1000 };
  const rate = { unit: 'records/s', better: 'higher', baseline };
  return [
    {
      ...rate,
      name: 'verify',
      value: (records / all.elapsedMs) * 1000,
      bar: 250_000,
      details: { records, elapsedMs: Math.round(all.elapsedMs) },
    },
    {
      ...rate,
      name: 'verify-chain-only',
      value: (records / chain.elapsedMs) * 1000,
      bar: 500_000,
      details: { records, elapsedMs: Math.round(chain.elapsedMs) },
    },
    {
      name: 'verify-memory',
      value: all.peakMb,
      unit: 'MB',
      better: 'lower',
      bar: 200,
      baseline: { name: 'this process', value: residentMb(process.pid) ?? 0 },
      details: { records },
    },
  ];
}

async function runVerify(logs, options) {
  const started = performance.now();
  const args = ['log', 'verify', '--store', `file://${logs}`, '--output', 'json', ...options];
  const child = spawn(...rynxs(args), { stdio: ['ignore', 'ignore', 'inherit'] });
  let peakMb = 0;
  const sampler = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(child.pid, 'VmHWM') ?? 0);
  }, SAMPLE_MS);
  const [code] = await once(child, 'exit');
  clearInterval(sampler);
  if (code !== 0) throw new Error(`rynxs log verify ended with ${code}`);
  return { elapsedMs: performance.now() - started, peakMb };
}

async function bareHash(logs) {
  const started = performance.now();
  const hash = createHash('sha256');
  const store = fileStore(logs);
  for await (const chunk of store.read(0, new AbortController().signal)) hash.update(chunk);
  await store.close();
  hash.digest('hex');
  return performance.now() - started;
}
