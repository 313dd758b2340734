import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SystemClock } from '@rynxs/kernel';
import { giveTree } from '../directories.js';
import type { ConfinedCommand } from '../sandbox/confined-command.js';
import {
  type ConfinedProcess,
  type ContainerProcess,
  enterContainer,
  type SandboxRuntime,
  startContainer,
} from '../sandbox/container-process.js';
import { writeEtc } from '../sandbox/etc.js';
import { DEFAULT_SANDBOX_USER, hostIdentity } from '../sandbox/identity.js';
import { type ContainerLimits, RLIMITS } from '../sandbox/limits.js';
import { readMountTable } from '../sandbox/mount-table.js';
import { PodSandbox } from '../sandbox/pod-sandbox.js';
import { HOST_PATH } from '../sandbox/process.js';
import { hostUserland, type PodMount, planRoot } from '../sandbox/root-plan.js';

const USER = { uid: DEFAULT_SANDBOX_USER, gid: DEFAULT_SANDBOX_USER };
const NEVER = new AbortController().signal;

export interface ContainerChoices {
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly readOnlyRoot?: boolean;
  readonly mounts?: readonly PodMount[];
  readonly limits?: ContainerLimits;
  readonly signal?: AbortSignal;
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** A pod's sandbox with a directory, for tests of what goes on inside. */
export class SandboxHarness {
  readonly clock = new SystemClock();
  readonly identity = hostIdentity();

  private constructor(
    readonly runtime: SandboxRuntime,
    readonly dir: string,
    readonly sandbox: PodSandbox,
  ) {}

  static async create(runtime: SandboxRuntime, hostname = 'pod-1'): Promise<SandboxHarness> {
    const dir = await mkdtemp(join(tmpdir(), 'rynxs-sandbox-test-'));
    await chmod(dir, 0o711);
    const identity = hostIdentity();
    await writeEtc({ directory: join(dir, 'etc'), hostname, users: [USER], identity, mountPaths: [] });
    const clock = new SystemClock();
    const sandbox = await PodSandbox.create({ identity, hostname, clock, signal: NEVER });
    return new SandboxHarness(runtime, dir, sandbox);
  }

  /** A directory that the sandbox's user may write, as a volume has it. */
  async volume(name: string): Promise<string> {
    await mkdir(join(this.dir, name));
    await giveTree(join(this.dir, name), this.identity);
    return name;
  }

  async start(argv: readonly string[], choices: ContainerChoices = {}): Promise<ContainerProcess> {
    const workingDir = choices.workingDir ?? '/';
    return startContainer({
      ...this.#confinement(choices.limits, choices.signal),
      runtime: this.runtime,
      command: this.#command(argv, { ...choices, workingDir }),
      root: {
        entries: planRoot({
          userland: hostUserland(readMountTable()),
          nodeDir: this.dir,
          etc: 'etc',
          mounts: choices.mounts ?? [],
          workingDir,
        }),
        readOnlyRoot: choices.readOnlyRoot ?? true,
        ...USER,
      },
    });
  }

  /** Runs a command as a container to its end. */
  async run(argv: readonly string[], choices: ContainerChoices = {}): Promise<Outcome> {
    return outcome(await this.start(argv, choices));
  }

  /** Runs a script in `sh` as a container to its end. */
  async sh(script: string, choices: ContainerChoices = {}): Promise<Outcome> {
    return this.run(['sh', '-c', script], choices);
  }

  async enter(
    container: ContainerProcess,
    argv: readonly string[],
    choices: { readonly hasStdin?: boolean; readonly tty?: boolean; readonly limits?: ContainerLimits } = {},
  ): Promise<ConfinedProcess> {
    return enterContainer({
      ...this.#confinement(choices.limits),
      container,
      command: { ...this.#command(argv, { workingDir: '/' }), ...choices },
    });
  }

  async close(): Promise<void> {
    await this.sandbox.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  #confinement(limits: ContainerLimits = RLIMITS.limit('test', {}), signal: AbortSignal = NEVER) {
    const { sandbox, identity, clock } = this;
    return { sandbox, identity, clock, limits, nodeDir: this.dir, pipeDir: this.dir, signal };
  }

  #command(
    argv: readonly string[],
    {
      env = {},
      workingDir,
    }: { readonly env?: Readonly<Record<string, string>>; readonly workingDir: string },
  ): ConfinedCommand {
    return { argv, env: { PATH: HOST_PATH, ...env }, workingDir, hasStdin: false, tty: false };
  }
}

/** Everything that a process says, and how it ends. */
export async function outcome(process: ConfinedProcess): Promise<Outcome> {
  const [stdout, stderr, exit] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.exited,
  ]);
  return { stdout, stderr, code: exit.code };
}
