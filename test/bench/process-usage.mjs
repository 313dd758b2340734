import { readFileSync } from 'node:fs';

/** CPU that a process has used so far, user and system, in milliseconds. Linux only. */
export function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10; // USER_HZ is 100 on every Linux that Node runs on
}

/** Resident memory of a process in MB: now (`VmRSS`) or its highest so far (`VmHWM`). Linux only. */
export function residentMb(pid, field = 'VmRSS') {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return (Number(kib) * 1024) / 1e6;
}
