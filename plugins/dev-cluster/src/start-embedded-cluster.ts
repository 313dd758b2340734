import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Clock, type Logger, SystemClock } from '@rynxs/kernel';
import { ApiServer } from './api/api-server.js';
import { serverCertificate, writePrivately } from './api/certificates.js';
import { Faults } from './api/faults.js';
import { kubeconfigText } from './api/kubeconfig.js';
import { startControllers } from './controllers/start-controllers.js';
import { LocalNode } from './node/local-node.js';
import { LOCAL_NODE, registerNode } from './node-object.js';
import { registerCustomResources } from './resources/custom/registrar.js';
import { createRegistry } from './resources/registry.js';
import { NAMESPACES } from './resources/types.js';
import { directoryError, lockDirectory } from './storage/directory-lock.js';
import { Journal } from './storage/journal.js';
import { asKubernetesObject } from './storage/json.js';
import { ObjectStorage } from './storage/object-storage.js';

export interface EmbeddedClusterOptions {
  /** Directory of the state; absent: the state lives in memory and ends with the process. */
  readonly dir?: string;
  /** Port on 127.0.0.1; default 0, which lets the system choose. */
  readonly port?: number;
  /** File to write the kubeconfig to, mode 0600; default `<dir>/kubeconfig` where there is a `dir`. */
  readonly kubeconfigFile?: string;
  /** Whether the built-in controllers run (deployments, claims, garbage collection, …); default true. */
  readonly controllersEnabled?: boolean;
  /** Whether there is a node, which runs pods as sandboxed processes; default true. Without, pods stay Pending. */
  readonly nodeEnabled?: boolean;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
  /** Told of defects and of reconciles that failed; default: nobody. */
  readonly logger?: Logger;
  /** Default the system's. */
  readonly clock?: Clock;
  /** How many changes a watch may lie behind before it is told 410; default 4,096. */
  readonly historyLimit?: number;
}

/** A running embedded cluster. */
export interface EmbeddedClusterServer {
  /** `https://127.0.0.1:16443`. */
  readonly url: string;
  /** Text of a kubeconfig with address, authority and token. */
  readonly kubeconfig: string;
  readonly storage: ObjectStorage;
  readonly faults: Faults;
  /** Stops node, controllers and server, in this order, and gives the directory back. Idempotent. */
  close(): Promise<void>;
}

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/** How long the node may take to end its processes when the cluster stops. */
const NODE_STOP_TIMEOUT_MS = 10_000;

/**
 * Starts an API server with controllers and a node, all in this process. Throws
 * RYNXS_DEV_CLUSTER_PORT, RYNXS_DEV_CLUSTER_LOCKED, RYNXS_DEV_CLUSTER_DAMAGED, RYNXS_DEV_CLUSTER_DIRECTORY.
 */
export async function startEmbeddedCluster(
  options: EmbeddedClusterOptions = {},
): Promise<EmbeddedClusterServer> {
  const taken = new Taken();
  try {
    return await start(options, taken);
  } catch (error) {
    await taken.giveBack();
    throw error;
  }
}

/** What was taken while starting; given back in reverse, also when a later step fails. */
class Taken {
  readonly #steps: (() => void | Promise<void>)[] = [];

  use(resource: Disposable): void {
    this.#steps.push(() => resource[Symbol.dispose]());
  }

  defer(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  /** Takes every step, whatever becomes of the others; then throws the first error. */
  async giveBack(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

async function start(options: EmbeddedClusterOptions, taken: Taken): Promise<EmbeddedClusterServer> {
  const { logger = SILENT, clock = new SystemClock() } = options;
  const now = () => clock.now();
  const dir = options.dir === undefined ? undefined : resolve(options.dir);
  const onDefect = (error: unknown) => logger.error('the embedded cluster has a problem', { error });
  const controllersEnabled = options.controllersEnabled ?? true;
  if (dir !== undefined) taken.use(await lockDirectory(dir));
  const opened = dir === undefined ? undefined : Journal.open(dir, onDefect);
  if (opened !== undefined) taken.use(opened.journal);

  const registry = createRegistry({
    protectsClaims: controllersEnabled,
    timestamp: () => new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
  });
  const storage = new ObjectStorage({
    definitions: registry,
    now,
    ...(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
    ...(opened === undefined
      ? {}
      : {
          sink: opened.journal,
          initial: { resourceVersion: opened.state.resourceVersion, objects: opened.state.objects.values() },
        }),
  });
  taken.use(registerCustomResources(storage, registry));
  createSystemNamespaces(storage);

  const faults = new Faults();
  const runtime =
    options.nodeEnabled === false
      ? undefined
      : new LocalNode({
          storage,
          clock,
          logger,
          nodeName: LOCAL_NODE,
          ...(dir === undefined ? {} : { dir: join(dir, 'node') }),
        });
  const certificate = await serverCertificate(dir, now());
  const token = clusterToken(dir);
  const server = new ApiServer({
    storage,
    registry,
    faults,
    certificate,
    token,
    now,
    onDefect,
    ...(runtime === undefined ? {} : { runtime }),
  });
  await server.listen(options.port ?? 0);
  taken.defer(() => server.close());
  const kubeconfig = kubeconfigText(server.url, certificate.ca, token);
  const kubeconfigFile = options.kubeconfigFile ?? (dir === undefined ? undefined : join(dir, 'kubeconfig'));
  if (kubeconfigFile !== undefined) writeKubeconfig(kubeconfigFile, kubeconfig);

  if (controllersEnabled) {
    taken.use(
      startControllers({
        storage,
        now,
        onFailure: (controller, key, error) =>
          logger.warn('a controller of the embedded cluster will try again', { controller, key, error }),
      }),
    );
  }
  if (runtime !== undefined) {
    registerNode(storage);
    taken.defer(() => runtime.stop(AbortSignal.timeout(NODE_STOP_TIMEOUT_MS)));
    await runtime.start(options.signal ?? new AbortController().signal);
  }
  let closing: Promise<void> | undefined;
  return {
    url: server.url,
    kubeconfig,
    storage,
    faults,
    close: () => {
      closing ??= taken.giveBack();
      return closing;
    },
  };
}

/** The uid of kube-system is the identity of a cluster: it is made once and then stays. */
function createSystemNamespaces(storage: ObjectStorage): void {
  for (const name of ['default', 'kube-system']) {
    if (storage.get(NAMESPACES, { name }) !== undefined) continue;
    storage.create(NAMESPACES, asKubernetesObject({ metadata: { name } }), {
      fieldManager: 'kube-apiserver',
    });
  }
}

/** The bearer token of the cluster; kept in its directory, so that a kubeconfig stays valid. */
function clusterToken(dir: string | undefined): string {
  const made = randomBytes(32).toString('hex');
  if (dir === undefined) return made;
  const file = join(dir, 'pki', 'token');
  try {
    const kept = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(kept)) return kept;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      throw directoryError(file, error);
  }
  writePrivately(file, `${made}\n`);
  return made;
}

function writeKubeconfig(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writePrivately(file, text);
  } catch (error) {
    throw directoryError(file, error);
  }
}
