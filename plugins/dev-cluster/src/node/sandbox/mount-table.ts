import { readFileSync } from 'node:fs';

/** A mount of the host. */
export interface MountPoint {
  readonly path: string;
  /** Per-mount options: `ro`, `nosuid`, `nodev`, `noexec`, `relatime`, … */
  readonly options: ReadonlySet<string>;
}

/** Reads a mountinfo file (proc_pid_mountinfo(5)); of mounts on one path the last, which hides the others, is kept. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  const mounts = new Map<string, MountPoint>();
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const [path, options] = [fields[4], fields[5]];
    if (path === undefined || options === undefined) continue;
    const name = path.replace(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    mounts.set(name, { path: name, options: new Set(options.split(',')) });
  }
  return [...mounts.values()];
}

export function readMountTable(): readonly MountPoint[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The mounts strictly below a directory. */
export function mountsBelow(table: readonly MountPoint[], directory: string): readonly MountPoint[] {
  return table.filter((mount) => mount.path.startsWith(`${directory}/`));
}

/** The mount that a path is on. */
export function mountOf(table: readonly MountPoint[], path: string): MountPoint | undefined {
  let best: MountPoint | undefined;
  for (const mount of table) {
    const contains = mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`);
    if (contains && mount.path.length >= (best?.path.length ?? 0)) best = mount;
  }
  return best;
}
