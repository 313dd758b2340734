import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../cluster/real-cluster/node/commands.js';
import {
  type Component,
  componentsOf,
  endComponents,
  startComponent,
  until,
} from '../cluster/real-cluster/processes.js';

const LOOPBACK = '127.0.0.1';
/** 10.214.N.0/30 is the cable of the Nth replica of this machine; the interface's name is what says that N is taken. */
const MOST_NETWORKS = 256;
const START_TIMEOUT_MS = 10_000;
const TABLE = ['inet', 'rynxs'] as const;

/** The servers that a replica talks to. */
export const SERVERS = ['API server', 'S3'] as const;
export type ServerName = (typeof SERVERS)[number];

/** What a replica reaches its servers by. */
export interface ReplicaNetwork extends AsyncDisposable {
  /** Where servers have to listen to be reached from it. */
  readonly serverAddress: string;
  /** Where the replica is reached. */
  readonly replicaAddress: string;
  /** The command that runs `command` on it; the pid is that of the command. */
  inside(command: readonly string[]): readonly string[];
  /**
   * From now on every packet from and to that port of the servers is lost, of connections that are open and of new ones,
   * and nobody is told. False where that cannot be done: then what listens there has to do it.
   */
  cut(port: number): Promise<boolean>;
  /** Undoes every cut. */
  mend(): Promise<void>;
}

/** Why replicas cannot have networks of their own here; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const paths = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = ['ip', 'nft', 'nsenter', 'unshare'].filter(
    (name) => !paths.some((path) => existsSync(join(path, name))),
  );
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} not found (iproute2, nftables, util-linux)`;
}

/** The network that everybody is on. */
export class SharedNetwork implements ReplicaNetwork {
  readonly serverAddress = LOOPBACK;
  readonly replicaAddress = LOOPBACK;

  inside(command: readonly string[]): readonly string[] {
    return command;
  }

  async cut(): Promise<boolean> {
    return false;
  }

  async mend(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A network namespace of its own at the end of a cable; what is cut is dropped by its packet filter. Linux, root. */
export class NamespaceNetwork implements ReplicaNetwork {
  readonly #directory: string;
  readonly #holder: Component;
  readonly serverAddress: string;
  readonly replicaAddress: string;

  private constructor(directory: string, holder: Component, index: number) {
    this.#directory = directory;
    this.#holder = holder;
    this.serverAddress = `10.214.${index}.1`;
    this.replicaAddress = `10.214.${index}.2`;
  }

  /** `directory` is the cluster's, with which it goes in any case; the cable goes with the namespace. */
  static async make(directory: string, name: string): Promise<NamespaceNetwork> {
    const component = `${name}-network`;
    const holder = await startComponent({
      directory,
      name: component,
      command: ['unshare', '--net', 'sleep', 'infinity'],
      logFile: join(directory, 'logs', `${component}.log`),
    });
    await isApart(holder);
    const index = await connect(holder.pid);
    const network = new NamespaceNetwork(directory, holder, index);
    await network.#configure(`rynxsha${index}`);
    return network;
  }

  inside(command: readonly string[]): readonly string[] {
    return ['nsenter', '--target', String(this.#holder.pid), '--net', '--', ...command];
  }

  async cut(port: number): Promise<boolean> {
    await this.#nft('add', 'rule', ...TABLE, 'out', 'tcp', 'dport', String(port), 'drop');
    await this.#nft('add', 'rule', ...TABLE, 'in', 'tcp', 'sport', String(port), 'drop');
    return true;
  }

  async mend(): Promise<void> {
    await this.#nft('flush', 'table', ...TABLE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { name } = this.#holder;
    await endComponents(this.#directory, componentsOf(this.#directory, name), { signal: 'SIGKILL' });
  }

  async #configure(outside: string): Promise<void> {
    await run(['ip', 'address', 'add', `${this.serverAddress}/30`, 'dev', outside]);
    await run(['ip', 'link', 'set', outside, 'up']);
    await run(this.inside(['ip', 'link', 'set', 'lo', 'up']));
    await run(this.inside(['ip', 'address', 'add', `${this.replicaAddress}/30`, 'dev', 'eth0']));
    await run(this.inside(['ip', 'link', 'set', 'eth0', 'up']));
    await this.#nft('add', 'table', ...TABLE);
    for (const [chain, hook] of [
      ['out', 'output'],
      ['in', 'input'],
    ] as const)
      await this.#nft('add', 'chain', ...TABLE, chain, `{ type filter hook ${hook} priority 0; }`);
  }

  async #nft(...args: readonly string[]): Promise<void> {
    await run(this.inside(['nft', ...args]));
  }
}

/** Resolves when the process has left our network. */
async function isApart({ pid }: Component): Promise<void> {
  const network = (of: string) => readlinkSync(`/proc/${of}/ns/net`);
  const isInTime = await until(() => network(String(pid)) !== network('self'), START_TIMEOUT_MS);
  if (!isInTime) throw new Error('the network of a replica is not made (unshare --net)');
}

/** Lays a cable between this machine and the network of the process; resolves to its number. */
async function connect(pid: number): Promise<number> {
  for (let index = 0; index < MOST_NETWORKS; index += 1) {
    const name = `rynxsha${index}`;
    if (existsSync(`/sys/class/net/${name}`)) continue;
    try {
      await run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
      return index;
    } catch (error) {
      // Another one may have been faster.
      if (!existsSync(`/sys/class/net/${name}`)) throw error;
    }
  }
  throw new Error(`there are ${MOST_NETWORKS} networks of replicas already (ip link show type veth)`);
}
