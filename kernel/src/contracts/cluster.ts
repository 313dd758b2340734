import type { JsonMap } from '@rynxs/log';
import { createToken } from './token.js';

/** A kind of object and where its API lives. */
export interface ResourceType {
  /** API group; empty for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case plural, as in URLs. */
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly JsonMap[];
}

/** An object as the API server sent it: raw JSON, unknown fields kept. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Names an object of a known type. `namespace` is absent for cluster-scoped ones. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/**
 * What the API server's answer means.
 * `conflict`: 409 on an update or delete whose precondition failed. `exists`: 409 AlreadyExists.
 * `missing`: 404. `gone`: 410. `invalid`: 400, 405, 415, 422 or a denial by admission; will not get better by itself.
 * `denied`: 401 or 403. `throttled`: 429, or a 503 with Retry-After.
 * `ambiguous`: sent, but no answer came (time-out, reset), or a write was answered with 504: it may have happened.
 * `unavailable`: not sent, or another 5xx. `aborted`: the caller's signal ended it before it was sent.
 */
export type ClusterErrorReason =
  | 'conflict'
  | 'exists'
  | 'missing'
  | 'gone'
  | 'invalid'
  | 'denied'
  | 'throttled'
  | 'ambiguous'
  | 'unavailable'
  | 'aborted';

/** Thrown by every method of Cluster that fails. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  constructor(
    readonly reason: ClusterErrorReason,
    message: string,
    /** HTTP status, where there was an answer. */
    readonly status?: number,
    /** The server's wish to be left alone, in milliseconds. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface RequestOptions {
  readonly signal: AbortSignal;
  /** Deadline of the whole call in milliseconds; default 10,000. Also sent as `?timeout=` with writes. */
  readonly timeoutMs?: number;
  /** Called synchronously directly before the bytes are sent, after a slot was taken; a throw cancels the request. */
  readonly beforeSend?: () => void;
}

/** Preconditions of a deletion; both are sent, so that a late request cannot hit a successor of the same name. */
export interface DeletePreconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

export type CacheEvent = {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: KubernetesObject;
  readonly previous?: KubernetesObject;
};

export interface CacheOptions {
  /** Restrict to a namespace; default all. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Drops what is not needed before an object is kept; must return an object of the same identity. */
  readonly transform?: (object: KubernetesObject) => KubernetesObject;
}

/** A live copy of all objects of a type, kept by list and watch. Objects are shared: never change them. */
export interface ResourceCache {
  readonly resource: ResourceType;
  get(key: ObjectKey): KubernetesObject | undefined;
  list(): Iterable<KubernetesObject>;
  /** Objects that name `uid` as an owner. */
  ownedBy(uid: string): readonly KubernetesObject[];
  /** Objects that carry the label `key` with exactly `value`. `app.kubernetes.io/instance` is indexed, others are searched. */
  withLabel(key: string, value: string): readonly KubernetesObject[];
  /** Resolves when the first complete list is in the cache. */
  synced(signal: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  /** Calls `listener` after each change, in order; objects already cached are reported as `added` first. */
  subscribe(listener: (event: CacheEvent) => void): Disposable;
  /**
   * Puts the answer of an own write, or of a read, into the cache at once, unless something newer is there, so that the next
   * look does not see the state before. Subscribers are told at once, and not again when the watch comes to it.
   */
  assume(object: KubernetesObject): void;
  readonly size: number;
}

/** One end of a command that runs in a container. The API server wants at least one of its three streams. */
export interface ExecOptions {
  readonly container?: string;
  readonly command: readonly string[];
  readonly stdin?: NodeJS.ReadableStream;
  readonly stdout?: NodeJS.WritableStream;
  readonly stderr?: NodeJS.WritableStream;
  readonly tty?: boolean;
  readonly signal: AbortSignal;
}

/** Which part of a container's log is wanted, and where it goes. */
export interface LogOptions {
  /** Default: the only one. */
  readonly container?: string;
  /** Go on with what is written from now on, until the container ends. */
  readonly follow?: boolean;
  /** The log of the container's run before this one. */
  readonly previous?: boolean;
  /** No more than so many lines from the end. */
  readonly tailLines?: number;
  /** Nothing from before this time. */
  readonly since?: Date;
  /** Gets the bytes as they come; is not ended. */
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

export interface ClusterInfo {
  /** Uid of the kube-system namespace: the identity of a cluster. */
  readonly uid: string;
  /** Server version, e.g. `v1.34.4`. */
  readonly version: string;
  /** URL of the API server. */
  readonly server: string;
}

/** A Kubernetes cluster, in raw JSON. Every method throws ClusterError when it fails. */
export interface Cluster {
  info(signal: AbortSignal): Promise<ClusterInfo>;
  get(resource: ResourceType, key: ObjectKey, options: RequestOptions): Promise<KubernetesObject>;
  list(resource: ResourceType, options: RequestOptions & CacheOptions): Promise<readonly KubernetesObject[]>;
  create(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject>;
  /** PUT; `object.metadata` must carry uid and resourceVersion. */
  update(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject>;
  /** PUT on the status subresource; same rule. */
  updateStatus(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject>;
  /** Deletes with background propagation. Resolves also when the object was gone already. */
  delete(
    resource: ResourceType,
    key: ObjectKey,
    preconditions: DeletePreconditions,
    options: RequestOptions,
  ): Promise<void>;
  /** The cache of a type; one per type and options, started on first use, ended with the cluster. */
  cache(resource: ResourceType, options?: CacheOptions): ResourceCache;
  /** Runs a command in a pod; resolves to its exit code. */
  exec(pod: ObjectKey, options: ExecOptions): Promise<number>;
  /** Hands a container's log on; resolves when all of it was. */
  logs(pod: ObjectKey, options: LogOptions): Promise<void>;
}

export const CLUSTER = createToken<Cluster>('CLUSTER', { selectedBy: 'CLUSTER_TYPE' });

/** What the API server answered to a plain GET. */
export interface ServerAnswer {
  /** The answer's JSON. */
  readonly body: unknown;
  /**
   * The server's clock when it answered, in milliseconds since 1970, cut to whole seconds (RFC 9110, 6.6.1); undefined where
   * it does not say.
   */
  readonly serverTime: number | undefined;
}

/** A client of one cluster, which whoever opened it closes. */
export interface ClusterConnection extends Cluster, AsyncDisposable {
  /** URL of the API server. */
  readonly server: string;
  /** GET of a path that belongs to no resource: `/version`, `/openapi/v3/apis/apps/v1`. Throws ClusterError. */
  read(path: string, options: RequestOptions): Promise<ServerAnswer>;
}

/** Makes clients of clusters. Lets a plugin that brings a cluster, and commands, use another plugin's client. */
export interface ClusterConnector {
  /**
   * `kubeconfig` is the text of a kubeconfig file; its current context is used. Without it: the cluster that the settings
   * name. Nothing is sent before the client is used. The caller closes what it opened.
   */
  connect(kubeconfig?: string): Promise<ClusterConnection>;
}

export const CLUSTER_CONNECTOR = createToken<ClusterConnector>('CLUSTER_CONNECTOR');
