import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.js';

/** What a cluster keeps to itself; everything about it that is not a process is in one directory. */
export class ClusterDirectory {
  constructor(readonly path: string) {}

  get pki(): string {
    return join(this.path, 'pki');
  }

  get etcd(): string {
    return join(this.path, 'etcd');
  }

  get auditLog(): string {
    return join(this.path, 'audit.log');
  }

  /** The administrator's. */
  get kubeconfig(): string {
    return join(this.path, 'kubeconfig');
  }

  file(name: string): string {
    return join(this.path, name);
  }

  log(component: string): string {
    return join(this.path, 'logs', `${component}.log`);
  }

  get isMade(): boolean {
    return existsSync(this.file('cluster.json'));
  }

  /** Makes the directory, which no other files may be in. */
  make(settings: ClusterSettings): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    if (readdirSync(this.path).length > 0) {
      throw new Error(`${this.path} is not empty and holds no cluster; name another directory`);
    }
    this.write(settings);
    mkdirSync(this.file('logs'));
  }

  /** Writes down what the cluster is started with; whole or not at all. */
  write(settings: ClusterSettings): void {
    const aside = this.file('cluster.json.new');
    writeFileSync(aside, `${JSON.stringify(settings, null, 2)}\n`);
    renameSync(aside, this.file('cluster.json'));
  }

  read(): ClusterSettings {
    return JSON.parse(readFileSync(this.file('cluster.json'), 'utf8'));
  }

  /** Removes a cluster's files; what says that they are one's goes last, so that it can be done again. */
  remove(): void {
    if (!this.isMade) return;
    for (const name of readdirSync(this.path)) {
      if (name !== 'cluster.json') rmSync(this.file(name), { recursive: true, force: true });
    }
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What stays the same when a part of the cluster is started again. */
export interface ClusterSettings {
  /** The processes that are to run. */
  readonly components: readonly string[];
  readonly ports: { readonly etcd: number; readonly etcdPeer: number; readonly apiserver: number };
  /** The controllers that the controller manager runs, by its own names; `*` is all of them, none is no manager. */
  readonly controllers: readonly string[];
  /** Whether the start came to its end. */
  readonly isStarted: boolean;
  /** Present when the cluster has a node. */
  readonly node?: NodeAddresses;
}

/** The two ends of the cable between the machine and the node, which is a network of its own. */
export interface NodeAddresses {
  readonly interface: string;
  readonly host: string;
  readonly node: string;
}

export async function freePorts(): Promise<ClusterSettings['ports']> {
  return { etcd: await freePort(), etcdPeer: await freePort(), apiserver: await freePort() };
}
