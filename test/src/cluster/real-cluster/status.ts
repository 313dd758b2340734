import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ClusterDirectory } from './cluster-directory.js';
import { readKubeconfig } from './kubeconfig.js';
import { type Component, componentsOf } from './processes.js';

/** How it stands with a cluster that has a name. */
export interface ClusterStatus {
  readonly name: string;
  /** `broken` is what a crash left: only some of its parts run, or none. */
  readonly state: 'running' | 'broken' | 'absent';
  /** Of the API server; while it runs. */
  readonly server?: string;
  /** Path of the administrator's; while it runs. */
  readonly kubeconfig?: string;
  /** The processes that run. */
  readonly components: readonly Component[];
}

/** The clusters that are in this directory. */
export function listClusters(directory: string): readonly ClusterStatus[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort()
    .map((name) => statusOf(join(directory, name)));
}

/** The cluster in this directory, which has its name. */
export function statusOf(path: string): ClusterStatus {
  const directory = new ClusterDirectory(path);
  const components = firstOfEach(componentsOf(path));
  const name = basename(path);
  if (!directory.isMade && components.length === 0) return { name, state: 'absent', components };
  if (!isWhole(directory, components)) return { name, state: 'broken', components };
  const { kubeconfig } = directory;
  return { name, state: 'running', server: readKubeconfig(kubeconfig).server.url, kubeconfig, components };
}

/** Whether the cluster was started to the end and all of its parts run. */
function isWhole(directory: ClusterDirectory, components: readonly Component[]): boolean {
  if (!directory.isMade) return false;
  const { components: expected, isStarted } = directory.read();
  return isStarted && expected.every((name) => components.some((component) => component.name === name));
}

/** By name, the process of each that is the oldest: what entered the node's namespaces has a parent of the same name. */
function firstOfEach(components: readonly Component[]): readonly Component[] {
  const byName = Map.groupBy(components, ({ name }) => name);
  return [...byName.keys()].sort().map((name) => {
    const pids = (byName.get(name) ?? []).map(({ pid }) => pid);
    return { name, pid: Math.min(...pids) };
  });
}
