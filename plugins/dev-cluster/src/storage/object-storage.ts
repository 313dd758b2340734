import { randomUUID } from 'node:crypto';
import type { KubernetesObject, ObjectKey, ResourceType } from '@rynxs/kernel';
import type { DefinitionSource, ResourceDefinition } from '../resources/definition.js';
import { NAMESPACES, PODS } from '../resources/types.js';
import { ChangeFeed, type ChangeListener, storageKey } from './change-feed.js';
import type { Change } from './change-history.js';
import { forgetEncoding } from './encoded-object.js';
import {
  asJson,
  asKubernetesObject,
  at,
  cloneJson,
  isJsonObject,
  type JsonObject,
  objectsAt,
  sameJson,
} from './json.js';
import { type FieldManager, recordManager } from './managed-fields.js';
import { metadataCauses, type ObjectMetaJson } from './metadata-rules.js';
import {
  generateName,
  keepServerMetadata,
  metadataOf,
  ownCopy,
  sameContent,
  serverMetadataCauses,
  setTypeMeta,
  unchanged,
  withOwnMetadata,
} from './object-preparation.js';
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  notFound,
  StatusError,
} from './status-error.js';
import {
  checkPreconditions,
  type DeleteOptions,
  type DeleteResult,
  type WriteOptions,
} from './write-options.js';

export type { Change } from './change-history.js';
export type { DeleteOptions, DeleteResult, WriteOptions } from './write-options.js';

/** Keeps what was committed beyond the process's life. Calls happen in order, before the write is acknowledged. */
export interface CommitSink {
  committed(change: Change): void;
}

export interface ObjectStorageOptions {
  readonly definitions: DefinitionSource;
  /** Wall-clock milliseconds; default the system's. */
  readonly now?: () => number;
  /** How many changes a watch may lie behind before it is told 410; default 4,096. */
  readonly historyLimit?: number;
  /** What was stored before, and the newest resource version handed out. */
  readonly initial?: {
    readonly resourceVersion: number;
    /** Each with the storage key of its type. */
    readonly objects: Iterable<readonly [string, KubernetesObject]>;
  };
  readonly sink?: CommitSink;
}

/**
 * The objects of the embedded cluster, with the semantics of the Kubernetes API but without its transport: the HTTP
 * server, the controllers and the node all work through it. Every call is synchronous and atomic. Refusals are thrown as
 * StatusError, worded as the API server words them. Objects that are returned are shared: never change them.
 */
export class ObjectStorage {
  readonly #definitions: DefinitionSource;
  readonly #now: () => number;
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #feed: ChangeFeed;
  readonly #sink: CommitSink | undefined;
  #timestamp = { second: Number.NaN, text: '' };
  #resourceVersion: number;

  constructor(options: ObjectStorageOptions) {
    this.#definitions = options.definitions;
    this.#now = options.now ?? Date.now;
    this.#sink = options.sink;
    this.#resourceVersion = options.initial?.resourceVersion ?? 1;
    this.#feed = new ChangeFeed(this.#resourceVersion, options.historyLimit ?? 4_096);
    for (const [type, object] of options.initial?.objects ?? []) {
      this.#objectsOfKey(type).set(keyOf(object.metadata), object);
    }
  }

  /** The newest resource version, as a list carries it. */
  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  /** The current time as the API writes it: RFC 3339 in whole seconds. */
  timestamp(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#timestamp.second) {
      this.#timestamp = { second, text: new Date(second * 1000).toISOString().replace('.000Z', 'Z') };
    }
    return this.#timestamp.text;
  }

  /** The current time with microseconds' width, as Leases and events.k8s.io have it. */
  microTimestamp(): string {
    return new Date(this.#now()).toISOString().replace('Z', '000Z');
  }

  get(resource: ResourceType, key: ObjectKey): KubernetesObject | undefined {
    return this.#objectsOf(resource).get(keyOf(key));
  }

  /** Objects of a type, by namespace and name in order. */
  list(resource: ResourceType, namespace?: string): readonly KubernetesObject[] {
    const found = [...this.#objectsOf(resource)].filter(
      ([, object]) => namespace === undefined || object.metadata.namespace === namespace,
    );
    return inOrder(found);
  }

  /**
   * Objects of a type as they were at an earlier resource version, in the order of `list`; undefined when the history
   * no longer reaches back.
   */
  listAt(
    resource: ResourceType,
    resourceVersion: number,
    namespace?: string,
  ): readonly KubernetesObject[] | undefined {
    const changes = this.changesSince(resource, resourceVersion);
    if (changes === undefined) return undefined;
    const objects = new Map(this.list(resource, namespace).map((object) => [keyOf(object.metadata), object]));
    for (const change of changes.toReversed()) {
      const key = keyOf(change.object.metadata);
      if (change.previous === undefined) objects.delete(key);
      else if (namespace === undefined || change.object.metadata.namespace === namespace) {
        objects.set(key, change.previous);
      }
    }
    return inOrder([...objects]);
  }

  /** Number of stored objects of a type. */
  count(resource: ResourceType): number {
    return this.#objectsOf(resource).size;
  }

  /**
   * Calls `listener` for every object that exists (as ADDED) and then after each change, in order. A change that a
   * listener makes is delivered after the one that it is being told of. `resource` undefined subscribes to everything.
   */
  subscribe(resource: ResourceType | undefined, listener: ChangeListener): Disposable {
    const subscription = this.follow(resource, listener);
    const types = resource === undefined ? [...this.#objects.keys()] : [storageKey(resource)];
    for (const type of types) {
      for (const object of [...(this.#objects.get(type)?.values() ?? [])]) {
        const resourceVersion = Number(object.metadata.resourceVersion);
        listener({ type: 'ADDED', resource: resource ?? this.#typeOf(type), object, resourceVersion });
      }
    }
    return subscription;
  }

  /** As `subscribe`, without the objects that exist already. */
  follow(resource: ResourceType | undefined, listener: ChangeListener): Disposable {
    return this.#feed.follow(resource, listener);
  }

  /** Changes of a type after a resource version, oldest first; undefined when the history no longer reaches back. */
  changesSince(resource: ResourceType, resourceVersion: number): readonly Change[] | undefined {
    return this.#feed.since(resource, resourceVersion);
  }

  /** Drops the history, so that every watch that resumes is told 410. */
  compactHistory(): void {
    this.#feed.forget(this.#resourceVersion);
  }

  /** Creates an object. Throws 400, 403, 404 (no such namespace), 409 AlreadyExists, 422 Invalid. */
  create(resource: ResourceType, object: KubernetesObject, options: WriteOptions = {}): KubernetesObject {
    const definition = this.#definitionOf(resource);
    const json = ownCopy(object, options);
    const meta = metadataOf(json);
    const type = definition.type;
    setTypeMeta(json, type);
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== '') {
      // Without a reason and as the server's own fault: so it does it.
      throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
    }
    this.#settleNamespace(type, meta);
    if (meta.name === undefined || meta.name === '') {
      if (typeof meta.generateName === 'string' && meta.generateName !== '') {
        meta.name = generateName(meta.generateName);
      }
    }
    for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'resourceVersion']) {
      delete meta[field];
    }
    meta.uid = randomUUID();
    meta.creationTimestamp = this.timestamp();
    if (definition.hasGeneration) meta.generation = 1;
    else delete meta.generation;
    if (definition.hasStatus) delete json.status;
    definition.applyDefaults?.(json);
    definition.prepareForCreate?.(json);
    const causes = [
      ...metadataCauses(definition, meta, undefined),
      ...(definition.validate?.(json, undefined) ?? []),
    ];
    if (causes.length > 0) throw invalid(type, meta.name ?? '', causes);
    const key = {
      name: meta.name ?? '',
      ...(meta.namespace === undefined ? {} : { namespace: meta.namespace }),
    };
    this.#refuseInEndingNamespace(type, key);
    if (this.get(type, key) !== undefined) throw alreadyExists(type, key.name);
    recordManager(json, undefined, this.#manager(options, undefined));
    return this.#commit('ADDED', type, json, undefined, options.dryRun === true);
  }

  /**
   * Replaces an object's metadata and spec; its status stays. An absent resource version means "whatever is there",
   * where the type allows it. Throws 404, 409 Conflict, 422 Invalid. An update that changes nothing writes nothing.
   */
  update(resource: ResourceType, object: KubernetesObject, options: WriteOptions = {}): KubernetesObject {
    const definition = this.#definitionOf(resource);
    const json = ownCopy(object, options);
    const previous = this.#checkedForUpdate(definition, json);
    const old = asJson(previous);
    const meta = metadataOf(json);
    const fixed = serverMetadataCauses(meta, metadataOf(old));
    if (fixed.length > 0) throw invalid(definition.type, previous.metadata.name, fixed);
    keepServerMetadata(meta, metadataOf(old));
    if (definition.hasStatus) {
      if (old.status === undefined) delete json.status;
      else json.status = old.status;
    }
    definition.prepareForUpdate?.(json, old);
    definition.applyDefaults?.(json);
    if (definition.hasGeneration && meta.generation !== undefined && !sameContent(definition, json, old)) {
      meta.generation = Number(meta.generation) + 1;
    }
    const causes = [
      ...metadataCauses(definition, meta, metadataOf(old)),
      ...(definition.validate?.(json, old) ?? []),
    ];
    if (causes.length > 0) throw invalid(definition.type, previous.metadata.name, causes);
    return this.#replace(definition, json, previous, options, undefined);
  }

  /** Replaces an object's status and nothing else. Throws as `update` does. */
  updateStatus(
    resource: ResourceType,
    object: KubernetesObject,
    options: WriteOptions = {},
  ): KubernetesObject {
    const definition = this.#definitionOf(resource);
    if (!definition.hasStatus) throw notFound(definition.type, object.metadata.name);
    const sent = asJson(object);
    const previous = this.#checkedForUpdate(definition, {
      ...sent,
      metadata: { ...metadataOf(sent) },
    });
    const json = withOwnMetadata(previous);
    if (sent.status === undefined) delete json.status;
    else json.status = options.givesObject === true ? sent.status : cloneJson(sent.status);
    const { annotations } = metadataOf(sent);
    if (definition.annotationsAreContent === true && annotations !== undefined) {
      metadataOf(json).annotations = cloneJson(annotations);
    }
    const causes = definition.validateStatus?.(json, asJson(previous)) ?? [];
    if (causes.length > 0) throw invalid(definition.type, previous.metadata.name, causes);
    return this.#replace(definition, json, previous, options, 'status');
  }

  /** Deletes an object, or marks it for deletion. Throws 404, and 409 Conflict when a precondition fails. */
  delete(resource: ResourceType, key: ObjectKey, options: DeleteOptions = {}): DeleteResult {
    const definition = this.#definitionOf(resource);
    const type = definition.type;
    const previous = this.get(type, key);
    if (previous === undefined) throw notFound(type, key.name);
    checkPreconditions(type, previous, options.preconditions);
    const json = withOwnMetadata(previous);
    const meta = metadataOf(json);
    const finalizers = new Set(Array.isArray(meta.finalizers) ? meta.finalizers : []);
    const policy = options.propagationPolicy;
    if (policy !== undefined) {
      finalizers.delete('foregroundDeletion');
      finalizers.delete('orphan');
      if (policy === 'Foreground') finalizers.add('foregroundDeletion');
      if (policy === 'Orphan') finalizers.add('orphan');
    }
    const wasDeleting = meta.deletionTimestamp !== undefined;
    const grace = definition.gracePeriodSeconds?.(json, options.gracePeriodSeconds) ?? 0;
    const pending = definition.pendingFinalizers?.(json) ?? [];
    if (grace === 0 && finalizers.size === 0 && pending.length === 0) {
      return {
        object: this.#commit('DELETED', type, json, previous, options.dryRun === true),
        removed: true,
      };
    }
    if (finalizers.size > 0) meta.finalizers = [...finalizers];
    else delete meta.finalizers;
    const newGrace = wasDeleting ? Math.min(Number(meta.deletionGracePeriodSeconds ?? 0), grace) : grace;
    if (!wasDeleting || newGrace !== Number(meta.deletionGracePeriodSeconds ?? 0)) {
      const now = this.#now();
      meta.deletionTimestamp = new Date(now + newGrace * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
      meta.deletionGracePeriodSeconds = newGrace;
      if (!wasDeleting && typeof meta.generation === 'number' && meta.generation > 0) meta.generation += 1;
      definition.prepareForDelete?.(json);
    }
    if (sameJson(json, asJson(previous))) return { object: previous, removed: false };
    const object = this.#commit('MODIFIED', type, json, previous, options.dryRun === true);
    return { object, removed: false };
  }

  /** Takes the finalizers of `spec.finalizers` (namespaces) away; the object goes if it was waiting for that. */
  finalize(resource: ResourceType, key: ObjectKey, options: WriteOptions = {}): KubernetesObject {
    const definition = this.#definitionOf(resource);
    const previous = this.get(resource, key);
    if (previous === undefined) throw notFound(resource, key.name);
    const json = cloneJson(asJson(previous));
    if (isJsonObject(json.spec)) delete json.spec.finalizers;
    return this.#replace(definition, json, previous, options, 'finalize');
  }

  /** The binding subresource: puts a pod on a node. Throws 404, and 409 Conflict when it has one already. */
  bindPod(key: ObjectKey, nodeName: string, options: WriteOptions = {}): KubernetesObject {
    const definition = this.#definitionOf(PODS);
    const previous = this.get(PODS, key);
    if (previous === undefined) throw notFound(PODS, key.name);
    const json = cloneJson(asJson(previous));
    const bound = at(json, 'spec', 'nodeName');
    if (bound !== undefined) {
      throw conflict(PODS, key.name, `pod ${key.name} is already assigned to node "${String(bound)}"`);
    }
    if (isJsonObject(json.spec)) json.spec.nodeName = nodeName;
    const status = isJsonObject(json.status) ? json.status : {};
    const conditions = objectsAt(status, 'conditions').filter((each) => each.type !== 'PodScheduled');
    const scheduled: JsonObject = {
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: this.timestamp(),
    };
    json.status = { ...status, conditions: [...conditions, scheduled] };
    return this.#replace(definition, json, previous, options, 'binding');
  }

  #replace(
    definition: ResourceDefinition,
    json: JsonObject,
    previous: KubernetesObject,
    options: WriteOptions,
    subresource: string | undefined,
  ): KubernetesObject {
    const old = asJson(previous);
    if (unchanged(json, old)) return previous;
    recordManager(json, old, this.#manager(options, subresource));
    const meta = metadataOf(json);
    const dryRun = options.dryRun === true;
    const held =
      (Array.isArray(meta.finalizers) && meta.finalizers.length > 0) ||
      (definition.pendingFinalizers?.(json) ?? []).length > 0 ||
      Number(meta.deletionGracePeriodSeconds ?? 0) > 0;
    if (meta.deletionTimestamp !== undefined && !held) {
      return this.#commit('DELETED', definition.type, json, previous, dryRun);
    }
    return this.#commit('MODIFIED', definition.type, json, previous, dryRun);
  }

  #checkedForUpdate(definition: ResourceDefinition, json: JsonObject): KubernetesObject {
    const meta = metadataOf(json);
    const type = definition.type;
    if (!type.namespaced) delete meta.namespace;
    setTypeMeta(json, type);
    const name = meta.name ?? '';
    const previous = this.get(type, {
      name,
      ...(meta.namespace === undefined ? {} : { namespace: meta.namespace }),
    });
    if (previous === undefined) throw notFound(type, name);
    if (meta.uid !== undefined && meta.uid !== '' && meta.uid !== previous.metadata.uid) {
      throw conflict(
        type,
        name,
        `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${previous.metadata.uid}`,
      );
    }
    const sentVersion = meta.resourceVersion ?? '';
    if (sentVersion === '') {
      if (!definition.allowsUnconditionalUpdate) {
        throw invalid(type, name, [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: 0: must be specified for an update',
            field: 'metadata.resourceVersion',
          },
        ]);
      }
    } else if (sentVersion !== previous.metadata.resourceVersion) {
      throw conflict(
        type,
        name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    return previous;
  }

  #settleNamespace(type: ResourceType, meta: ObjectMetaJson): void {
    if (!type.namespaced) {
      delete meta.namespace;
      return;
    }
    if (meta.namespace === undefined || meta.namespace === '') {
      throw badRequest('an empty namespace may not be set during creation');
    }
  }

  #refuseInEndingNamespace(type: ResourceType, key: ObjectKey): void {
    if (key.namespace === undefined) return;
    const namespace = this.#objectsOf(NAMESPACES).get(keyOf({ name: key.namespace }));
    if (namespace === undefined) {
      throw new StatusError(404, 'NotFound', `namespaces "${key.namespace}" not found`, {
        name: key.namespace,
        kind: 'namespaces',
      });
    }
    if (namespace.metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      type,
      key.name,
      `unable to create new content in namespace ${key.namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${key.namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }

  #commit(
    type: Change['type'],
    resource: ResourceType,
    json: JsonObject,
    previous: KubernetesObject | undefined,
    dryRun: boolean,
  ): KubernetesObject {
    const meta = metadataOf(json);
    if (dryRun) {
      if (previous !== undefined) meta.resourceVersion = previous.metadata.resourceVersion ?? '';
      return asKubernetesObject(json);
    }
    const resourceVersion = this.#resourceVersion + 1;
    meta.resourceVersion = String(resourceVersion);
    const object = asKubernetesObject(json);
    const change: Change = {
      type,
      resource,
      object,
      resourceVersion,
      ...(previous === undefined ? {} : { previous }),
    };
    // The sink first: when it fails, nothing has happened.
    this.#sink?.committed(change);
    this.#resourceVersion = resourceVersion;
    const objects = this.#objectsOf(resource);
    if (type === 'DELETED') objects.delete(keyOf(object.metadata));
    else objects.set(keyOf(object.metadata), object);
    if (previous !== undefined) forgetEncoding(previous);
    this.#feed.publish(change);
    return object;
  }

  #manager(options: WriteOptions, subresource: string | undefined): FieldManager {
    return {
      name: options.fieldManager ?? 'rynxs-dev-cluster',
      time: this.timestamp(),
      ...(subresource === undefined ? {} : { subresource }),
    };
  }

  #objectsOf(resource: ResourceType): Map<string, KubernetesObject> {
    return this.#objectsOfKey(storageKey(resource));
  }

  #objectsOfKey(key: string): Map<string, KubernetesObject> {
    let objects = this.#objects.get(key);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(key, objects);
    }
    return objects;
  }

  #definitionOf(resource: ResourceType): ResourceDefinition {
    const definition = this.#definitions.definition(resource.group, resource.plural);
    if (definition !== undefined) return definition;
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
  }

  #typeOf(key: string): ResourceType {
    const slash = key.indexOf('/');
    return this.#definitionOf({
      group: key.slice(0, slash),
      plural: key.slice(slash + 1),
      version: '',
      kind: '',
      namespaced: true,
    }).type;
  }
}

function keyOf(key: ObjectKey): string {
  return `${key.namespace ?? ''}/${key.name}`;
}

function inOrder(objects: [string, KubernetesObject][]): readonly KubernetesObject[] {
  return objects.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
