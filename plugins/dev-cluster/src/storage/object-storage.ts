import { randomUUID } from 'node:crypto';
import type { KubernetesObject, ObjectKey, ResourceType } from '@rynxs/kernel';
import type { DefinitionSource, ResourceDefinition } from '../resources/definition.js';
import { NAMESPACES, PODS } from '../resources/types.js';
import { type Change, ChangeHistory } from './change-history.js';
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
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  notFound,
  StatusError,
} from './status-error.js';

export type { Change } from './change-history.js';

export interface WriteOptions {
  /** Who writes, for managedFields; default `rynxs-dev-cluster`. */
  readonly fieldManager?: string;
  /** Does everything but the write itself. */
  readonly dryRun?: boolean;
  /** The caller has made the object for this call and will not look at it again: it need not be copied. */
  readonly givesObject?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Default Background: owned objects are collected afterwards. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** For pods: how long the processes may take to end; 0 removes the object at once (the node's confirmation). */
  readonly gracePeriodSeconds?: number;
}

/** What became of a deletion. */
export interface DeleteResult {
  readonly object: KubernetesObject;
  /** False while finalizers or a grace period hold the object. */
  readonly removed: boolean;
}

/** A stored object with the parts of it that answers and watch events are made of. */
interface Entry {
  readonly object: KubernetesObject;
  readonly resourceVersion: number;
}

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

type Listener = (change: Change) => void;

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The objects of the embedded cluster, with the semantics of the Kubernetes API but without its transport: the HTTP
 * server, the controllers and the node all work through it. Every call is synchronous and atomic. Refusals are thrown as
 * StatusError, worded as the API server words them. Objects that are returned are shared: never change them.
 */
export class ObjectStorage {
  readonly #definitions: DefinitionSource;
  readonly #now: () => number;
  readonly #objects = new Map<string, Map<string, Entry>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #allListeners = new Set<Listener>();
  readonly #history: ChangeHistory;
  readonly #sink: CommitSink | undefined;
  readonly #undelivered: Change[] = [];
  #delivering = false;
  #timestamp = { second: Number.NaN, text: '' };
  #resourceVersion: number;

  constructor(options: ObjectStorageOptions) {
    this.#definitions = options.definitions;
    this.#now = options.now ?? Date.now;
    this.#sink = options.sink;
    this.#resourceVersion = options.initial?.resourceVersion ?? 1;
    this.#history = new ChangeHistory(this.#resourceVersion, options.historyLimit ?? 4_096);
    for (const [type, object] of options.initial?.objects ?? []) {
      this.#entriesOfKey(type).set(keyOf(object.metadata), {
        object,
        resourceVersion: Number(object.metadata.resourceVersion),
      });
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
    return this.#entriesOf(resource).get(keyOf(key))?.object;
  }

  /** Objects of a type, by namespace and name in order. */
  list(resource: ResourceType, namespace?: string): readonly KubernetesObject[] {
    const found: [string, KubernetesObject][] = [];
    for (const [key, entry] of this.#entriesOf(resource)) {
      if (namespace === undefined || entry.object.metadata.namespace === namespace)
        found.push([key, entry.object]);
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
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
    return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Number of stored objects of a type. */
  count(resource: ResourceType): number {
    return this.#entriesOf(resource).size;
  }

  /**
   * Calls `listener` for every object that exists (as ADDED) and then after each change, in order. A change that a
   * listener makes is delivered after the one that it is being told of. `resource` undefined subscribes to everything.
   */
  subscribe(resource: ResourceType | undefined, listener: Listener): Disposable {
    const subscription = this.follow(resource, listener);
    const types = resource === undefined ? [...this.#objects.keys()] : [storageKey(resource)];
    for (const type of types) {
      for (const { object, resourceVersion } of [...(this.#objects.get(type)?.values() ?? [])]) {
        const definition = resource ?? this.#typeOf(type);
        listener({ type: 'ADDED', resource: definition, object, resourceVersion });
      }
    }
    return subscription;
  }

  /** As `subscribe`, without the objects that exist already. */
  follow(resource: ResourceType | undefined, listener: Listener): Disposable {
    let listeners = this.#allListeners;
    if (resource !== undefined) {
      const key = storageKey(resource);
      listeners = this.#listeners.get(key) ?? new Set();
      this.#listeners.set(key, listeners);
    }
    // A wrapper, so that one function may be subscribed twice.
    const entry: Listener = (change) => listener(change);
    listeners.add(entry);
    return { [Symbol.dispose]: () => void listeners.delete(entry) };
  }

  /** Changes of a type after a resource version, oldest first; undefined when the history no longer reaches back. */
  changesSince(resource: ResourceType, resourceVersion: number): readonly Change[] | undefined {
    const key = storageKey(resource);
    return this.#history.since(resourceVersion)?.filter((change) => storageKey(change.resource) === key);
  }

  /** Drops the history, so that every watch that resumes is told 410. */
  compactHistory(): void {
    this.#history.forget(this.#resourceVersion);
  }

  /** Creates an object. Throws 400, 403, 404 (no such namespace), 409 AlreadyExists, 422 Invalid. */
  create(resource: ResourceType, object: KubernetesObject, options: WriteOptions = {}): KubernetesObject {
    const definition = this.#definitionOf(resource);
    const json = ownCopy(object, options);
    const meta = metadataOf(json);
    const type = definition.type;
    setTypeMeta(json, type);
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== '') {
      throw badRequest('resourceVersion should not be set on objects to be created');
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
    const grace = graceOf(definition, json, options.gracePeriodSeconds);
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
            message: 'Invalid value: 0x0: must be specified for an update',
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
    const namespace = this.#entriesOf(NAMESPACES).get(keyOf({ name: key.namespace }));
    if (namespace === undefined) {
      throw new StatusError(404, 'NotFound', `namespaces "${key.namespace}" not found`, {
        name: key.namespace,
        kind: 'namespaces',
      });
    }
    if (namespace.object.metadata.deletionTimestamp === undefined) return;
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
    const entries = this.#entriesOf(resource);
    if (type === 'DELETED') entries.delete(keyOf(object.metadata));
    else entries.set(keyOf(object.metadata), { object, resourceVersion });
    if (previous !== undefined) forgetEncoding(previous);
    this.#history.add(change);
    this.#deliver(change);
    return object;
  }

  #deliver(change: Change): void {
    this.#undelivered.push(change);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of this.#listeners.get(storageKey(next.resource)) ?? []) tell(listener, next);
        for (const listener of this.#allListeners) tell(listener, next);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #manager(options: WriteOptions, subresource: string | undefined): FieldManager {
    return {
      name: options.fieldManager ?? 'rynxs-dev-cluster',
      time: this.timestamp(),
      ...(subresource === undefined ? {} : { subresource }),
    };
  }

  #entriesOf(resource: ResourceType): Map<string, Entry> {
    return this.#entriesOfKey(storageKey(resource));
  }

  #entriesOfKey(key: string): Map<string, Entry> {
    let entries = this.#objects.get(key);
    if (entries === undefined) {
      entries = new Map();
      this.#objects.set(key, entries);
    }
    return entries;
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

function ownCopy(object: KubernetesObject, options: WriteOptions): JsonObject {
  return options.givesObject === true ? asJson(object) : cloneJson(asJson(object));
}

/** A copy whose fields, and whose metadata's fields, may be replaced, but not changed in depth. */
function withOwnMetadata(object: KubernetesObject): JsonObject {
  const json = asJson(object);
  return { ...json, metadata: { ...metadataOf(json) } };
}

/** Names what is stored: all served versions of a resource share it. */
export function storageKey(resource: ResourceType): string {
  return `${resource.group}/${resource.plural}`;
}

function keyOf(key: ObjectKey): string {
  return `${key.namespace ?? ''}/${key.name}`;
}

function metadataOf(json: JsonObject): ObjectMetaJson {
  if (!isJsonObject(json.metadata)) json.metadata = {};
  return json.metadata as ObjectMetaJson;
}

function setTypeMeta(json: JsonObject, type: ResourceType): void {
  json.apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  json.kind = type.kind;
}

function keepServerMetadata(meta: ObjectMetaJson, old: ObjectMetaJson): void {
  for (const field of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'resourceVersion',
    'generateName',
    'selfLink',
    'managedFields',
  ]) {
    const value = old[field];
    if (value === undefined) delete meta[field];
    else meta[field] = value;
  }
}

/** Whether everything that the generation counts is the same. */
function sameContent(definition: ResourceDefinition, json: JsonObject, old: JsonObject): boolean {
  const content = (object: JsonObject): JsonObject => ({
    ...object,
    metadata: undefined,
    ...(definition.hasStatus ? { status: undefined } : {}),
  });
  return sameJson(content(json), content(old));
}

function unchanged(json: JsonObject, old: JsonObject): boolean {
  return sameJson(
    { ...json, metadata: { ...metadataOf(json), managedFields: undefined } },
    { ...old, metadata: { ...metadataOf(old), managedFields: undefined } },
  );
}

function graceOf(definition: ResourceDefinition, json: JsonObject, requested: number | undefined): number {
  return definition.gracePeriodSeconds?.(json, requested) ?? 0;
}

function checkPreconditions(
  type: ResourceType,
  object: KubernetesObject,
  preconditions: DeleteOptions['preconditions'],
): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const { metadata } = object;
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      type,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      type,
      metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/** A name from a prefix: five random characters that cannot form words, as the API server does it. */
export function generateName(prefix: string): string {
  // A uuid's bytes come from a pool: far cheaper than asking the system for five.
  const bytes = Buffer.from(randomUUID().slice(-12), 'hex').subarray(0, 5);
  let suffix = '';
  for (const byte of bytes) suffix += SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length] ?? '';
  return `${prefix.slice(0, 58)}${suffix}`;
}

function tell(listener: Listener, change: Change): void {
  try {
    listener(change);
  } catch (error) {
    // A listener's defect is not the writer's: it surfaces as an uncaught error, after the others were told.
    queueMicrotask(() => {
      throw error;
    });
  }
}
