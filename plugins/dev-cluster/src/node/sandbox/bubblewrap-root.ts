import type { RootEntry } from './root-plan.js';
import { SCRATCH_BYTES } from './root-plan.js';
import { quotedCommand } from './shell.js';
import type { RootBuild } from './unshare-root.js';

/** Where bubblewrap finds the node's directory, whose own parents the sandbox's host user may be barred from. */
const NODE_DIR = '/tmp';

/**
 * As `unshareRoot`, by bubblewrap: one process instead of a shell that starts some thirty. What it cannot do itself is done
 * before, in a mount namespace that it then leaves: the right /proc, a new devpts, and the node's directory at a path in reach.
 */
export function bubblewrapRoot(build: RootBuild, finish: string): readonly string[] {
  const bubblewrap = [
    'bwrap',
    ...['--unshare-user', '--unshare-pid', '--unshare-cgroup', '--as-pid-1', '--die-with-parent'],
    ...['--uid', String(build.uid), '--gid', String(build.gid)],
    // What `finish` needs to forbid further user namespaces and to empty the bounding set; it drops both itself.
    ...['--cap-drop', 'ALL', '--cap-add', 'CAP_SYS_RESOURCE', '--cap-add', 'CAP_SETPCAP'],
    ...['--size', String(SCRATCH_BYTES.root), '--tmpfs', '/'],
    ...build.entries.flatMap(argumentsOf),
    ...(build.readOnlyRoot ? ['--remount-ro', '/'] : []),
    ...['--chdir', '/', 'sh', '-c', finish],
  ];
  const script = [
    'set -eu',
    // bubblewrap names processes as its own pid namespace counts, and looks them up in /proc.
    'mount -t proc -o nosuid,nodev,noexec proc /proc',
    'mount -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts /dev/pts',
    `mount -c --rbind . ${NODE_DIR}`,
    'cd /',
    `exec ${quotedCommand(bubblewrap)}`,
  ].join('\n');
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script];
}

function argumentsOf(entry: RootEntry): string[] {
  switch (entry.kind) {
    case 'directory':
      return ['--dir', entry.path];
    case 'symlink':
      return ['--symlink', entry.target, entry.path];
    case 'proc':
      return ['--proc', entry.path];
    case 'devpts':
      return ['--dev-bind', '/dev/pts', entry.path];
    case 'tmpfs':
      return ['--perms', '1777', '--size', String(entry.sizeBytes), '--tmpfs', entry.path];
    case 'bind': {
      const source = entry.source.startsWith('/') ? entry.source : `${NODE_DIR}/${entry.source}`;
      const verb = entry.of === 'device' ? '--dev-bind' : entry.readOnly ? '--ro-bind' : '--bind';
      return [verb, source, entry.path];
    }
  }
}
