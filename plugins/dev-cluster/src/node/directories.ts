import { chmod, lchown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostIdentity } from './sandbox/identity.js';

/** Makes a directory that other users may pass through but not list, whatever the umask says. */
export async function passableDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o711);
}

/** Gives a tree that was just made to the sandbox's host user, where that is not the operator's own. */
export async function giveTree(path: string, identity: HostIdentity): Promise<void> {
  if (!identity.dropsRoot) return;
  await lchown(path, identity.uid, identity.gid);
  const entries = await readdir(path, { recursive: true });
  await Promise.all(entries.map((entry) => lchown(join(path, entry), identity.uid, identity.gid)));
}
