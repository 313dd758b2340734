import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Directories of CNI plugins: Debian's, and the one that their documentation names. */
const CNI_DIRECTORIES = ['/usr/lib/cni', '/opt/cni/bin'] as const;
const NEEDED = [
  'containerd',
  'ctr',
  'runc',
  'ip',
  'nft',
  'iptables',
  'conntrack',
  'unshare',
  'nsenter',
] as const;
const PACKAGES =
  'containerd runc containernetworking-plugins iproute2 nftables iptables conntrack busybox-static util-linux';
const TIMEOUT_MS = 60_000;

/** Runs a command of the system to its end and resolves to what it printed; rejects with what it complained of. */
export function run(command: readonly string[], timeoutMs = TIMEOUT_MS): Promise<string> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
    });
  });
}

/** Where the system's CNI plugins are. Throws an Error that says what else a node needs and where it comes from. */
export function requireNodeTools(): { readonly cni: string; readonly busybox: string } {
  if (process.getuid?.() !== 0) throw new Error('a node needs root: it makes namespaces, mounts and cgroups');
  const paths = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin');
  const find = (name: string) => paths.map((path) => `${path}/${name}`).find((path) => existsSync(path));
  const cni = CNI_DIRECTORIES.find((path) => existsSync(`${path}/bridge`));
  const busybox = find('busybox');
  const missing: string[] = NEEDED.filter((name) => find(name) === undefined);
  if (cni === undefined) missing.push('CNI plugins');
  if (busybox === undefined) missing.push('busybox');
  if (cni === undefined || busybox === undefined || missing.length > 0) {
    throw new Error(`a node needs ${missing.join(', ')}; on Debian: apt-get install ${PACKAGES}`);
  }
  return { cni, busybox };
}
