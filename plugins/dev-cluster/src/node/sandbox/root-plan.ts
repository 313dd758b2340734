import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { type MountPoint, mountOf, mountsBelow } from './mount-table.js';

/** A piece of a container's root file system. Paths are absolute inside, sources relative to the node's directory. */
export type RootEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | BindEntry
  | { readonly kind: 'tmpfs'; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'proc' | 'devpts'; readonly path: string };

/** A directory or device of the host, shown inside. */
export interface BindEntry {
  readonly kind: 'bind';
  readonly source: string;
  readonly path: string;
  readonly of: 'directory' | 'device';
  readonly readOnly: boolean;
  /** Whether the mount point is there already, because it lies in something that was bound before. */
  readonly mountPointExists: boolean;
  /** Restrictions of the mount that the source lies on: the kernel refuses to loosen them. */
  readonly inheritedOptions: readonly string[];
  /** Mounts below the source, by their path from it; each needs making read-only by itself. */
  readonly submounts: readonly { readonly path: string; readonly options: readonly string[] }[];
}

/** What stays the same for all containers of a node. */
export interface HostUserland {
  readonly entries: readonly RootEntry[];
  readonly mountTable: readonly MountPoint[];
}

/** A volume of a pod, shown to one of its containers. */
export interface PodMount {
  /** Relative to the node's directory. */
  readonly source: string;
  readonly path: string;
  readonly readOnly: boolean;
}

export interface RootPlanOptions {
  readonly userland: HostUserland;
  /** The node's directory. */
  readonly nodeDir: string;
  /** Directory that becomes /etc, made by `writeEtc`, with mount points for everything that is shown below /etc. */
  readonly etc: string;
  readonly mounts: readonly PodMount[];
  readonly workingDir: string;
}

/** Bounds of what a container may write to memory: its root, /tmp and /dev/shm each. */
export const SCRATCH_BYTES = { root: 16 * 2 ** 20, tmp: 256 * 2 ** 20, shm: 64 * 2 ** 20 } as const;

const SHARED_DIRECTORIES = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
/** Flags of a source's mount that a bind in a user namespace must keep. */
const LOCKED_OPTIONS = ['nosuid', 'nodev', 'noexec'];
/** Directories of the host's /etc that its programs need and that hold nothing secret. */
export const ETC_DIRECTORIES = [
  '/etc/alternatives',
  '/etc/ssl/certs',
  '/etc/pki/ca-trust/extracted',
  '/etc/ca-certificates/extracted',
];
/** Nothing may be mounted at or below these, nor above them: what builds and enters the sandbox runs from there. */
const RESERVED = ['/usr', '/proc', '/sys', '/dev', ...SHARED_DIRECTORIES.map((name) => `/${name}`)];

/**
 * The host's programs, read-only: /usr, and /bin, /lib and their like as links or directories, as the host has them.
 * Nothing else of the host is shown but the devices that every container has.
 */
export function hostUserland(mountTable: readonly MountPoint[]): HostUserland {
  const entries: RootEntry[] = [hostBind(mountTable, '/usr')];
  for (const name of SHARED_DIRECTORIES) {
    const path = `/${name}`;
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) entries.push({ kind: 'symlink', path, target: readlinkSync(path) });
    else entries.push(hostBind(mountTable, path));
  }
  entries.push({ kind: 'proc', path: '/proc' });
  for (const name of DEVICES) {
    entries.push({ ...hostBind(mountTable, `/dev/${name}`), of: 'device', readOnly: false, submounts: [] });
  }
  entries.push(
    { kind: 'devpts', path: '/dev/pts' },
    { kind: 'symlink', path: '/dev/ptmx', target: 'pts/ptmx' },
    { kind: 'symlink', path: '/dev/fd', target: '/proc/self/fd' },
    { kind: 'symlink', path: '/dev/stdin', target: '/proc/self/fd/0' },
    { kind: 'symlink', path: '/dev/stdout', target: '/proc/self/fd/1' },
    { kind: 'symlink', path: '/dev/stderr', target: '/proc/self/fd/2' },
  );
  return { entries, mountTable };
}

/**
 * The root of one container, as entries in the order in which they are made. Call `mountPathProblem` for every volume
 * mount before.
 */
export function planRoot(options: RootPlanOptions): readonly RootEntry[] {
  const { userland, nodeDir } = options;
  const bind = (mount: PodMount): BindEntry => ({
    kind: 'bind',
    ...mount,
    of: 'directory',
    mountPointExists: mount.path.startsWith('/etc/'),
    inheritedOptions: lockedOptions(mountOf(userland.mountTable, `${nodeDir}/${mount.source}`)),
    submounts: [],
  });
  const paths = options.mounts.map((mount) => mount.path);
  const isCovered = (path: string) => paths.some((each) => path === each || path.startsWith(`${each}/`));
  const entries: RootEntry[] = [
    ...userland.entries,
    bind({ source: options.etc, path: '/etc', readOnly: true }),
    ...ETC_DIRECTORIES.filter(isDirectory).map((path) => ({
      ...hostBind(userland.mountTable, path),
      mountPointExists: true,
    })),
  ];
  if (!isCovered('/dev/shm')) entries.push({ kind: 'tmpfs', path: '/dev/shm', sizeBytes: SCRATCH_BYTES.shm });
  if (!isCovered('/tmp')) entries.push({ kind: 'tmpfs', path: '/tmp', sizeBytes: SCRATCH_BYTES.tmp });
  for (const mount of options.mounts) entries.push(bind(mount));
  if (options.workingDir !== '/' && !isCovered(options.workingDir) && !isReserved(options.workingDir)) {
    entries.push({ kind: 'directory', path: options.workingDir });
  }
  return entries;
}

/**
 * Why a volume cannot be mounted at `path`; undefined when it can. `others` are the mount paths beside it. A volume inside
 * another one is refused because what the container writes to the outer one (a symbolic link) would decide where the
 * inner one goes.
 */
export function mountPathProblem(path: string, others: readonly string[]): string | undefined {
  const parts = path.split('/').slice(1);
  if (!path.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..')) {
    return `the mount path "${path}" is not a plain absolute path`;
  }
  if (path === '/etc' || isReserved(path)) {
    return `nothing can be mounted at "${path}": the embedded node provides it`;
  }
  const outer = others.find((other) => path.startsWith(`${other}/`));
  return outer === undefined
    ? undefined
    : `"${path}" lies inside the volume mounted at "${outer}", which the embedded node does not support`;
}

/** Whether the host has a directory there. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isReserved(path: string): boolean {
  if (path === '/dev/shm') return false;
  return RESERVED.some((reserved) => path === reserved || path.startsWith(`${reserved}/`));
}

function hostBind(table: readonly MountPoint[], path: string): BindEntry {
  return {
    kind: 'bind',
    source: path,
    path,
    of: 'directory',
    readOnly: true,
    mountPointExists: false,
    inheritedOptions: lockedOptions(mountOf(table, path)),
    submounts: mountsBelow(table, path).map((mount) => ({
      path: mount.path.slice(path.length),
      options: lockedOptions(mount),
    })),
  };
}

function lockedOptions(mount: MountPoint | undefined): readonly string[] {
  return LOCKED_OPTIONS.filter((option) => mount?.options.has(option) === true);
}
