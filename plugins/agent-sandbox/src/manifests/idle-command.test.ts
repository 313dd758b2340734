import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { IDLE_COMMAND } from './deployment.js';

/** Runs a command as process 1 of namespaces of its own, as in a container. */
const UNSHARE = ['--user', '--map-root-user', '--pid', '--mount-proc', '--fork', '--kill-child'];

/** Far from the grace period that Kubernetes waits for what does not end, also on a machine that is busy. */
const AT_ONCE_MS = 2_000;

describe('the idle command', () => {
  let idle: ChildProcess | undefined;

  before(function () {
    try {
      execFileSync('unshare', [...UNSHARE, 'true'], { stdio: 'ignore' });
    } catch {
      // Nothing can be process 1 of a namespace on this machine.
      this.skip();
    }
  });

  afterEach(async () => {
    if (idle === undefined || idle.exitCode !== null || idle.signalCode !== null) return;
    const ended = once(idle, 'exit');
    idle.kill('SIGKILL');
    await ended;
  });

  /** Starts it and waits until its sleep is there. `path` is where it looks for programs. */
  async function start(path = '/usr/bin:/bin'): Promise<number> {
    const [command, ...args] = IDLE_COMMAND;
    idle = spawn('unshare', [...UNSHARE, command, ...args], {
      stdio: 'ignore',
      env: { PATH: path },
    });
    return await eventually(() => childrenOf(idle?.pid ?? 0)[0]);
  }

  it('ends at once on SIGTERM', async () => {
    const init = await start();
    await eventually(() => childrenOf(init)[0]);
    const ended = once(idle!, 'exit');
    const asked = process.hrtime.bigint();
    process.kill(init, 'SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    expect(Number(process.hrtime.bigint() - asked) / 1e6, 'milliseconds').to.be.below(AT_ONCE_MS);
  });

  it('reaps orphans, and goes on with one sleep', async () => {
    const init = await start();
    const sleep = await eventually(() => childrenOf(init)[0]);
    for (let round = 0; round < 3; round += 1) {
      const leaveOrphan = ['/bin/sh', '-c', '(sleep 60 >/dev/null 2>&1 &)'];
      execFileSync('nsenter', ['--user', '--pid', '--mount', '-t', String(init), ...leaveOrphan], {
        stdio: 'ignore',
      });
      const orphan = await eventually(() => childrenOf(init).find((child) => child !== sleep));
      process.kill(orphan, 'SIGKILL');
      await eventually(() => childrenOf(init).length === 1 || undefined);
    }
    expect(childrenOf(init)).to.deep.equal([sleep]);
  });

  it('starts over when somebody ends its sleep', async () => {
    const init = await start();
    const sleep = await eventually(() => childrenOf(init)[0]);
    process.kill(sleep, 'SIGKILL');
    await eventually(() => childrenOf(init).find((child) => child !== sleep));
    expect(idle?.exitCode).to.equal(null);
  });

  it('gives up in an image without sleep', async () => {
    const [command, ...args] = IDLE_COMMAND;
    const unshare = execFileSync('/bin/sh', ['-c', 'command -v unshare'], { encoding: 'utf8' }).trim();
    idle = spawn(unshare, [...UNSHARE, command, ...args], { stdio: 'ignore', env: { PATH: '/nowhere' } });
    expect(await once(idle, 'exit')).to.deep.equal([127, null]);
  });
});

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => parentOf(pid) === parent)
    .map(Number);
}

/** Field 4 of /proc/<pid>/stat; field 2 is a name that may hold blanks. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

async function eventually<T>(probe: () => T | undefined): Promise<T> {
  const deadline = process.hrtime.bigint() + 3_000_000_000n;
  while (process.hrtime.bigint() < deadline) {
    const value = probe();
    if (value !== undefined) return value;
    await delay(2);
  }
  throw new Error('it has not happened within 3 s');
}
