import { access, readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Cluster, Context, User } from '@kubernetes/client-node/dist/config_types.js';
import { rynxsError } from '@rynxs/kernel';
import { type ProxyEnvironment, proxyFor } from './proxy.js';

/** Who the requests are to count as (`as`, `as-groups`, … of a user), in the API server's header names. */
export type Impersonation = readonly (readonly [header: string, value: string])[];

/** What a kubeconfig says about the way to one cluster. */
export interface ClusterAccess {
  readonly cluster: Cluster;
  readonly user: User;
  readonly impersonation: Impersonation;
  /** Proxy that all connections go through; undefined: none. */
  readonly proxy: URL | undefined;
  /** Where it was read from, for messages. */
  readonly location: string;
}

export interface AccessLookup {
  /** Kubeconfig files separated like PATH; undefined: service account, else `~/.kube/config`. */
  readonly kubeconfig: string | undefined;
  /** Context to use; undefined: the current one. */
  readonly context: string | undefined;
  /** Where the service account is mounted in a pod. */
  readonly serviceAccountDirectory: string;
  /** Address of the API server as a pod's environment has it. */
  readonly serviceHost: string | undefined;
  readonly servicePort: string | undefined;
  readonly proxies: ProxyEnvironment;
}

interface RawUser {
  readonly name?: string;
  readonly user?: {
    readonly tokenFile?: string;
    readonly as?: string;
    readonly 'as-uid'?: string;
    readonly 'as-groups'?: readonly string[];
    readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
  };
}

interface Entries {
  readonly clusters: readonly Cluster[];
  readonly contexts: readonly Context[];
  readonly users: readonly User[];
  readonly impersonations: ReadonlyMap<string, Impersonation>;
  readonly currentContext: string | undefined;
}

/** The place of a pod's service account, and the environment's view of where the API server is and which proxies lead there. */
export function podEnvironment(): Omit<AccessLookup, 'kubeconfig' | 'context'> {
  return {
    serviceAccountDirectory: '/var/run/secrets/kubernetes.io/serviceaccount',
    serviceHost: process.env.KUBERNETES_SERVICE_HOST,
    servicePort: process.env.KUBERNETES_SERVICE_PORT,
    proxies: process.env,
  };
}

/**
 * Finds the cluster that the settings mean, in the order of controller-runtime: the named kubeconfig, the service
 * account of the pod, `~/.kube/config`. Throws RYNXS_KUBECONFIG_INVALID.
 */
export async function findAccess(lookup: AccessLookup): Promise<ClusterAccess> {
  const { kubeconfig, context } = lookup;
  const { proxies } = lookup;
  if (kubeconfig !== undefined)
    return readFiles(kubeconfig.split(path.delimiter).filter(Boolean), context, proxies);
  // Whoever names a context means a kubeconfig.
  const inCluster = context === undefined ? await serviceAccountAccess(lookup) : undefined;
  if (inCluster !== undefined) return inCluster;
  return readFiles([path.join(homedir(), '.kube', 'config')], context, proxies);
}

/** Reads the text of a kubeconfig; relative paths in it start from the current directory. */
export async function parseAccess(
  text: string,
  location: string,
  proxies: ProxyEnvironment = process.env,
): Promise<ClusterAccess> {
  return select([await parse(text, location, process.cwd())], undefined, location, proxies);
}

async function readFiles(
  files: readonly string[],
  context: string | undefined,
  proxies: ProxyEnvironment,
): Promise<ClusterAccess> {
  const location = files.join(path.delimiter);
  const entries: Entries[] = [];
  for (const file of files) {
    try {
      entries.push(await parse(await readFile(file, 'utf8'), file, path.dirname(path.resolve(file))));
    } catch (error) {
      // As with kubectl, one of several files may be missing; the only one may not.
      if (!isMissingFile(error)) throw isCoded(error) ? error : invalid(file, messageOf(error), error);
    }
  }
  if (entries.length === 0) throw invalid(location, 'there is no such file');
  return select(entries, context, location, proxies);
}

async function serviceAccountAccess(lookup: AccessLookup): Promise<ClusterAccess | undefined> {
  const { serviceAccountDirectory: directory, serviceHost: host, servicePort: port } = lookup;
  if (host === undefined || port === undefined) return undefined;
  const tokenFile = path.join(directory, 'token');
  try {
    await access(tokenFile);
  } catch {
    // Automounting may be off: then the pod has another way, or none.
    return undefined;
  }
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return {
    cluster: { name: 'in-cluster', server, caFile: path.join(directory, 'ca.crt'), skipTLSVerify: false },
    user: tokenFileUser({ name: 'service-account' }, tokenFile),
    impersonation: [],
    proxy: proxyOf(server, undefined, lookup.proxies, directory),
    location: directory,
  };
}

async function parse(text: string, location: string, directory: string): Promise<Entries> {
  const { parseDocument } = await import('yaml');
  const { newClusters, newContexts, newUsers } = await import('@kubernetes/client-node/dist/config_types.js');
  // Without prettyErrors a message holds no excerpt of the file, which may be a secret.
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) throw invalid(location, syntaxError.message);
  try {
    const raw: unknown = document.toJS();
    if (raw === null || typeof raw !== 'object') throw new Error('it is empty');
    const { clusters, contexts, users, 'current-context': current } = raw as Record<string, unknown>;
    const rawUsers = Array.isArray(users) ? (users as readonly RawUser[]) : [];
    // A token file is read when it is needed and again when it has changed, not once while parsing.
    const tokenFiles = new Map(rawUsers.map((entry) => [entry.name, entry.user?.tokenFile]));
    const isText = typeof current === 'string' && current !== '';
    return {
      clusters: newClusters(clusters).map((cluster) => ({
        ...cluster,
        ...absolute('caFile', cluster.caFile, directory),
      })),
      contexts: newContexts(contexts),
      users: newUsers(users).map((user) => absoluteUser(user, tokenFiles.get(user.name), directory)),
      impersonations: new Map(rawUsers.map((entry) => [entry.name ?? '', impersonationOf(entry)])),
      currentContext: isText ? current : undefined,
    };
  } catch (error) {
    throw invalid(location, messageOf(error), error);
  }
}

/** Picks the context; of entries with one name the first file's counts, as with kubectl. */
function select(
  files: readonly Entries[],
  wanted: string | undefined,
  location: string,
  proxies: ProxyEnvironment,
): ClusterAccess {
  const name = wanted ?? files.find((file) => file.currentContext !== undefined)?.currentContext;
  const contexts = files.flatMap((file) => file.contexts);
  if (name === undefined) throw invalid(location, 'it has no current-context, and none was chosen');
  const context = contexts.find((candidate) => candidate.name === name);
  if (context === undefined) {
    const known = contexts.map((candidate) => candidate.name).join(', ') || 'none';
    throw invalid(location, `it has no context ${name}; known: ${known}`);
  }
  const cluster = files.flatMap((file) => file.clusters).find((entry) => entry.name === context.cluster);
  if (cluster === undefined)
    throw invalid(location, `context ${name} names cluster ${context.cluster}, which is missing`);
  if (!/^https?:$/.test(URL.parse(cluster.server)?.protocol ?? '')) {
    throw invalid(location, `cluster ${cluster.name} has no http or https address: ${cluster.server}`);
  }
  const user = userOf(files, context, location);
  const impersonation = files.find((file) => file.users.includes(user))?.impersonations.get(user.name) ?? [];
  const proxy = proxyOf(cluster.server, cluster.proxyUrl, proxies, location);
  return { cluster, user, impersonation, proxy, location };
}

function proxyOf(
  server: string,
  proxyUrl: string | undefined,
  proxies: ProxyEnvironment,
  location: string,
): URL | undefined {
  try {
    return proxyFor(new URL(server), proxyUrl, proxies);
  } catch (error) {
    throw invalid(location, messageOf(error), error);
  }
}

function userOf(files: readonly Entries[], context: Context, location: string): User {
  if (context.user === undefined) return { name: 'anonymous' };
  const user = files.flatMap((file) => file.users).find((entry) => entry.name === context.user);
  if (user === undefined)
    throw invalid(location, `context ${context.name} names user ${context.user}, which is missing`);
  return user;
}

function absoluteUser(user: User, tokenFile: string | undefined, directory: string): User {
  const command: unknown = user.exec?.command;
  // A command with a slash is a file next to the kubeconfig; without one it is looked up in PATH.
  const exec =
    typeof command === 'string' && command.includes('/')
      ? { exec: { ...user.exec, command: path.resolve(directory, command) } }
      : {};
  const resolved = {
    ...user,
    ...exec,
    ...absolute('certFile', user.certFile, directory),
    ...absolute('keyFile', user.keyFile, directory),
  };
  return tokenFile === undefined ? resolved : tokenFileUser(resolved, path.resolve(directory, tokenFile));
}

/** The shape by which client-node knows a token that is read from a file; the file wins over a token. */
function tokenFileUser({ token: _token, ...user }: User, tokenFile: string): User {
  return { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } };
}

function absolute<K extends string>(
  key: K,
  file: string | undefined,
  directory: string,
): { [P in K]?: string } {
  if (typeof file !== 'string') return {};
  return { [key]: path.resolve(directory, file) } as { [P in K]?: string };
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonationOf({ user = {} }: RawUser): Impersonation {
  const headers: [string, string][] = [];
  if (user.as !== undefined) headers.push(['impersonate-user', user.as]);
  if (user['as-uid'] !== undefined) headers.push(['impersonate-uid', user['as-uid']]);
  for (const group of user['as-groups'] ?? []) headers.push(['impersonate-group', group]);
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    for (const value of values) headers.push([`impersonate-extra-${encodeURIComponent(key)}`, value]);
  }
  return headers;
}

function invalid(location: string, detail: string, cause?: unknown): Error {
  const options = cause === undefined ? undefined : { cause };
  return rynxsError('RYNXS_KUBECONFIG_INVALID', { location, detail }, options);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isCoded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('RYNXS_');
}
