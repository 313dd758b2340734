import type { BindEntry, RootEntry } from './root-plan.js';
import { SCRATCH_BYTES } from './root-plan.js';
import { quoted, quotedCommand } from './shell.js';

/** Where the new root is put together; it hides what the host has there from this mount namespace alone. */
const NEW_ROOT = '/tmp';

/**
 * Starts the first process of the new pid namespace and passes on how it ended. A shell does what `unshare --fork` would,
 * because that (2.38) gives a wrong exit code when the process was killed. What the shell itself has to say about that
 * goes nowhere; descriptor 2 is for the set-up.
 */
const WAIT_FOR_FIRST = 'exec 7>&2 2>/dev/null; (exec "$@" 2>&7 7>&-); exit $?';

export interface RootBuild {
  readonly entries: readonly RootEntry[];
  readonly readOnlyRoot: boolean;
  readonly uid: number;
  readonly gid: number;
}

/**
 * A command that enters new mount, pid and cgroup namespaces, builds the root, leaves the host's behind, and runs
 * `finish` in `sh -c` as the user inside, with all capabilities over an inner user namespace that owns nothing.
 * For use where the caller is root of a user namespace of its own, in the node's directory.
 *
 * Between the first mount and pivot_root the host's own programs run with the host's files in sight; after it, nothing
 * but the read-only programs that were just bound.
 */
export function unshareRoot(build: RootBuild, finish: string): readonly string[] {
  const inner = quotedCommand([
    ...['unshare', '--user', `--map-user=${build.uid}`, `--map-group=${build.gid}`, '--keep-caps'],
    ...['sh', '-c', finish],
  ]);
  const script = [
    'set -eu',
    'umask 022',
    `mount -t tmpfs -o mode=755,size=${SCRATCH_BYTES.root},nosuid,nodev root ${NEW_ROOT}`,
    ...entryLines(build.entries),
    ...(build.readOnlyRoot ? [`mount -o remount,bind,ro,nosuid,nodev ${NEW_ROOT}`] : []),
    `cd ${NEW_ROOT}`,
    'pivot_root . .',
    'umount -c -l .',
    'cd /',
    `exec ${inner}`,
  ].join('\n');
  const namespaces = ['--mount', '--pid', '--cgroup', '--propagation', 'private'];
  const first = ['setpriv', '--pdeathsig=KILL', 'sh', '-c', script];
  return ['unshare', ...namespaces, 'sh', '-c', WAIT_FOR_FIRST, 'sh', ...first];
}

function entryLines(entries: readonly RootEntry[]): string[] {
  const directories = entries.flatMap((entry) => {
    if (entry.kind === 'symlink' || (entry.kind === 'bind' && entry.mountPointExists)) return [];
    return [entry.kind === 'bind' && entry.of !== 'directory' ? parentOf(entry.path) : entry.path];
  });
  const scratch = entries.flatMap((entry) => (entry.kind === 'tmpfs' ? [`${entry.path}/`] : []));
  const isInScratch = (path: string) => scratch.some((prefix) => path.startsWith(prefix));
  return [
    // One process for all: most of the time that a root takes goes into starting programs.
    `mkdir -p ${[...new Set(directories)].map(inside).join(' ')}`,
    ...linkLines(entries),
    ...entries.flatMap((entry) => [
      // The tmpfs, mounted by now, hides the directory that was made above.
      ...(isInScratch(entry.path) ? [`mkdir -p ${inside(entry.path)}`] : []),
      ...linesOf(entry),
    ]),
  ];
}

/** Links whose target ends with their own name are made together. */
function linkLines(entries: readonly RootEntry[]): string[] {
  const together = new Map<string, string[]>();
  const lines: string[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'symlink') continue;
    if (entry.target.split('/').at(-1) === entry.path.split('/').at(-1)) {
      const directory = parentOf(entry.path);
      together.set(directory, [...(together.get(directory) ?? []), entry.target]);
    } else lines.push(`ln -s ${quoted(entry.target)} ${inside(entry.path)}`);
  }
  for (const [directory, targets] of together) {
    lines.push(`ln -s ${quotedCommand(targets)} ${inside(directory)}/`);
  }
  return lines;
}

function linesOf(entry: RootEntry): string[] {
  switch (entry.kind) {
    case 'directory':
    case 'symlink':
      return [];
    case 'proc':
      return [`mount -t proc -o nosuid,nodev,noexec proc ${inside(entry.path)}`];
    case 'devpts':
      return [
        `mount -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts ${inside(entry.path)}`,
      ];
    case 'tmpfs':
      return [`mount -t tmpfs -o mode=1777,size=${entry.sizeBytes},nosuid,nodev tmpfs ${inside(entry.path)}`];
    case 'bind':
      return bindLines(entry);
  }
}

function bindLines(entry: BindEntry): string[] {
  const target = inside(entry.path);
  const lines: string[] = [];
  if (entry.of !== 'directory' && !entry.mountPointExists) lines.push(`: > ${target}`);
  const readOnly = (options: readonly string[]) =>
    [...new Set(['ro', 'nosuid', 'nodev', ...options])].join(',');
  // -c: a relative source stays relative to the working directory, whose parents this user may be barred from.
  if (!entry.readOnly) lines.push(`mount -c --rbind ${quoted(entry.source)} ${target}`);
  else if (entry.submounts.length === 0) {
    lines.push(`mount -c -o bind,${readOnly(entry.inheritedOptions)} ${quoted(entry.source)} ${target}`);
  } else {
    lines.push(`mount -c --rbind ${quoted(entry.source)} ${target}`);
    for (const mount of [{ path: '', options: entry.inheritedOptions }, ...entry.submounts]) {
      lines.push(`mount -o remount,bind,${readOnly(mount.options)} ${inside(entry.path + mount.path)}`);
    }
  }
  return lines;
}

function inside(path: string): string {
  return quoted(NEW_ROOT + path);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
