import { copyFile, cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveTree } from '../directories.js';
import { DEFAULT_SANDBOX_USER, type HostIdentity } from './identity.js';
import { ETC_DIRECTORIES, isDirectory } from './root-plan.js';

export interface EtcOptions {
  readonly directory: string;
  readonly hostname: string;
  /** User and group ids of the pod's containers. */
  readonly users: readonly { readonly uid: number; readonly gid: number }[];
  readonly identity: HostIdentity;
  /** Paths below /etc at which volumes will be mounted. */
  readonly mountPaths: readonly string[];
}

/** Files of the host's /etc that programs need and that hold nothing secret. */
const COPIED = [
  'ld.so.cache',
  'ld.so.conf',
  'localtime',
  'mime.types',
  'protocols',
  'services',
  'ssl/openssl.cnf',
];
const COPIED_DIRECTORIES = ['ld.so.conf.d'];
const MAX_COPIED_BYTES = 4 * 2 ** 20;

const NSSWITCH = 'passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n';

/** Writes the /etc of a pod: accounts, names, and the little of the host's that its programs cannot do without. */
export async function writeEtc(options: EtcOptions): Promise<void> {
  const { directory, hostname } = options;
  await mkdir(join(directory, 'ssl'), { recursive: true });
  const accounts = accountFiles(options.users);
  const written: Record<string, string> = {
    ...accounts,
    hostname: `${hostname}\n`,
    hosts: `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t${hostname}\n`,
    'resolv.conf': '# no network\n',
    'nsswitch.conf': NSSWITCH,
  };
  const mountPoints = [...ETC_DIRECTORIES.filter(isDirectory), ...options.mountPaths];
  await Promise.all([
    ...Object.entries(written).map(([name, text]) => writeFile(join(directory, name), text)),
    ...COPIED.map((name) => copyIfThere(`/etc/${name}`, join(directory, name))),
    ...COPIED_DIRECTORIES.filter((name) => isDirectory(`/etc/${name}`)).map((name) =>
      cp(`/etc/${name}`, join(directory, name), { recursive: true, dereference: true }),
    ),
    ...mountPoints.map((path) => mkdir(join(directory, path.slice('/etc/'.length)), { recursive: true })),
  ]);
  const release = await readFile('/etc/os-release').catch(() => undefined);
  if (release !== undefined) await writeFile(join(directory, 'os-release'), release);
  await giveTree(directory, options.identity);
}

function accountFiles(users: EtcOptions['users']): { readonly passwd: string; readonly group: string } {
  const passwd = ['root:x:0:0:root:/root:/sbin/nologin'];
  const group = ['root:x:0:'];
  const seen = { users: new Set([0]), groups: new Set([0]) };
  const others = [
    { uid: 65_534, gid: 65_534, name: 'nobody', groupName: 'nogroup' },
    ...users.map(({ uid, gid }) => {
      const name = uid === DEFAULT_SANDBOX_USER ? 'nonroot' : `user${uid}`;
      return { uid, gid, name, groupName: gid === DEFAULT_SANDBOX_USER ? 'nonroot' : `group${gid}` };
    }),
  ];
  for (const { uid, gid, name, groupName } of others) {
    if (!seen.users.has(uid)) passwd.push(`${name}:x:${uid}:${gid}:${name}:/:/bin/sh`);
    if (!seen.groups.has(gid)) group.push(`${groupName}:x:${gid}:`);
    seen.users.add(uid);
    seen.groups.add(gid);
  }
  return { passwd: `${passwd.join('\n')}\n`, group: `${group.join('\n')}\n` };
}

async function copyIfThere(source: string, target: string): Promise<void> {
  const found = await stat(source).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size > MAX_COPIED_BYTES) return;
  await mkdir(dirname(target), { recursive: true });
  await copyFile(source, target);
}
