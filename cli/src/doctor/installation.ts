import { access, constants, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  CLUSTER_CONNECTOR,
  type ClusterConnection,
  ClusterError,
  EVENT_STORE,
  type EventStore,
  type Kernel,
  type KubernetesObject,
  type LogKeys,
  RECONCILER,
  readLogKeys,
  type ServerAnswer,
  type StoreHead,
} from '@rynxs/kernel';
import { type LogIdentity, logIdentity } from '../log-reading/log-identity.js';
import type { Terminal } from '../terminal/terminal.js';
import { Kernels } from './kernels.js';
import { blockedBy, NotLooked } from './not-looked.js';

/** The log in the store, as far as it was read. */
export interface ReadLog {
  readonly store: EventStore;
  readonly head: StoreHead;
  /** Undefined for an empty log, or one that does not begin as logs do. */
  readonly identity: LogIdentity | undefined;
}

/**
 * What the configuration describes, each part made when it is asked for first, and once. Nothing is opened for writing, led or
 * served, so that an operator may run beside it. Methods reject with what is wrong, and the part that is asked for is made
 * apart from the others; those whose names begin with `known` reject with NotLooked instead, for checks that are about
 * something else.
 */
export class Installation implements AsyncDisposable {
  readonly #kernels: Kernels;
  readonly #signal: AbortSignal;

  constructor(terminal: Terminal, config: string | undefined, signal: AbortSignal) {
    this.#kernels = new Kernels(terminal, config, signal);
    this.#signal = signal;
  }

  /** The operator's own kernel, not started. Rejects with RynxsErrors that hold everything wrong with the configuration. */
  readonly configured = once(() => this.#kernels.configured());

  /** What was noticed while the configuration was read. */
  get warnings(): readonly string[] {
    return this.#kernels.warnings;
  }

  async knownKernel(): Promise<Kernel> {
    return unless(this.configured(), blockedBy('configuration'));
  }

  /** The text of a setting, by its path; undefined when it is unset, or its plugin is not used. */
  async setting(path: string): Promise<string | undefined> {
    const { configuration } = await this.knownKernel();
    return configuration.print().find((setting) => setting.path === path)?.value;
  }

  readonly #connectorKernel = once(async (): Promise<Kernel> => {
    await this.knownKernel();
    return this.#kernels.withConnector();
  });

  /** A client of the configured cluster, by which nothing was sent yet. */
  readonly connection = once(async (): Promise<ClusterConnection> => {
    const { settings } = await this.knownKernel();
    if (settings.clusterType !== 'kubernetes') {
      throw new NotLooked(`CLUSTER_TYPE is ${settings.clusterType}: there is no API server to look at`);
    }
    const kernel = await this.#connectorKernel();
    const connection = await kernel.get(CLUSTER_CONNECTOR).connect();
    this.#kernels.defer(async () => connection[Symbol.asyncDispose]());
    return connection;
  });

  /** What the API server says of its version. */
  readonly version = once(async (): Promise<ServerAnswer> => {
    const connection = await this.connection();
    return connection.read('/version', { signal: this.#signal });
  });

  /** Whether the API server answers this user, be it that something is forbidden. */
  async answers(): Promise<boolean> {
    try {
      await this.version();
      return true;
    } catch (error) {
      if (error instanceof NotLooked) throw error;
      return error instanceof ClusterError && error.status === 403;
    }
  }

  /** A client of an API server that answers. */
  async knownConnection(): Promise<ClusterConnection> {
    if (!(await this.answers())) throw blockedBy('api-server');
    return this.connection();
  }

  /** The CustomResourceDefinitions of all kinds that are reconciled. */
  async definitions(): Promise<readonly KubernetesObject[]> {
    const kernel = await this.#connectorKernel();
    return kernel.getAll(RECONCILER).flatMap(({ definition }) => definition ?? []);
  }

  /** The configured store. It is not opened. */
  readonly store = once(async (): Promise<EventStore> => {
    await this.knownKernel();
    const kernel = await this.#kernels.withStore();
    const store = kernel.get(EVENT_STORE);
    this.#kernels.defer(() => store.close());
    return store;
  });

  readonly log = once(async (): Promise<ReadLog> => {
    const store = await this.store();
    const head = await store.head(this.#signal);
    return { store, head, identity: head.nextSeq === 0 ? undefined : await logIdentity(store, this.#signal) };
  });

  async knownStore(): Promise<EventStore> {
    return unless(this.store(), blockedBy('store'));
  }

  /** The log, where there are records of it. */
  async knownLog(): Promise<ReadLog> {
    const store = await this.knownStore();
    if (await isUnmounted(store)) throw new NotLooked(`there is no log at ${store.location} to look at`);
    const log = await unless(this.log(), blockedBy('store'));
    if (log.head.nextSeq === 0) throw new NotLooked('the log has no records yet');
    return log;
  }

  readonly keys = once(async (): Promise<LogKeys> => {
    const { settings } = await this.knownKernel();
    return readLogKeys(settings);
  });

  /** Constructs the configured leadership, which does not campaign. */
  readonly leadership = once(async (): Promise<void> => {
    await this.knownKernel();
    await this.#kernels.withLeadership();
  });

  /** Gives everything up that was made. Never rejects. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#kernels.close();
  }
}

/** The directory of a store that is one; undefined for any other. */
export function directoryOf({ location }: EventStore): string | undefined {
  return location.startsWith('file:') ? fileURLToPath(location) : undefined;
}

/**
 * Whether the store is a directory of a container’s image instead of a volume with a log: it does not exist, or it is on a file
 * system that nobody can write, and empty. Reading takes that for an empty log.
 */
export async function isUnmounted(store: EventStore): Promise<boolean> {
  const directory = directoryOf(store);
  if (directory === undefined) return false;
  try {
    await access(directory, constants.W_OK);
    return false;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EROFS') return (await readdir(directory).catch(() => [])).length === 0;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** What is wrong with it is said elsewhere: for whoever only needs it, there is nothing to look at. */
async function unless<T>(made: Promise<T>, instead: NotLooked): Promise<T> {
  try {
    return await made;
  } catch (error) {
    throw error instanceof NotLooked ? error : instead;
  }
}
