import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Clock, SystemClock } from '@rynxs/kernel';
import { type SandboxRuntime, startContainer } from './container-process.js';
import { writeEtc } from './etc.js';
import { DEFAULT_SANDBOX_USER, hostIdentity } from './identity.js';
import { RLIMITS } from './limits.js';
import { readMountTable } from './mount-table.js';
import { PodSandbox } from './pod-sandbox.js';
import { HOST_PATH } from './process.js';
import { hostUserland, planRoot } from './root-plan.js';

/** What this host offers for running pods; where nothing, why not and what to do about it. */
export type SandboxProbe =
  | { readonly runtime: SandboxRuntime }
  | { readonly unavailable: string; readonly remedy: string };

const TOOLS = [
  'sh',
  'unshare',
  'nsenter',
  'setpriv',
  'mount',
  'umount',
  'pivot_root',
  'mkfifo',
  'env',
  'mkdir',
  'ln',
];
const ELSEWHERE = 'or run agents on a cluster (CLUSTER_TYPE=kubernetes)';

/** Whether the host has a tool, in one of the directories where tools are looked for. */
export function hostHas(tool: string): boolean {
  return HOST_PATH.split(':').some((directory) => {
    try {
      accessSync(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Finds out, by making one and running a command in it, whether pods can be sandboxed here, and by what: bubblewrap where
 * it is installed and works, else util-linux alone. Never throws but for `signal`.
 */
export async function probeSandbox(
  clock: Clock = new SystemClock(),
  signal: AbortSignal = new AbortController().signal,
): Promise<SandboxProbe> {
  if (process.platform !== 'linux') {
    return {
      unavailable: `pods need Linux namespaces, and this is ${process.platform}`,
      remedy: `Run Rynxs in a Linux virtual machine, ${ELSEWHERE}.`,
    };
  }
  const missing = TOOLS.filter((tool) => !hostHas(tool));
  if (missing.length > 0) {
    return {
      unavailable: `these tools are not installed: ${missing.join(', ')}`,
      remedy: `Install util-linux (2.36 or newer) and coreutils, ${ELSEWHERE}.`,
    };
  }
  const failures: string[] = [];
  const runtimes: SandboxRuntime[] = hostHas('bwrap') ? ['bubblewrap', 'unshare'] : ['unshare'];
  for (const runtime of runtimes) {
    try {
      await tryRuntime(runtime, clock, signal);
      return { runtime };
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${runtime}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { unavailable: `no sandbox can be made (${failures.join('; ')})`, remedy: remedyFor() };
}

async function tryRuntime(runtime: SandboxRuntime, clock: Clock, signal: AbortSignal): Promise<void> {
  const identity = hostIdentity();
  const nodeDir = await mkdtemp(join(tmpdir(), 'rynxs-probe-'));
  try {
    // The sandbox's host user must be able to pass through; it reaches the directory without its parents.
    await chmod(nodeDir, 0o711);
    const user = { uid: DEFAULT_SANDBOX_USER, gid: DEFAULT_SANDBOX_USER };
    await writeEtc({
      directory: join(nodeDir, 'etc'),
      hostname: 'probe',
      users: [user],
      identity,
      mountPaths: [],
    });
    const sandbox = await PodSandbox.create({ identity, hostname: 'probe', clock, signal });
    try {
      const userland = hostUserland(readMountTable());
      const plan = { userland, nodeDir, etc: 'etc', mounts: [], workingDir: '/' };
      const container = await startContainer({
        ...{ sandbox, identity, runtime, nodeDir, pipeDir: nodeDir, clock, signal },
        limits: RLIMITS.limit('probe', {}),
        root: { entries: planRoot(plan), readOnlyRoot: true, ...user },
        command: {
          argv: ['sh', '-c', 'id -u; ls /'],
          env: { PATH: HOST_PATH },
          workingDir: '/',
          hasStdin: false,
          tty: false,
        },
      });
      container.stderr.resume();
      const [output, exit] = await Promise.all([text(container.stdout), container.exited]);
      const [uid, ...names] = output.trim().split('\n');
      if (exit.code !== 0 || uid !== String(user.uid) || names.includes('root')) {
        throw new Error(`a trial command ended with exit code ${exit.code} as user ${uid}`);
      }
    } finally {
      await sandbox.close();
    }
  } finally {
    await rm(nodeDir, { recursive: true, force: true });
  }
}

function remedyFor(): string {
  const switches = [
    existsSync('/proc/sys/kernel/unprivileged_userns_clone') ? 'kernel.unprivileged_userns_clone=1' : '',
    existsSync('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')
      ? 'kernel.apparmor_restrict_unprivileged_userns=0'
      : '',
    'user.max_user_namespaces=15000',
  ].filter((each) => each !== '');
  return [
    `Allow unprivileged user namespaces (sysctl -w ${switches.join(' ')};`,
    'in a container: run it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined),',
    `${ELSEWHERE}.`,
  ].join(' ');
}
