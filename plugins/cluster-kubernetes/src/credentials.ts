import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import type { Clock } from '@rynxs/kernel';
import type { ClusterAccess } from './kubeconfig.js';
import { PLUGIN_TIMEOUT_MS, PluginProcesses } from './plugin-processes.js';

/** What a TLS connection to the API server is made with. One object stands for one set of values. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** How a request proves who sends it. */
export interface Credentials {
  /** Names and values in turn, for every request. */
  readonly headers: readonly string[];
  readonly tls: TlsMaterial;
}

/** What client-node's authenticators have in common. */
interface Authenticator {
  applyAuthentication(user: User, options: RequestOptions): Promise<void>;
}

// How long an answer of an authenticator is used without asking again; they keep tokens until these expire.
const FRESH_MS = 10_000;
// How long certificates and keys from files are used before the files are read again.
const FILES_FRESH_MS = 60_000;

/**
 * The credentials of a kubeconfig's user, renewed as tokens rotate and plugins hand out new ones. Tokens from files and
 * exec plugins are client-node's work; its whole KubeConfig (90 MB) is loaded only for a user with an `auth-provider`.
 */
export class Identity implements Disposable {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  #current: Credentials | undefined;
  #freshUntilMs = 0;
  #renewal: Promise<Credentials> | undefined;
  #authenticator: Authenticator | undefined;
  #files: Pick<TlsMaterial, 'ca' | 'cert' | 'key'> | undefined;
  #filesFreshUntilMs = 0;
  readonly #plugins: PluginProcesses;

  constructor(access: ClusterAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
    this.#plugins = new PluginProcesses(clock);
  }

  /** The credentials if they need no renewal; otherwise ask `renew`. */
  current(): Credentials | undefined {
    return this.#clock.monotonic() < this.#freshUntilMs ? this.#current : undefined;
  }

  /** Asks files and plugins; callers at the same time share one answer. */
  renew(): Promise<Credentials> {
    this.#renewal ??= this.#load().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** The server did not accept these: nothing that was kept may be used again. */
  reject(credentials: Credentials): void {
    if (credentials !== this.#current) return;
    this.#freshUntilMs = 0;
    this.#authenticator = undefined;
    this.#filesFreshUntilMs = 0;
  }

  /** Ends a plugin that is still at work. */
  [Symbol.dispose](): void {
    this.#plugins[Symbol.dispose]();
  }

  async #load(): Promise<Credentials> {
    const { cluster, user, impersonation } = this.#access;
    this.#authenticator ??= await authenticatorOf(this.#access, this.#plugins);
    const files = await this.#currentFiles();
    const answer: RequestOptions = { headers: {} };
    await this.#authenticator?.applyAuthentication(user, answer);
    const authorization = authorizationOf(user, answer);
    const tls: TlsMaterial = {
      ...files,
      ...(typeof answer.cert === 'string' ? { cert: answer.cert } : {}),
      ...(typeof answer.key === 'string' ? { key: answer.key } : {}),
      ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
      ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    };
    const previous = this.#current?.tls;
    this.#current = {
      headers: [
        ...(authorization === undefined ? [] : ['authorization', authorization]),
        ...impersonation.flat(),
      ],
      tls: previous !== undefined && isSameTls(previous, tls) ? previous : tls,
    };
    this.#freshUntilMs = Math.min(
      this.#filesFreshUntilMs,
      this.#authenticator === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonic() + FRESH_MS,
    );
    return this.#current;
  }

  /** What the files hold now. While a certificate and its key are being replaced, the two before serve on. */
  async #currentFiles(): Promise<Pick<TlsMaterial, 'ca' | 'cert' | 'key'>> {
    const nowMs = this.#clock.monotonic();
    if (this.#files !== undefined && nowMs < this.#filesFreshUntilMs) return this.#files;
    const { cluster, user } = this.#access;
    const isFromFiles = [cluster.caFile, user.certFile, user.keyFile].some(Boolean);
    try {
      const files = await tlsFiles(cluster, user);
      if (this.#files !== undefined) createSecureContext(files);
      this.#files = files;
    } catch (error) {
      if (this.#files === undefined) throw error;
    }
    this.#filesFreshUntilMs = isFromFiles ? nowMs + FILES_FRESH_MS : Number.POSITIVE_INFINITY;
    return this.#files;
  }
}

async function authenticatorOf(
  { cluster, user }: ClusterAccess,
  plugins: PluginProcesses,
): Promise<Authenticator | undefined> {
  if (user.exec) {
    const { ExecAuth } = await import('@kubernetes/client-node/dist/exec_auth.js');
    const auth = new ExecAuth();
    // Its own way to start a process knows no deadline.
    Object.assign(auth, { execFn: plugins.start });
    const informed = { ...user, exec: withExecInfo(user.exec, cluster) };
    return {
      applyAuthentication: async (_user, options) => {
        try {
          await auth.applyAuthentication(informed, options);
        } catch (error) {
          const words = error instanceof Error ? error.message.trim() : String(error);
          const reason = plugins.wasLate ? `it did not answer within ${PLUGIN_TIMEOUT_MS / 1000} s` : words;
          const hint = typeof user.exec.installHint === 'string' ? `; ${user.exec.installHint}` : '';
          const message = `the kubeconfig's credential plugin ${user.exec.command} failed: ${reason}${hint}`;
          throw new Error(message, { cause: error });
        }
      },
    };
  }
  if (!user.authProvider) return undefined;
  if (user.authProvider.config?.tokenFile !== undefined) {
    const { FileAuth } = await import('@kubernetes/client-node/dist/file_auth.js');
    return new FileAuth();
  }
  const { KubeConfig } = await import('@kubernetes/client-node');
  const whole = new KubeConfig();
  const context = { name: 'context', cluster: cluster.name, user: user.name };
  whole.loadFromOptions({
    clusters: [cluster],
    users: [user],
    contexts: [context],
    currentContext: 'context',
  });
  return { applyAuthentication: (_user, options) => whole.applyToHTTPSOptions(options) };
}

/** Some plugins refuse to work without KUBERNETES_EXEC_INFO (https://kubernetes.io/docs/reference/config-api/client-authentication.v1/). */
function withExecInfo(
  exec: { apiVersion?: string; env?: unknown; provideClusterInfo?: boolean },
  cluster: Cluster,
) {
  const clusterInfo = {
    server: cluster.server,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.skipTLSVerify,
    'certificate-authority-data': cluster.caData,
  };
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo === true ? { cluster: clusterInfo } : {}) },
  };
  const env = Array.isArray(exec.env) ? exec.env : [];
  return { ...exec, env: [...env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }] };
}

function authorizationOf(user: User, answer: RequestOptions): string | undefined {
  const headers = answer.headers as Readonly<Record<string, unknown>>;
  // A token file usually ends with a newline, which no header may hold.
  if (typeof headers.Authorization === 'string') return headers.Authorization.trim();
  if (user.token) return `Bearer ${user.token.trim()}`;
  if (!user.username) return undefined;
  return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
}

async function tlsFiles(cluster: Cluster, user: User): Promise<Pick<TlsMaterial, 'ca' | 'cert' | 'key'>> {
  const [ca, cert, key] = await Promise.all([
    fileOrData(cluster.caFile, cluster.caData),
    fileOrData(user.certFile, user.certData),
    fileOrData(user.keyFile, user.keyData),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function fileOrData(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  // In a kubeconfig the data wins over the file, as in client-go.
  if (data) return Buffer.from(data, 'base64');
  return file ? readFile(file) : undefined;
}

function isSameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return (
    isSameText(a.ca, b.ca) &&
    isSameText(a.cert, b.cert) &&
    isSameText(a.key, b.key) &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  );
}

function isSameText(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  return a?.toString() === b?.toString();
}
