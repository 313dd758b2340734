import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** CPU that a process has used so far, user and system, in milliseconds. Linux only. */
export function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10; // USER_HZ is 100 on every Linux that Node runs on
}

/**
 * Resident memory of a process in MB: now (`VmRSS`), of it what is of no file (`RssAnon`), or its highest so far (`VmHWM`);
 * undefined when it has ended.
 * Linux only.
 */
export function residentMb(pid, field = 'VmRSS') {
  let status;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
  // A process that has ended and was not waited for yet has a status without memory.
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kib === undefined ? undefined : (Number(kib) * 1024) / 1e6;
}

const ESTABLISHED = '01';

/** How many TCP connections a process has with a port of another. Linux only. */
export function connectionsTo(pid, port) {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set();
  for (const table of ['tcp', 'tcp6']) {
    for (const row of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const [, , to = '', state, , , , , , inode] = row.trim().split(/\s+/);
      if (to.endsWith(remote) && state === ESTABLISHED) sockets.add(`socket:[${inode}]`);
    }
  }
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`))).length;
}

/** Descriptors come and go while they are listed. */
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
