import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterDirectory, NodeAddresses } from '../cluster-directory.js';
import { type Component, startComponent, until } from '../processes.js';
import { run } from './commands.js';

/** The first process of a node, and the one that holds its namespaces. */
export const MACHINE = 'node';
const CGROUPS = '/sys/fs/cgroup';
/** 10.213.N.0/30 is the cable of the Nth node; the interface's name is what says that N is taken. */
const MOST_NODES = 256;
const START_TIMEOUT_MS = 10_000;
const CLEANUP_TIMEOUT_MS = 10_000;

/**
 * The machine that a node runs on: network, mounts and processes of its own, like a container. Everything in it ends
 * with its first process, and what it mounted, its interfaces and its tables of packet filters go with it.
 */
export class Machine {
  private constructor(
    readonly directory: ClusterDirectory,
    /** Of its first process, as the system outside sees it. */
    readonly pid: number,
    readonly addresses: NodeAddresses,
  ) {}

  /** Starts a machine that is connected to this one by a cable of its own. */
  static async start(directory: ClusterDirectory, program: string): Promise<Machine> {
    const { path } = directory;
    if (/^\/(var|run)\//.test(path))
      throw new Error(`a cluster with a node cannot be kept below /var or /run: ${path}`);
    const holder = await startComponent({
      directory: path,
      name: MACHINE,
      command: [
        ...[
          'unshare',
          '--net',
          '--mount',
          '--pid',
          '--ipc',
          '--uts',
          '--fork',
          '--kill-child',
          '--mount-proc',
        ],
        ...['--propagation', 'private', program, 'first'],
      ],
      logFile: directory.log(MACHINE),
    });
    const pid = await firstProcess(holder, program);
    const addresses = await connect(pid);
    return new Machine(directory, pid, addresses);
  }

  /** Gives the machine a disk and a control group, once its addresses are written down: they name what is to be removed. */
  async prepare(): Promise<void> {
    for (const name of ['lib', 'log', 'volumes']) mkdirSync(this.var(name), { recursive: true });
    await run(this.inside(['mount', '--bind', this.directory.file('var'), '/var']));
    await run(this.inside(['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run']));
    await run(this.inside(['hostname', 'node']));
    makeCgroup(this.addresses.interface);
  }

  /** The command that runs `command` on the machine. */
  inside(command: readonly string[]): readonly string[] {
    return [
      'nsenter',
      '--target',
      String(this.pid),
      '--net',
      '--mount',
      '--pid',
      '--ipc',
      '--uts',
      '--',
      ...command,
    ];
  }

  /** The command that runs `command` here, but with the machine's network. Its pid is that of the command. */
  onItsNetwork(command: readonly string[]): readonly string[] {
    return ['nsenter', '--target', String(this.pid), '--net', '--', ...command];
  }

  /** Path of a file that the machine has at /var/`name`. */
  var(name: string): string {
    return join(this.directory.file('var'), name);
  }
}

/** Removes the control groups of a node whose processes have ended. */
export async function removeCgroups(name: string): Promise<void> {
  for (const path of hierarchies().map((hierarchy) => join(hierarchy, name))) {
    // The kernel lets go of ended processes in its own time.
    if (await until(() => isRemoved(path), CLEANUP_TIMEOUT_MS)) continue;
    throw new Error(`the control group ${path} cannot be removed: something runs in it`);
  }
}

function isRemoved(path: string): boolean {
  if (!existsSync(path)) return true;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory() && !isRemoved(join(path, entry.name))) return false;
  }
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

async function firstProcess(holder: Component, program: string): Promise<number> {
  let found: number | undefined;
  await until(() => {
    found = childrenOf(holder.pid).find((pid) => isFirst(pid, program));
    return found !== undefined;
  }, START_TIMEOUT_MS);
  if (found === undefined) throw new Error('the machine of the node does not start (unshare)');
  return found;
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Whether unshare has become what it was to start. */
function isFirst(pid: number, program: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${program}\0first\0`;
  } catch {
    return false;
  }
}

/** Lays a cable between this machine and the network of the process. */
async function connect(pid: number): Promise<NodeAddresses> {
  for (let index = 0; index < MOST_NODES; index += 1) {
    const name = `rynxs${index}`;
    if (existsSync(`/sys/class/net/${name}`)) continue;
    try {
      await run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
    } catch (error) {
      if (existsSync(`/sys/class/net/${name}`)) continue; // another one was faster
      throw error;
    }
    const addresses = { interface: name, host: `10.213.${index}.1`, node: `10.213.${index}.2` };
    await configure(pid, addresses);
    return addresses;
  }
  throw new Error(`there are ${MOST_NODES} nodes already (ip link show type veth)`);
}

async function configure(pid: number, addresses: NodeAddresses): Promise<void> {
  const inside = ['nsenter', '--target', String(pid), '--net', '--', 'ip'];
  await run(['ip', 'address', 'add', `${addresses.host}/30`, 'dev', addresses.interface]);
  await run(['ip', 'link', 'set', addresses.interface, 'up']);
  await run([...inside, 'link', 'set', 'lo', 'up']);
  await run([...inside, 'address', 'add', `${addresses.node}/30`, 'dev', 'eth0']);
  await run([...inside, 'link', 'set', 'eth0', 'up']);
  await run([...inside, 'route', 'add', 'default', 'via', addresses.host]);
}

/** Makes the control group below which everything on the node is. */
function makeCgroup(name: string): void {
  for (const hierarchy of hierarchies()) {
    const path = join(hierarchy, name);
    mkdirSync(path, { recursive: true });
    // A new group of cpuset has no processors until it is given some (cpuset(7)); version 2 takes the parent's.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (!existsSync(join(hierarchy, file)) || !existsSync(join(path, file))) continue;
      writeFileSync(join(path, file), readFileSync(join(hierarchy, file)));
    }
  }
}

/** The mounts of control groups: one of version 2, or one for each controller of version 1. */
function hierarchies(): readonly string[] {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS];
  return readdirSync(CGROUPS)
    .map((name) => join(CGROUPS, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')));
}
