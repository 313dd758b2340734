import type { Clock } from '@rynxs/kernel';
import type { HostIdentity } from './identity.js';
import { takeIdentity } from './identity.js';
import { collectText, type LaunchedProcess, launch, signalProcess } from './process.js';
import { StatusLines } from './status-lines.js';

/** What could not be made, in words for an event. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

export interface PodSandboxOptions {
  readonly identity: HostIdentity;
  readonly hostname: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long building a sandbox or a container may take. */
export const START_DEADLINE_MS = 30_000;
export const MAX_MESSAGE_BYTES = 4_096;

/**
 * Ends itself when the process that started it is gone already, which the death signal, set a moment ago, would miss.
 * $0 is that process.
 */
const CHECK_PARENT = '[ "$PPID" = "$0" ] || exit 125; exec "$@"';

/**
 * The first process of a pod's pid namespace. It names itself as the host counts (/proc is still the host's), brings the
 * loopback up, and waits for the end of its input, which comes with the end of the operator at the latest.
 */
const HOLD = [
  'read -r pid rest </proc/self/stat',
  'lo=down',
  'ip link set lo up 2>/dev/null && lo=up',
  'hostname -- "$1" 2>/dev/null || :',
  'cd /',
  'echo "$pid $lo"',
  'exec >/dev/null 2>&1',
  'read -r end || :',
].join('\n');

/**
 * The namespaces that a pod's containers share: user, network, ipc, uts, and a pid namespace around those of the containers.
 * A process outside of the containers' sight holds them. Its end, which the kernel brings about when the operator dies in
 * whatever way, is the end of every process of the pod, and nothing that a container does can change that.
 */
export class PodSandbox {
  private constructor(
    private readonly outer: LaunchedProcess,
    /** Pid, on the host, of the process that holds the namespaces. */
    readonly pid: number,
    /** Whether 127.0.0.1 works inside; it takes the `ip` command of the host. */
    readonly hasLoopback: boolean,
  ) {}

  /** Throws SandboxError when the host does not allow it. */
  static async create(options: PodSandboxOptions): Promise<PodSandbox> {
    const outer = launch(
      [
        ...takeIdentity(options.identity),
        ...['--pdeathsig=KILL', 'sh', '-c', CHECK_PARENT, String(process.pid)],
        ...['unshare', '--user', '--map-root-user', '--pid', '--net', '--ipc', '--uts'],
        ...['--fork', '--kill-child', 'sh', '-c', HOLD, 'sh', options.hostname],
      ],
      { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const { stdin, stdout, stderr } = outer.child;
    if (stdin === null || stdout === null || stderr === null) throw new SandboxError('no pipes');
    // The holder only ever reads the end; a broken pipe says that it is gone, and so does `exited`.
    stdin.on('error', () => {});
    const errors = collectText(stderr, MAX_MESSAGE_BYTES);
    const status = new StatusLines(stdout, outer, options.clock);
    try {
      const line = await status.next(START_DEADLINE_MS, options.signal);
      const [pid, loopback] = (line ?? '').split(' ');
      if (pid === '') {
        await outer.exited;
        throw new SandboxError(
          outer.startError()?.message ?? (errors() || 'the sandbox process ended early'),
        );
      }
      return new PodSandbox(outer, Number(pid), loopback === 'up');
    } catch (error) {
      kill(outer);
      await outer.exited;
      throw error;
    } finally {
      status.close();
      stderr.destroy();
    }
  }

  get hasEnded(): boolean {
    return this.outer.exit() !== undefined;
  }

  /** Resolves when the sandbox is gone. */
  get ended(): Promise<unknown> {
    return this.outer.exited;
  }

  /** Ends everything in it, and waits for that. */
  async close(): Promise<void> {
    kill(this.outer);
    await this.outer.exited;
    this.outer.child.stdin?.destroy();
  }

  /** The start of a command that runs in the sandbox's namespaces, as their root, with the host's files in sight. */
  get enter(): readonly string[] {
    const namespaces = ['user', 'pid', 'net', 'ipc', 'uts'];
    return [
      'nsenter',
      '--preserve-credentials',
      ...namespaces.map((name) => `--${name}=/proc/${this.pid}/ns/${name}`),
    ];
  }

  /** As `enter`, but only the user namespace. */
  get enterUser(): readonly string[] {
    return ['nsenter', '--preserve-credentials', `--user=/proc/${this.pid}/ns/user`];
  }
}

function kill(outer: LaunchedProcess): void {
  if (outer.child.pid !== undefined && outer.exit() === undefined) signalProcess(outer.child.pid, 'SIGKILL');
}
