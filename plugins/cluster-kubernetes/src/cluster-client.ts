import {
  type CacheOptions,
  type Clock,
  type ClusterConnection,
  ClusterError,
  type ClusterInfo,
  type DeletePreconditions,
  type ExecOptions,
  type KubernetesObject,
  type Logger,
  type LogOptions,
  type ObjectKey,
  type Random,
  type RequestOptions,
  type ResourceCache,
  type ResourceType,
  type ServerAnswer,
  type Telemetry,
} from '@rynxs/kernel';
import { ClientMetrics } from './client-metrics.js';
import { failure } from './cluster-errors.js';
import { Connector } from './connector.js';
import { Identity } from './credentials.js';
import type { ClusterAccess } from './kubeconfig.js';
import { laneOf, listPage, PAGE_SIZE } from './list-page.js';
import { NamespacedCaches } from './namespaced-caches.js';
import { ObjectCache } from './object-cache.js';
import { PodStreams } from './pod-streams.js';
import { Reflector, type ReflectorParts } from './reflector.js';
import { type Method, Requester } from './requester.js';
import { apiVersionOf, objectName, objectPath, parentPath, resourceName } from './resource-path.js';
import { SetBacks } from './set-backs.js';
import type { ClientLimits } from './settings.js';
import type { Subject } from './subject.js';
import { Transport } from './transport.js';

const NAMESPACES: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

export interface ClientParts {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

interface RunningCache {
  readonly transform: CacheOptions['transform'];
  readonly cache: ObjectCache;
}

/**
 * A client of one Kubernetes API server. Opens connections when they are needed; disposing of it ends all caches, fails
 * what is under way and closes the connections.
 */
export class ClusterClient implements ClusterConnection {
  /** URL of the API server. */
  readonly server: string;
  readonly #parts: ClientParts;
  readonly #requestTimeoutMs: number;
  /** Those that are watched; none for all. */
  readonly #namespaces: readonly string[];
  readonly #identity: Identity;
  readonly #transport: Transport;
  readonly #requester: Requester;
  readonly #streams: PodStreams;
  readonly #reflectorParts: ReflectorParts;
  readonly #caches = new Map<string, RunningCache[]>();
  readonly #reflectors: Promise<void>[] = [];
  readonly #closing = new AbortController();

  constructor(access: ClusterAccess, limits: ClientLimits, parts: ClientParts) {
    const url = new URL(access.cluster.server);
    const basePath = url.pathname.replace(/\/+$/, '');
    const metrics = new ClientMetrics(parts.telemetry, url.host);
    this.server = `${url.origin}${basePath}`;
    this.#parts = parts;
    this.#requestTimeoutMs = limits.requestTimeout;
    this.#namespaces = [...new Set(limits.namespaces)];
    this.#identity = new Identity(access, parts.clock);
    const connector = new Connector(url, access.proxy, parts.clock);
    this.#transport = new Transport(url.origin, connector, limits.maxConnections);
    if (access.cluster.skipTLSVerify) {
      parts.logger.warn(
        'the certificate of the API server is not verified: anybody in between can read and change all',
        {
          server: this.server,
          setting: 'insecure-skip-tls-verify',
        },
      );
    }
    this.#requester = new Requester({
      transport: this.#transport,
      identity: this.#identity,
      metrics,
      clock: parts.clock,
      basePath,
      maxConnections: limits.maxConnections,
      defaultTimeoutMs: limits.requestTimeout,
    });
    this.#reflectorParts = {
      ...parts,
      requester: this.#requester,
      transport: this.#transport,
      identity: this.#identity,
      metrics,
      basePath,
      server: this.server,
      setBacks: new SetBacks(),
    };
    this.#streams = new PodStreams({
      ...this.#reflectorParts,
      connector,
      timeoutMs: limits.requestTimeout,
      closing: this.#closing.signal,
    });
  }

  async info(signal: AbortSignal): Promise<ClusterInfo> {
    const [version, kubeSystem] = await Promise.all([
      this.read('/version', { signal }),
      this.get(NAMESPACES, { name: 'kube-system' }, { signal }),
    ]);
    const { gitVersion = 'unknown' } = version.body as { readonly gitVersion?: string };
    return { uid: kubeSystem.metadata.uid ?? '', version: gitVersion, server: this.server };
  }

  read(path: string, options: RequestOptions): Promise<ServerAnswer> {
    const subject = { verb: 'get', resource: path, server: this.server };
    return this.#requester.sendForTime({ method: 'GET', path, lane: 'requests', subject, options });
  }

  async get(resource: ResourceType, key: ObjectKey, options: RequestOptions): Promise<KubernetesObject> {
    return this.#object('GET', 'get', resource, key, objectPath(resource, key), undefined, options);
  }

  /** Pages are read one after the other; a list that the server forgets in between is read again in one piece. */
  async list(
    resource: ResourceType,
    options: RequestOptions & CacheOptions,
  ): Promise<readonly KubernetesObject[]> {
    const deadlineMs = this.#parts.clock.monotonic() + (options.timeoutMs ?? this.#requestTimeoutMs);
    const parts = this.#namespacesOf(resource, options)?.map((namespace) => ({ ...options, namespace }));
    const objects: KubernetesObject[] = [];
    for (const part of parts ?? [options]) {
      try {
        objects.push(...(await this.#list(resource, part, PAGE_SIZE, deadlineMs)));
      } catch (error) {
        if (!(error instanceof ClusterError) || error.reason !== 'gone') throw error;
        objects.push(...(await this.#list(resource, part, 0, deadlineMs)));
      }
    }
    return objects;
  }

  async create(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    const { metadata } = object;
    const body = withType(resource, object);
    return this.#object('POST', 'create', resource, metadata, parentPath(resource, metadata), body, options);
  }

  async update(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#put('update', '', resource, object, options);
  }

  async updateStatus(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#put('update status of', '/status', resource, object, options);
  }

  async delete(
    resource: ResourceType,
    key: ObjectKey,
    preconditions: DeletePreconditions,
    options: RequestOptions,
  ): Promise<void> {
    const { uid, resourceVersion } = preconditions;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      preconditions: { uid, resourceVersion },
    };
    try {
      await this.#object('DELETE', 'delete', resource, key, objectPath(resource, key), body, options);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'missing') throw error;
    }
  }

  /**
   * Of the settings' namespaces, where neither the options nor the resource are about a single one or none. Throws
   * ClusterError (`aborted`) when the client is closed.
   */
  cache(resource: ResourceType, options: CacheOptions = {}): ResourceCache {
    const namespaces = this.#namespacesOf(resource, options);
    if (namespaces === undefined) return this.#cache(resource, options);
    const caches = namespaces.map(
      (namespace) => [namespace, this.#cache(resource, { ...options, namespace })] as const,
    );
    return new NamespacedCaches(resource, new Map(caches));
  }

  async exec(pod: ObjectKey, options: ExecOptions): Promise<number> {
    return this.#streams.exec(pod, options);
  }

  async logs(pod: ObjectKey, options: LogOptions): Promise<void> {
    return this.#streams.logs(pod, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ClusterError('aborted', 'the client was closed'));
    this.#identity[Symbol.dispose]();
    await this.#transport.close();
    await Promise.all(this.#reflectors);
    for (const running of this.#caches.values()) for (const { cache } of running) cache.close();
  }

  /** The namespaces to be asked one by one; undefined where one request is for all that is wanted. */
  #namespacesOf(
    { namespaced }: ResourceType,
    { namespace }: Pick<CacheOptions, 'namespace'>,
  ): readonly string[] | undefined {
    return namespaced && namespace === undefined && this.#namespaces.length > 0
      ? this.#namespaces
      : undefined;
  }

  #cache(resource: ResourceType, options: CacheOptions): ObjectCache {
    if (this.#closing.signal.aborted) {
      throw failure('aborted', this.#subject('watch', resource), 'the client is closed');
    }
    const { namespace, labelSelector, fieldSelector, transform } = options;
    const key = JSON.stringify([
      apiVersionOf(resource),
      resource.plural,
      namespace,
      labelSelector,
      fieldSelector,
    ]);
    const known = this.#caches.get(key) ?? [];
    const running = known.find((candidate) => candidate.transform === transform);
    if (running !== undefined) return running.cache;
    const cache = new ObjectCache(resource, options, this.#parts.logger);
    this.#caches.set(key, [...known, { transform, cache }]);
    const reflecting = new Reflector(cache, `watch ${this.#reflectors.length}`, this.#reflectorParts).run(
      this.#closing.signal,
    );
    this.#reflectors.push(
      reflecting.catch((error: unknown) =>
        this.#parts.logger.error('a reflector has ended; its cache is no longer fed', {
          resource: resource.plural,
          error,
        }),
      ),
    );
    return cache;
  }

  async #list(
    resource: ResourceType,
    options: RequestOptions & CacheOptions,
    limit: number,
    deadlineMs: number,
  ): Promise<readonly KubernetesObject[]> {
    const { transform = (object) => object } = options;
    const subject = this.#subject('list', resource);
    const objects: KubernetesObject[] = [];
    let next: string | undefined;
    do {
      const timeoutMs = Math.max(1, deadlineMs - this.#parts.clock.monotonic());
      const page = await listPage(this.#requester, subject, resource, options, {
        limit,
        next,
        options: { ...options, timeoutMs },
      });
      for (const item of page.items) objects.push(transform(item));
      next = page.next;
    } while (next !== undefined);
    return objects;
  }

  async #put(
    verb: string,
    subresource: string,
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    const { managedFields: _managedFields, ...metadata } = object.metadata;
    if (!metadata.uid || !metadata.resourceVersion) {
      const subject = this.#subject(verb, resource, metadata);
      throw failure(
        'invalid',
        subject,
        'a PUT without uid and resourceVersion could overwrite unseen changes',
      );
    }
    // A cached object lacks the field sets of managedFields; left out, the server keeps its own.
    const body = withType(resource, { ...object, metadata });
    const path = `${objectPath(resource, metadata)}${subresource}`;
    return this.#object('PUT', verb, resource, metadata, path, body, options);
  }

  #object(
    method: Method,
    verb: string,
    resource: ResourceType,
    key: ObjectKey,
    path: string,
    body: unknown,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    const subject = this.#subject(verb, resource, key);
    const answer = this.#requester.send({ method, path, body, lane: laneOf(resource), subject, options });
    return answer as Promise<KubernetesObject>;
  }

  #subject(verb: string, resource: ResourceType, key?: ObjectKey): Subject {
    const { server } = this;
    return key === undefined
      ? { verb, resource: resourceName(resource), server }
      : { verb, resource: resourceName(resource), server, object: objectName(key) };
  }
}

/** The API server wants to be told the kind, also where the URL says it. */
function withType(resource: ResourceType, object: KubernetesObject): KubernetesObject {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}
