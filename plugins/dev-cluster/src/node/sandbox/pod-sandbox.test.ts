import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '@rynxs/kernel';
import { expect } from 'chai';
import { eventually } from '../testing/eventually.js';
import { availableRuntimes } from '../testing/sandbox-support.js';
import { hostIdentity } from './identity.js';
import { PodSandbox, SandboxError } from './pod-sandbox.js';

const OPERATOR = fileURLToPath(new URL('../testing/sandbox-process.js', import.meta.url));
const NEVER = new AbortController().signal;

describe('pod sandbox', function () {
  this.timeout(15_000);
  let runtimes: readonly string[];

  before(async function () {
    runtimes = await availableRuntimes(this);
  });

  it('dies with its operator, whatever its containers have done about that', async () => {
    for (const runtime of runtimes) {
      const operator = spawn(process.execPath, [OPERATOR, 'hold', runtime], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const { dir, pid } = JSON.parse(await firstLine(operator)) as { dir: string; pid: number };
      const sandboxed = () => processes().filter((each) => each.pidNamespace === pidNamespaceOf(pid));
      await eventually(() => sandboxed().length === 3, 'all three commands run');
      const pids = sandboxed().map((each) => each.pid);
      operator.kill('SIGKILL');
      await once(operator, 'exit');
      await eventually(
        () => pids.every((each) => pidNamespaceOf(each) === undefined),
        `${runtime}: nothing is left`,
      );
      expect(processes().filter((each) => each.parent === operator.pid)).to.deep.equal([]);
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('can be had without being root', async function () {
    if (process.getuid?.() !== 0) this.skip();
    for (const runtime of runtimes) {
      const asOther = [
        '--reuid=12345',
        '--regid=12345',
        '--clear-groups',
        process.execPath,
        OPERATOR,
        'facts',
        runtime,
      ];
      const operator = spawn('setpriv', asOther, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
      const line = await firstLine(operator);
      if (line === '') this.skip();
      const { uid, stdout } = JSON.parse(line) as { uid: number; stdout: string };
      expect(uid).to.equal(12_345);
      expect(stdout).to.match(/^65532\n.* 65532 65532 .* x\n$/s);
    }
  });

  it('is not made when the wish for it has ended', async () => {
    const abort = AbortSignal.abort(new Error('no more'));
    const creating = PodSandbox.create({ ...options(), signal: abort });
    expect(await creating.catch((error: unknown) => error)).to.have.property('message', 'no more');
  });

  it('says why it cannot be made', async () => {
    const identity = { uid: Number.NaN, gid: Number.NaN, dropsRoot: true };
    const error = await PodSandbox.create({ ...options(), identity }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(SandboxError);
    expect(String(error)).to.include('setpriv');
  });

  it('knows when something else ended it', async () => {
    const sandbox = await PodSandbox.create(options());
    expect(sandbox.hasEnded).to.equal(false);
    process.kill(sandbox.pid, 'SIGKILL');
    await sandbox.ended;
    expect(sandbox.hasEnded).to.equal(true);
    await sandbox.close();
  });
});

function options() {
  return { identity: hostIdentity(), hostname: 'pod-1', clock: new SystemClock(), signal: NEVER };
}

/** The first line that a process writes; '' when it ends without one. */
async function firstLine(process: ChildProcess): Promise<string> {
  if (process.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: process.stdout })) return line;
  return '';
}

function processes(): {
  readonly pid: number;
  readonly parent: number;
  readonly pidNamespace: string | undefined;
}[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => ({
    pid: Number(pid),
    parent: parentOf(pid),
    pidNamespace: pidNamespaceOf(Number(pid)),
  }));
}

function parentOf(pid: string): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Names the pid namespace of a process; undefined when the process is gone. */
function pidNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
