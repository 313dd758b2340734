import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './real-cluster/api-client.js';
import { AuditLog } from './real-cluster/audit-log.js';
import { Authority, type Identity } from './real-cluster/certificates.js';
import { ClusterDirectory, type ClusterSettings, freePorts } from './real-cluster/cluster-directory.js';
import { ControlPlane } from './real-cluster/control-plane.js';
import { installCrds } from './real-cluster/crds.js';
import { formatKubeconfig, readKubeconfig, type Server } from './real-cluster/kubeconfig.js';
import { requireNodeTools } from './real-cluster/node/commands.js';
import { Machine, removeCgroups } from './real-cluster/node/machine.js';
import { NODE_COMPONENTS, RunningNode } from './real-cluster/node/node.js';
import { componentsOf, endComponents, whilePaused } from './real-cluster/processes.js';
import { KUBERNETES_VARIABLE, programOf } from './real-cluster/programs.js';
import { signServiceAccountToken } from './real-cluster/service-account-tokens.js';

export { type ApiAnswer, ApiClient, type ApiObject, ApiRefusal } from './real-cluster/api-client.js';
export type { AuditedRequest, AuditLog } from './real-cluster/audit-log.js';

export interface RealClusterOptions {
  /** Where everything of the cluster is kept; a new temporary directory that goes with it unless named. */
  readonly directory?: string;
  /** With a node that runs pods; needs root and what `requireNodeTools` looks for. Several can run at once here too. */
  readonly node?: boolean;
  /** Gives the start up, and removes what was made; looked at between its steps. */
  readonly signal?: AbortSignal;
  /**
   * With the custom resources of Rynxs. They are there before the controllers begin, which would find later ones only
   * half a minute after.
   */
  readonly crds?: boolean;
  /**
   * The controllers to run: their names, or `*` for all. With a node all, else none unless told: then nothing collects
   * garbage, for example.
   */
  readonly controllers?: readonly string[];
}

/**
 * A real Kubernetes of the release that test/cluster/kubernetes pins: etcd and kube-apiserver as processes of their
 * own, on the loopback interface; or with a node, in a network of their own. Several can run at once. Linux.
 */
export class RealCluster implements AsyncDisposable {
  /** Counts requests as the server saw them. */
  readonly audit: AuditLog;
  /** Asks as the administrator. */
  readonly api: ApiClient;
  /** Where pods run, in a cluster that was started with a node. */
  readonly node: RunningNode | undefined;
  readonly #directory: ClusterDirectory;
  readonly #plane: ControlPlane;

  private constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#directory = plane.directory;
    this.audit = new AuditLog(plane.directory.auditLog);
    const { server, credentials } = readKubeconfig(plane.directory.kubeconfig);
    this.api = ApiClient.of(server, credentials);
    this.node = plane.machine && new RunningNode(plane.machine, plane.program, this.api);
  }

  /** Starts a cluster and resolves when its API server is ready; what a crashed cluster left in `directory` goes first. */
  static async start(options: RealClusterOptions = {}): Promise<RealCluster> {
    const program = programOf(KUBERNETES_VARIABLE);
    if (options.node === true) requireNodeTools();
    const path = options.directory ?? mkdtempSync(join(tmpdir(), 'rynxs-cluster-'));
    await removeCluster(path);
    const directory = new ClusterDirectory(path);
    directory.make(await settingsFor(options));
    try {
      const machine = options.node === true ? await makeMachine(directory, program) : undefined;
      const plane = new ControlPlane(directory, directory.read(), program, machine);
      await plane.prepare();
      const cluster = new RealCluster(plane);
      await Promise.all([cluster.#startPlane(options), cluster.node?.startRuntime()]);
      options.signal?.throwIfAborted();
      await cluster.node?.start();
      options.signal?.throwIfAborted();
      directory.write({ ...directory.read(), isStarted: true });
      return cluster;
    } catch (error) {
      await removeCluster(path);
      throw error;
    }
  }

  async #startPlane({ crds = false, signal }: RealClusterOptions): Promise<void> {
    await this.#plane.startEtcd();
    signal?.throwIfAborted();
    await this.#plane.startApiServer();
    signal?.throwIfAborted();
    if (crds) await installCrds(this.api);
    await this.#plane.startControllers();
  }

  get directory(): string {
    return this.#directory.path;
  }

  /** Path of the administrator's kubeconfig. */
  get kubeconfig(): string {
    return this.#directory.kubeconfig;
  }

  /** Where the API server answers. */
  get server(): Server {
    return this.#plane.server;
  }

  /** The pid of a part that runs: `etcd`, `kube-apiserver`, `kube-controller-manager`; undefined when it does not. */
  pidOf(component: string): number | undefined {
    return componentsOf(this.directory, component)[0]?.pid;
  }

  /** Ends the API server as an upgrade does, or with SIGKILL as a crash, and resolves when it is gone. */
  async stopApiServer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await endComponents(this.directory, componentsOf(this.directory, 'kube-apiserver'), { signal });
  }

  /** Starts an API server that was stopped, at the same address, and resolves when it is ready. */
  startApiServer(): Promise<void> {
    return this.#plane.startApiServer();
  }

  /** Holds the API server still while `action` runs: connections stay open, and nothing answers. */
  whileApiServerHangs<T>(action: () => Promise<T>): Promise<T> {
    return whilePaused(componentsOf(this.directory, 'kube-apiserver'), action);
  }

  /** Keeps what is stored now, for `restore`; the copy is what a crash of etcd at this moment would leave. */
  async snapshot(): Promise<string> {
    const snapshot = this.#directory.file(`snapshot-${randomUUID()}`);
    await whilePaused(componentsOf(this.directory, 'etcd'), () =>
      cp(this.#directory.etcd, snapshot, { recursive: true }),
    );
    return snapshot;
  }

  /**
   * Wipes etcd back to a snapshot, as an administrator restores a backup: resource versions go back too. The API server,
   * controllers and scheduler are stopped meanwhile, as their caches would be of a future that never was.
   */
  async restore(snapshot: string): Promise<void> {
    await this.stopApiServer('SIGKILL');
    await this.#endControllers();
    await endComponents(this.directory, componentsOf(this.directory, 'etcd'));
    await rm(this.#directory.etcd, { recursive: true });
    await cp(snapshot, this.#directory.etcd, { recursive: true });
    await this.#plane.startEtcd();
    await this.startApiServer();
    await this.#plane.startControllers();
  }

  /** Ends controller manager and scheduler, if there are, and starts them anew: they look at everything again. */
  async restartControllers(): Promise<void> {
    await this.#endControllers();
    await this.#plane.startControllers();
  }

  /** Writes a kubeconfig for a user with a client certificate, who may do what RBAC says, and returns its path. */
  async kubeconfigFor(identity: Identity, namespace?: string): Promise<string> {
    const authority = Authority.read(this.#directory.pki);
    const text = formatKubeconfig(this.server, await authority.client(identity), namespace);
    return this.#write(identity.user, text);
  }

  /** Writes a kubeconfig that carries a service account's token, and returns its path. */
  async kubeconfigForServiceAccount(namespace: string, name: string, validMs?: number): Promise<string> {
    const token = await this.serviceAccountToken(namespace, name, validMs);
    return this.#write(`${namespace}-${name}`, formatKubeconfig(this.server, { token }, namespace));
  }

  /**
   * Signs a token for a service account that exists, with the cluster's own key, so that it may expire sooner than the
   * ten minutes that the API server would give at least: it is taken for `validMs`, an hour unless told, and for ten
   * seconds more while the API server remembers it.
   */
  async serviceAccountToken(namespace: string, name: string, validMs = 3_600_000): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
    const { uid } = (await this.api.must('GET', path)).metadata;
    const { tokenKey } = Authority.read(this.#directory.pki);
    return signServiceAccountToken(tokenKey, { namespace, name, uid }, validMs);
  }

  /** Ends every process of the cluster and removes everything that it made. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.api[Symbol.dispose]();
    await removeCluster(this.directory);
  }

  async #endControllers(): Promise<void> {
    for (const component of ['kube-controller-manager', 'kube-scheduler'])
      await endComponents(this.directory, componentsOf(this.directory, component));
  }

  #write(name: string, text: string): string {
    const file = this.#directory.file(
      `${name.replaceAll(/[^\w.-]/g, '-')}-${randomUUID().slice(0, 8)}.kubeconfig`,
    );
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }
}

/**
 * Ends every process of the cluster in `directory` and removes everything that it made, whatever state it is in. Does
 * nothing where there is none.
 */
export async function removeCluster(path: string): Promise<void> {
  await endComponents(path, componentsOf(path), { signal: 'SIGKILL' });
  const directory = new ClusterDirectory(path);
  if (!directory.isMade) return;
  const { node } = directory.read();
  if (node !== undefined) await removeCgroups(node.interface);
  directory.remove();
}

async function settingsFor({ node = false, controllers }: RealClusterOptions): Promise<ClusterSettings> {
  const run = controllers ?? (node ? ['*'] : []);
  const components = [
    ...['etcd', 'kube-apiserver'],
    ...(run.length === 0 ? [] : ['kube-controller-manager']),
    ...(node ? ['kube-scheduler', ...NODE_COMPONENTS] : []),
  ];
  return { components, ports: await freePorts(), controllers: run, isStarted: false };
}

/** Makes the machine of a cluster's node, and writes down first what will have to be removed. */
async function makeMachine(directory: ClusterDirectory, program: string): Promise<Machine> {
  const machine = await Machine.start(directory, program);
  directory.write({ ...directory.read(), node: machine.addresses });
  await machine.prepare();
  return machine;
}
