import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, residentMb } from './process-usage.mjs';
import { startDev } from './rynxs-process.mjs';

/** What a system with one agent costs while nothing happens: operator and embedded cluster in one process. */
export async function idle({ directory, smoke }) {
  const system = await startDev(directory);
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    await delay(smoke ? 1_000 : 10_000); // what the start left to do: readiness is recorded after a while
    const seconds = smoke ? 3 : 60;
    const before = [cpuMs(system.pid), cpuMs(bare.pid)];
    await delay(seconds * 1000);
    const after = [cpuMs(system.pid), cpuMs(bare.pid)];
    const [used, usedBare] = after.map((ms, index) => (ms - before[index]) / (10 * seconds));
    return [
      {
        name: 'idle-cpu',
        value: used,
        unit: '%',
        better: 'lower',
        bar: 1,
        // A bare process often uses less than what the system counts in.
        baseline: { name: 'a timer in an empty Node process', value: Math.max(usedBare, 1 / seconds) },
        details: { seconds },
      },
      {
        name: 'idle-memory',
        value: residentMb(system.pid),
        unit: 'MB',
        better: 'lower',
        bar: 150,
        baseline: { name: 'an empty Node process', value: residentMb(bare.pid) },
      },
    ];
  } finally {
    bare.kill('SIGKILL');
    await system.stop();
  }
}
