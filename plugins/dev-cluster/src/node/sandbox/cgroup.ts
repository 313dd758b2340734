import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '@rynxs/kernel';
import {
  type ContainerLimits,
  type LimitEnforcement,
  type Limiter,
  MAX_TASKS,
  type ResourceLimits,
  RLIMITS,
} from './limits.js';

/** Where this process stands in the host's cgroup file systems. */
export interface CgroupPlaces {
  /** Directories to try for the unified hierarchy (v2), best first. */
  readonly unified: readonly string[];
  /** This process's own directory for each v1 controller that is mounted. */
  readonly v1: Readonly<Record<string, string>>;
}

const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;
type Controller = (typeof CONTROLLERS)[number];
const CPU_PERIOD_US = 100_000;
/** The cgroup of a node is called by the pid of its operator and a number among that operator's nodes. */
const NODE_CGROUP = /^rynxs-(\d+)-\d+$/;
/** The kernel lets go of a cgroup's last process a moment after its parent learnt of its end. */
const RELEASE_ATTEMPTS = 50;
const RELEASE_WAIT_MS = 10;

/** Finds the places from the texts of /proc/self/mountinfo and /proc/self/cgroup (cgroups(7)). */
export function findCgroupPlaces(mountInfo: string, ownCgroups: string): CgroupPlaces {
  const paths = new Map<string, string>();
  for (const line of ownCgroups.trim().split('\n')) {
    const [, controllers, ...path] = line.split(':');
    for (const controller of (controllers ?? '').split(',')) paths.set(controller, path.join(':'));
  }
  const unified: string[] = [];
  const v1: Record<string, string> = {};
  for (const line of mountInfo.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [type, , superOptions = ''] = filesystem.split(' ');
    const [, , , root = '/', target = ''] = mount.split(' ');
    const below = (path: string) => resolve(target, `.${root === '/' ? path : path.slice(root.length)}`);
    if (type === 'cgroup2') {
      const own = below(paths.get('') ?? '/');
      // Beside this process where its own cgroup, having processes, cannot have controlled children.
      unified.push(own, ...(own === target ? [] : [dirname(own)]));
    } else if (type === 'cgroup') {
      for (const controller of superOptions.split(',')) {
        const path = paths.get(controller);
        if (path !== undefined && CONTROLLERS.some((each) => each === controller))
          v1[controller] = below(path);
      }
    }
  }
  return { unified, v1 };
}

let nodes = 0;

/** A limiter by cgroups where this process may make any, else RLIMITS. Removes what a dead operator left behind. */
export function createLimiter(clock: Clock, ownerPid: number = process.pid): Limiter {
  const places = findCgroupPlaces(
    readFileSync('/proc/self/mountinfo', 'utf8'),
    readFileSync('/proc/self/cgroup', 'utf8'),
  );
  return limiterAt(places, clock, ownerPid);
}

/** As `createLimiter`, with given places, and with another way to make a cgroup than by mkdir. */
export function limiterAt(
  places: CgroupPlaces,
  clock: Clock,
  ownerPid: number,
  makeCgroup: (directory: string) => void = (directory) => mkdirSync(directory, { recursive: true }),
): Limiter {
  nodes += 1;
  const name = `rynxs-${ownerPid}-${nodes}`;
  for (const place of places.unified) {
    const controllers = new Map<Controller, string>();
    const directory = join(place, name);
    if (!attempt(() => enableUnified(place, directory, makeCgroup))) continue;
    const available = readFileSync(join(directory, 'cgroup.controllers'), 'utf8').trim().split(' ');
    for (const controller of CONTROLLERS) {
      if (available.includes(controller)) controllers.set(controller, directory);
    }
    if (controllers.size > 0) {
      removeLeftovers(place);
      return new CgroupLimiter('CgroupV2', controllers, clock);
    }
    attempt(() => rmdirSync(directory));
  }
  const controllers = new Map<Controller, string>();
  for (const controller of CONTROLLERS) {
    const place = places.v1[controller];
    if (place === undefined) continue;
    const directory = join(place, name);
    if (!attempt(() => makeCgroup(directory))) continue;
    controllers.set(controller, directory);
    removeLeftovers(place);
  }
  return controllers.size === 0 ? RLIMITS : new CgroupLimiter('CgroupV1', controllers, clock);
}

class CgroupLimiter implements Limiter {
  readonly enforcement: LimitEnforcement;

  constructor(
    private readonly version: 'CgroupV1' | 'CgroupV2',
    private readonly controllers: ReadonlyMap<Controller, string>,
    private readonly clock: Clock,
  ) {
    this.enforcement = { by: version, enforces: [...controllers.keys()] };
  }

  limit(name: string, limits: ResourceLimits): ContainerLimits {
    const directories = new Map<Controller, string>();
    for (const [controller, parent] of this.controllers) {
      const directory = join(parent, name);
      mkdirSync(directory, { recursive: true });
      directories.set(controller, directory);
      for (const [file, value] of settings(this.version, controller, limits)) {
        writeFileSync(join(directory, file), value);
      }
    }
    const unique = [...new Set(directories.values())];
    const memory = directories.get('memory');
    return {
      procsFiles: unique.map((directory) => join(directory, 'cgroup.procs')),
      shellCommands: [],
      oomKills: () => (memory === undefined ? 0 : oomKills(this.version, memory)),
      release: async () => {
        for (const directory of unique) await this.#remove(directory);
      },
    };
  }

  async close(): Promise<void> {
    for (const directory of new Set(this.controllers.values())) await this.#remove(directory);
  }

  async #remove(directory: string): Promise<void> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        rmdirSync(directory);
        return;
      } catch (error) {
        if (hasErrno(error, 'ENOENT')) return;
        if (!hasErrno(error, 'EBUSY') || attempts >= RELEASE_ATTEMPTS) throw error;
        await this.clock.sleep(RELEASE_WAIT_MS);
      }
    }
  }
}

function settings(
  version: 'CgroupV1' | 'CgroupV2',
  controller: Controller,
  limits: ResourceLimits,
): (readonly [string, string])[] {
  const quota = Math.max(1_000, Math.round((limits.cpuCores ?? 0) * CPU_PERIOD_US));
  switch (controller) {
    case 'pids':
      return [['pids.max', String(MAX_TASKS)]];
    case 'memory':
      if (limits.memoryBytes === undefined) return [];
      return [[version === 'CgroupV2' ? 'memory.max' : 'memory.limit_in_bytes', String(limits.memoryBytes)]];
    case 'cpu':
      if (limits.cpuCores === undefined) return [];
      if (version === 'CgroupV2') return [['cpu.max', `${quota} ${CPU_PERIOD_US}`]];
      return [
        ['cpu.cfs_period_us', String(CPU_PERIOD_US)],
        ['cpu.cfs_quota_us', String(quota)],
      ];
  }
}

function oomKills(version: 'CgroupV1' | 'CgroupV2', directory: string): number {
  const file = version === 'CgroupV2' ? 'memory.events' : 'memory.oom_control';
  const count = /^oom_kill (\d+)$/m.exec(readFileSync(join(directory, file), 'utf8'))?.[1];
  return Number(count ?? 0);
}

/** Makes a v2 cgroup whose children may have controllers; throws where that is not allowed. */
function enableUnified(place: string, directory: string, makeCgroup: (directory: string) => void): void {
  makeCgroup(directory);
  try {
    const available = readFileSync(join(place, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const wanted = CONTROLLERS.filter((each) => available.includes(each)).map((each) => `+${each}`);
    if (wanted.length === 0) throw new Error(`no controllers in ${place}`);
    writeFileSync(join(place, 'cgroup.subtree_control'), wanted.join(' '));
    writeFileSync(join(directory, 'cgroup.subtree_control'), wanted.join(' '));
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
}

/** Removes the empty cgroups of operators that are gone. */
function removeLeftovers(place: string): void {
  for (const name of readdirSync(place)) {
    const pid = NODE_CGROUP.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const directory = join(place, name);
    attempt(() => {
      for (const child of readdirSync(directory, { withFileTypes: true })) {
        if (child.isDirectory()) rmdirSync(join(directory, child.name));
      }
      rmdirSync(directory);
    });
  }
}

/** Whether a process runs; one that has ended and only waits for its parent to notice does not. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '');
  } catch (error) {
    return !hasErrno(error, 'ENOENT') && !hasErrno(error, 'ESRCH');
  }
}

/** Whether it worked: what a host does not allow is not used. */
function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
