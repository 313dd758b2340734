import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './result.mjs';
import { devArguments, environment, ROOT, rynxs } from './rynxs-process.mjs';

/** The README's second command on a built tree: install check, build check, operator, cluster, agent, stop. */
export async function startOnce({ directory, smoke }) {
  const rounds = smoke ? 1 : 5;
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push(await once(join(directory, String(round))));
  const bare = Array.from({ length: rounds }, bareStart);
  return [
    {
      name: 'start-once',
      value: median(times) / 1000,
      unit: 's',
      better: 'lower',
      bar: 5,
      baseline: { name: 'rynxs --version', value: median(bare) / 1000 },
      details: { rounds, slowest: Number((Math.max(...times) / 1000).toFixed(2)) },
    },
  ];
}

async function once(directory) {
  const args = ['start', '--silent', '--', '--once', '--output', 'json', ...devArguments(directory)];
  const started = performance.now();
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT, env: environment(directory) });
  const elapsedMs = performance.now() - started;
  const { ready, verified } = JSON.parse(stdout);
  if (!ready || !verified) throw new Error(`npm start -- --once: ${stdout}`);
  return elapsedMs;
}

function bareStart() {
  const started = performance.now();
  spawnSync(...rynxs(['--version']));
  return performance.now() - started;
}
