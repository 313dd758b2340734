import { openSync, readdirSync, readFileSync } from 'node:fs';

/** What a file descriptor of a new process becomes: nothing, a pipe to this process, or one of its files. */
export type StdioEntry = 'ignore' | 'pipe' | number;

/** See open(2) and proc_pid_fdinfo(5). */
const O_CLOEXEC = 0o2000000;

/** Found once: they do not change, because whatever Node itself opens is closed in children. */
let inherited: { readonly descriptors: readonly number[]; readonly nowhere: number } | undefined;

/**
 * The same, with /dev/null in the place of everything that the child would be given unasked: descriptors that this process
 * was itself started with. Node keeps only those of low numbers from its children.
 */
export function withoutInherited(stdio: readonly StdioEntry[]): StdioEntry[] {
  inherited ??= { descriptors: inheritedDescriptors(), nowhere: openSync('/dev/null', 'r') };
  const all = [...stdio];
  for (const fd of inherited.descriptors) {
    if (fd < stdio.length) continue;
    while (all.length < fd) all.push('ignore');
    all[fd] = inherited.nowhere;
  }
  return all;
}

function inheritedDescriptors(): readonly number[] {
  const open = readdirSync('/proc/self/fd').map(Number);
  return open.filter((fd) => fd > 2 && isInheritable(fd)).sort((a, b) => a - b);
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return (Number.parseInt(flags ?? '', 8) & O_CLOEXEC) === 0;
  } catch {
    // Closed meanwhile, as the one that listed the directory is.
    return false;
  }
}
