import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { Clock } from '@rynxs/kernel';
import { bubblewrapRoot } from './bubblewrap-root.js';
import { type ConfinedCommand, confinedScript, NO_COMMAND, NO_DIRECTORY, READY } from './confined-command.js';
import { closeEnds, type FifoEnds, openFifos } from './fifo.js';
import { type HostIdentity, takeIdentity } from './identity.js';
import type { ContainerLimits } from './limits.js';
import { MAX_MESSAGE_BYTES, type PodSandbox, SandboxError, START_DEADLINE_MS } from './pod-sandbox.js';
import {
  collectText,
  type Exit,
  handlesSignal,
  type LaunchedProcess,
  launch,
  onlyChildOf,
  signalProcess,
} from './process.js';
import { StatusLines } from './status-lines.js';
import { type RootBuild, unshareRoot } from './unshare-root.js';

/** What builds the roots of containers. */
export type SandboxRuntime = 'bubblewrap' | 'unshare';

/** The command could not be run as its specification says; trying again does not help. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** What every start of a process in a sandbox needs. */
export interface ConfinementOptions {
  readonly sandbox: PodSandbox;
  readonly identity: HostIdentity;
  readonly limits: ContainerLimits;
  readonly command: ConfinedCommand;
  /** The node's directory: sources of mounts are relative to it. */
  readonly nodeDir: string;
  /** Where pipes are made, for a moment. */
  readonly pipeDir: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A process in a sandbox, with its streams. */
export interface ConfinedProcess {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly stdin: Socket | undefined;
  /** Path of its terminal inside, where it has one. */
  readonly tty: string | undefined;
  /** Resolves when it has ended; never rejects. Output may still be on its way. */
  readonly exited: Promise<Exit>;
  readonly exit: () => Exit | undefined;
  /** Kills it at once, whatever it does. */
  kill(): void;
}

/** The first process of a container: the end of all others in it. */
export interface ContainerProcess extends ConfinedProcess {
  /** Pid on the host. */
  readonly pid: number;
  /** Sends a signal; nothing happens when it has ended. */
  signal(name: NodeJS.Signals): void;
  /** Whether it has a handler for a signal. One that it has none for is lost on it, being process 1 of its namespace. */
  handles(name: NodeJS.Signals): boolean;
}

/** No further user namespaces, no capabilities, none to be had; then the script from file descriptor 5. */
const FINISH_CONTAINER = [
  'echo 0 >/proc/sys/user/max_user_namespaces || exit 125',
  'exec setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all --no-new-privs sh -s <&5 5<&-',
].join('\n');

/** Entering the container's user namespace by exec has left no capabilities already; see docs of `enterContainer`. */
const FINISH_EXEC = 'exec setpriv --pdeathsig=KILL --no-new-privs sh -s <&5 5<&-';

/**
 * Comes under the limits, as the operator's user; arguments up to `--` are files that want the pid. What is started here
 * is killed before the operator when memory runs out, and dumps no core.
 */
function limited(limits: ContainerLimits): readonly string[] {
  const script = [
    'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift',
    'echo 500 2>/dev/null >/proc/self/oom_score_adj || :',
    'ulimit -c 0',
    ...limits.shellCommands,
    'exec "$@"',
  ].join('\n');
  return ['sh', '-c', script, 'sh', ...limits.procsFiles, '--'];
}

/**
 * Starts a container: a new root, pid and mount namespace in the pod's sandbox. Resolves when its command is about to run.
 * Throws CommandError when there is no such command or directory, SandboxError when the host does not allow it.
 */
export async function startContainer(
  options: ConfinementOptions & { readonly runtime: SandboxRuntime; readonly root: RootBuild },
): Promise<ContainerProcess> {
  const build = options.runtime === 'bubblewrap' ? bubblewrapRoot : unshareRoot;
  const started = await start(options, [
    ...limited(options.limits),
    ...takeIdentity(options.identity),
    ...options.sandbox.enter,
    // So that the end of nsenter, which has no namespaces of its own, is the end of all that it began.
    ...['setpriv', '--pdeathsig=KILL'],
    ...build(options.root, FINISH_CONTAINER),
  ]);
  const { launched } = started;
  const outerPid = launched.child.pid ?? -1;
  // nsenter waits for unshare or bubblewrap, which waits for the container's first process.
  const pid = launched.exit() === undefined ? grandchildOf(outerPid) : undefined;
  const kill = (): void => {
    if (launched.exit() !== undefined) return;
    if (pid === undefined || !signalProcess(pid, 'SIGKILL')) signalProcess(outerPid, 'SIGKILL');
  };
  return {
    ...started.process,
    pid: pid ?? outerPid,
    kill,
    signal: (name) => {
      if (pid !== undefined && launched.exit() === undefined) signalProcess(pid, name);
    },
    handles: (name) => pid !== undefined && launched.exit() === undefined && handlesSignal(pid, name),
  };
}

/**
 * Runs a command in a running container: same namespaces, root, user and limits. It has no capabilities either and cannot
 * gain any. (Its bounding set is full where the container's is empty, because util-linux's nsenter cannot empty it; with
 * no_new_privs set, and further user namespaces forbidden, nothing can draw on it.)
 */
export async function enterContainer(
  options: ConfinementOptions & { readonly container: ContainerProcess },
): Promise<ConfinedProcess> {
  const { pid } = options.container;
  const namespaces = ['mount', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'user'];
  const files = { mount: 'mnt' } as Readonly<Record<string, string>>;
  const { process, launched } = await start(options, [
    ...limited(options.limits),
    ...takeIdentity(options.identity),
    ...options.sandbox.enterUser,
    // As root of the sandbox's user namespace this may join what that one owns; the container's own user namespace comes
    // last, so that nothing runs with both: rights over the sandbox, and files that the container could have changed.
    'nsenter',
    '--preserve-credentials',
    ...namespaces.map((name) => `--${name}=/proc/${pid}/ns/${files[name] ?? name}`),
    ...['sh', '-c', FINISH_EXEC],
  ]);
  const kill = (): void => {
    // The command dies with nsenter, which waits for it.
    if (launched.child.pid !== undefined && launched.exit() === undefined) {
      signalProcess(launched.child.pid, 'SIGKILL');
    }
  };
  return { ...process, kill };
}

async function start(
  options: ConfinementOptions,
  argv: readonly string[],
): Promise<{ readonly process: Omit<ConfinedProcess, 'kill'>; readonly launched: LaunchedProcess }> {
  const { command, signal } = options;
  signal.throwIfAborted();
  const ends = command.hasStdin ? (['read', 'read', 'write'] as const) : (['read', 'read'] as const);
  const [out, err, input] = await openFifos(options.pipeDir, options.identity, ends);
  if (out === undefined || err === undefined) throw new SandboxError('no pipes');
  const fifos = input === undefined ? [out, err] : [out, err, input];
  const launched = startWith(fifos, () =>
    launch(argv, {
      cwd: options.nodeDir,
      stdio: ['ignore', 'pipe', 'pipe', out.process, err.process, 'pipe', ...(input ? [input.process] : [])],
    }),
  );
  const stdout = new Socket({ fd: out.node, readable: true, writable: false });
  const stderr = new Socket({ fd: err.node, readable: true, writable: false });
  const stdin = input && new Socket({ fd: input.node, readable: false, writable: true });
  const { stdout: reports, stderr: setup } = launched.child;
  const script = (launched.child.stdio as readonly unknown[])[5];
  if (reports === null || setup === null || !(script instanceof Writable)) throw new SandboxError('no pipes');
  const errors = collectText(setup, MAX_MESSAGE_BYTES);
  const status = new StatusLines(reports, launched, options.clock);
  // A set-up that failed has closed its end; the report says so.
  script.on('error', () => {});
  script.end(confinedScript(command));
  try {
    // Not cut short by `signal`: until the report it is not certain that the process dies with the one that is killed.
    const report = await status.next(START_DEADLINE_MS);
    signal.throwIfAborted();
    if (report !== READY) {
      const exit = await launched.exited;
      throw startFailure(
        report,
        command,
        errors() || launched.startError()?.message || `exit code ${exit.code}`,
      );
    }
    const tty = command.tty ? await status.next(START_DEADLINE_MS) : undefined;
    return {
      launched,
      process: { stdout, stderr, stdin, tty, exited: launched.exited, exit: launched.exit },
    };
  } catch (error) {
    if (launched.child.pid !== undefined && launched.exit() === undefined) {
      signalProcess(launched.child.pid, 'SIGKILL');
    }
    await launched.exited;
    for (const stream of [stdout, stderr, stdin]) stream?.destroy();
    throw error;
  } finally {
    status.close();
    setup.destroy();
  }
}

/** Starts a process with the far ends of pipes, which are then its alone. */
function startWith<T>(fifos: readonly FifoEnds[], begin: () => T): T {
  try {
    const started = begin();
    for (const fifo of fifos) closeSync(fifo.process);
    return started;
  } catch (error) {
    for (const fifo of fifos) closeEnds(fifo);
    throw error;
  }
}

function startFailure(report: string | undefined, command: ConfinedCommand, detail: string): Error {
  if (report === NO_COMMAND) {
    const program = JSON.stringify(command.argv[0] ?? '');
    return new CommandError(`exec: ${program}: executable file not found in $PATH`);
  }
  if (report === NO_DIRECTORY) {
    return new CommandError(`cannot enter the working directory ${JSON.stringify(command.workingDir)}`);
  }
  return new SandboxError(detail);
}

function grandchildOf(pid: number): number | undefined {
  try {
    const child = onlyChildOf(pid);
    return child === undefined ? undefined : onlyChildOf(child);
  } catch (error) {
    // It has ended meanwhile.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) {
      return undefined;
    }
    throw error;
  }
}
