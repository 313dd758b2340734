import { readFileSync } from 'node:fs';

/** `debian-12`: what the host calls itself. */
export function userlandName(): string {
  try {
    const release = readFileSync('/etc/os-release', 'utf8');
    const value = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1];
    return [value('ID') ?? 'linux', value('VERSION_ID')].filter((part) => part !== undefined).join('-');
  } catch {
    // os-release(5) is optional.
    return 'linux';
  }
}
