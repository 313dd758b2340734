import type { KubernetesObject } from '@rynxs/kernel';
import type { PodRuntime } from '../node/pod-runtime.js';
import {
  asJson,
  asKubernetesObject,
  at,
  cloneJson,
  type JsonObject,
  objectAt,
  stringAt,
} from '../storage/json.js';
import { immutableCause } from '../storage/metadata-rules.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import { badRequest, invalid, notFound, StatusError } from '../storage/status-error.js';
import { type Answer, goneSignal } from './answer.js';
import { type DecodedObject, decodeObject } from './decode.js';
import type { Faults } from './faults.js';
import { listPage } from './list.js';
import { applyPatch } from './patch/apply-patch.js';
import { decodePatched, patchOf } from './patch/patch-body.js';
import { type Form, negotiate, representList, representObject, type TableOptions } from './representation.js';
import { mediaType, parseBody, readBody, readObject } from './request-body.js';
import {
  keyOf,
  nodeOf,
  notAllowed,
  pathNotFound,
  type ResourceCall,
  settleIdentity,
  withoutNode,
} from './resource-call.js';
import { readScale, scaleOf } from './scale.js';
import { parseFilter } from './selectors.js';
import { serveWatch } from './watch.js';
import { deleteOptions, fieldValidationOf, writeOptions } from './write-options.js';

export interface ResourceRequestsOptions {
  readonly storage: ObjectStorage;
  readonly faults: Faults;
  readonly now: () => number;
  /** Back end of pods/log; absent when the cluster has no node. */
  readonly runtime?: PodRuntime;
}

/** Carries out requests to resources: the transport's side of the object storage. */
export class ResourceRequests {
  readonly #storage: ObjectStorage;
  readonly #options: ResourceRequestsOptions;

  constructor(options: ResourceRequestsOptions) {
    this.#options = options;
    this.#storage = options.storage;
  }

  /** The answer to a call; undefined when it was streamed. Throws StatusError. */
  async answer(call: ResourceCall): Promise<Answer | undefined> {
    const { target, served, verb } = call;
    const { namespaced } = served.type;
    if (!namespaced && target.namespace !== undefined) throw pathNotFound();
    if (target.subresource !== undefined) return this.#subresource(call, target.subresource);
    switch (verb) {
      case 'get':
        return this.#object(call, 200, this.#existing(call));
      case 'list':
        return this.#list(call);
      case 'watch':
        return this.#watch(call);
      case 'create':
        return this.#create(call);
      case 'update':
        return this.#update(call);
      case 'patch':
        return this.#patch(call);
      case 'delete':
        return this.#delete(call);
      case 'deletecollection':
        return this.#deleteCollection(call);
      default:
        throw notAllowed();
    }
  }

  #subresource(call: ResourceCall, subresource: string): Promise<Answer | undefined> | Answer | undefined {
    const { served, verb } = call;
    const { definition } = served;
    if (call.target.name === undefined) throw pathNotFound();
    if (subresource === 'status' && definition.hasStatus) {
      if (verb === 'get') return this.#object(call, 200, this.#existing(call));
      if (verb === 'update') return this.#update(call, 'status');
      if (verb === 'patch') return this.#patch(call, 'status');
      throw notAllowed();
    }
    if (subresource === 'scale' && definition.scale !== undefined) return this.#scale(call);
    if (definition.otherSubresources?.includes(subresource) !== true) throw pathNotFound();
    if (subresource === 'log' && verb === 'get') return this.#log(call);
    if (subresource === 'binding' && verb === 'create') return this.#bind(call);
    if (subresource === 'finalize' && verb === 'update') return this.#finalize(call);
    if (subresource === 'exec') {
      const pod = this.#existing(call);
      throw nodeOf(pod) === undefined
        ? withoutNode(pod.metadata.name)
        : badRequest('Upgrade request required');
    }
    throw notAllowed();
  }

  #list(call: ResourceCall): Answer {
    const { served, query, target } = call;
    const form = negotiate(call.request.headers.accept);
    const filter = parseFilter(served.definition, target.namespace, query);
    const page = listPage(this.#storage, served.definition.type, filter, query);
    return {
      code: 200,
      body: representList(served, page.objects, page.meta, form, this.#tableOptions(query)),
    };
  }

  #watch(call: ResourceCall): undefined {
    const { served, query, target } = call;
    if (target.name !== undefined) query.append('fieldSelector', `metadata.name=${target.name}`);
    serveWatch(call.response, {
      storage: this.#storage,
      served,
      query,
      filter: parseFilter(served.definition, target.namespace, query),
      form: negotiate(call.request.headers.accept),
      includeObject: query.get('includeObject') ?? 'Metadata',
      faults: this.#options.faults,
      effect: call.effect,
      now: this.#options.now,
    });
    return undefined;
  }

  async #create(call: ResourceCall): Promise<Answer> {
    const { served, target } = call;
    if (target.name !== undefined) throw notAllowed();
    if (served.type.namespaced && target.namespace === undefined) throw notAllowed();
    const decoded = decodeObject(served, await readObject(call.request), fieldValidationOf(call));
    settleIdentity(call, decoded.object);
    return this.#made(call, decoded);
  }

  #made(call: ResourceCall, { object, warnings }: DecodedObject): Answer {
    const { served } = call;
    const causes = served.validateCreate?.(object) ?? [];
    if (causes.length > 0) {
      throw invalid(served.definition.type, stringAt(object, 'metadata', 'name') ?? '', causes);
    }
    const { type } = served.definition;
    const made = this.#storage.create(type, asKubernetesObject(object), writeOptions(call));
    return this.#object(call, 201, made, warnings);
  }

  /** Whether an update is of an object that is not there, of a kind that is then made. */
  #makesByUpdate(call: ResourceCall): boolean {
    const { definition } = call.served;
    return (
      definition.allowsCreateOnUpdate === true &&
      this.#storage.get(definition.type, keyOf(call)) === undefined
    );
  }

  async #update(call: ResourceCall, subresource?: 'status'): Promise<Answer> {
    const { served, target } = call;
    if (target.name === undefined) throw notAllowed();
    const decoded = decodeObject(served, await readObject(call.request), fieldValidationOf(call));
    settleIdentity(call, decoded.object);
    if (subresource === undefined && this.#makesByUpdate(call)) {
      delete objectAt(decoded.object, 'metadata').resourceVersion;
      return this.#made(call, decoded);
    }
    const updated = this.#write(call, decoded.object, subresource);
    return this.#object(call, 200, updated, decoded.warnings);
  }

  async #patch(call: ResourceCall, subresource?: 'status'): Promise<Answer> {
    const { served, target } = call;
    if (target.name === undefined) throw notAllowed();
    const body = await readBody(call.request);
    const type = mediaType(call.request) ?? '';
    if (type !== 'application/apply-patch+yaml') this.#existing(call);
    const patch = await patchOf(call.request, body);
    // Nothing may come between reading and writing: from here on everything is synchronous.
    const current = this.#existing(call);
    const shown = cloneJson(
      served.fromStored === undefined ? asJson(current) : served.fromStored(asJson(current)),
    );
    const patched = applyPatch(type, shown, patch, served);
    const decoded = decodePatched(served, patched, body, fieldValidationOf(call));
    const before = current.metadata;
    if (stringAt(decoded.object, 'metadata', 'name') !== before.name) {
      throw badRequest(
        `the name of the object (${stringAt(decoded.object, 'metadata', 'name') ?? ''}) does not match the name on the URL (${before.name})`,
      );
    }
    const uid = immutableCause('metadata.uid', at(decoded.object, 'metadata', 'uid'), before.uid);
    if (uid !== undefined) throw invalid(served.definition.type, before.name, [uid]);
    const updated = this.#write(call, decoded.object, subresource);
    return this.#object(call, 200, updated, decoded.warnings);
  }

  #write(call: ResourceCall, object: JsonObject, subresource: 'status' | undefined): KubernetesObject {
    const { definition } = call.served;
    const options = writeOptions(call);
    return subresource === 'status'
      ? this.#storage.updateStatus(definition.type, asKubernetesObject(object), options)
      : this.#storage.update(definition.type, asKubernetesObject(object), options);
  }

  async #delete(call: ResourceCall): Promise<Answer> {
    const { served } = call;
    const options = await deleteOptions(call);
    const { object, removed } = this.#storage.delete(served.definition.type, keyOf(call), options);
    if (!removed) return this.#object(call, 200, object);
    return {
      code: 200,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
          name: object.metadata.name,
          ...(served.type.group === '' ? {} : { group: served.type.group }),
          kind: served.type.plural,
          uid: object.metadata.uid ?? '',
        },
      },
    };
  }

  async #deleteCollection(call: ResourceCall): Promise<Answer> {
    const { served, query, target } = call;
    if (served.type.namespaced && target.namespace === undefined) throw notAllowed();
    const options = await deleteOptions(call);
    const filter = parseFilter(served.definition, target.namespace, query);
    const page = listPage(this.#storage, served.definition.type, filter, query);
    for (const object of page.objects) {
      // A deletion may have taken others along.
      if (this.#storage.get(served.definition.type, object.metadata)?.metadata.uid !== object.metadata.uid)
        continue;
      this.#storage.delete(served.definition.type, object.metadata, options);
    }
    return {
      code: 200,
      body: representList(served, page.objects, page.meta, 'object', this.#tableOptions(query)),
    };
  }

  async #scale(call: ResourceCall): Promise<Answer> {
    const { verb, served } = call;
    if (verb === 'get') return { code: 200, body: scaleOf(served.definition, this.#existing(call)) };
    if (verb !== 'update' && verb !== 'patch') throw notAllowed();
    const body = await readBody(call.request);
    const sent = verb === 'update' ? await parseBody(call.request, body) : await patchOf(call.request, body);
    const current = this.#existing(call);
    const scale =
      verb === 'update'
        ? sent
        : applyPatch(mediaType(call.request) ?? '', scaleOf(served.definition, current), sent, served);
    const desired = readScale(served.definition, current, scale);
    const updated = this.#storage.update(served.definition.type, desired, writeOptions(call));
    return { code: 200, body: scaleOf(served.definition, updated) };
  }

  async #log(call: ResourceCall): Promise<Answer | undefined> {
    const { runtime } = this.#options;
    const pod = this.#existing(call);
    // Where no node has the pod there is nothing to read yet.
    if (nodeOf(pod) === undefined) return { code: 204, body: Buffer.alloc(0) };
    if (runtime === undefined) {
      throw new StatusError(
        503,
        'ServiceUnavailable',
        'this cluster has no node: nothing runs, so there are no logs',
      );
    }
    await runtime.log(pod, call.query, call.response, goneSignal(call.response));
    return undefined;
  }

  async #bind(call: ResourceCall): Promise<Answer> {
    const binding = await readObject(call.request);
    const nodeName = stringAt(binding, 'target', 'name');
    if (nodeName === undefined || nodeName === '') {
      throw badRequest('target.name: Required value: the binding must name a node');
    }
    this.#storage.bindPod(keyOf(call), nodeName, writeOptions(call));
    return {
      code: 201,
      body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
    };
  }

  async #finalize(call: ResourceCall): Promise<Answer> {
    const sent = await readObject(call.request);
    const finalizers = at(sent, 'spec', 'finalizers');
    if (Array.isArray(finalizers) && finalizers.length > 0)
      return this.#object(call, 200, this.#existing(call));
    return this.#object(
      call,
      200,
      this.#storage.finalize(call.served.definition.type, keyOf(call), writeOptions(call)),
    );
  }

  #existing(call: ResourceCall): KubernetesObject {
    const { type } = call.served.definition;
    const key = keyOf(call);
    const object = this.#storage.get(type, key);
    if (object === undefined) throw notFound(call.served.type, key.name);
    return object;
  }

  #object(
    call: ResourceCall,
    code: number,
    object: KubernetesObject,
    complaints: readonly string[] = [],
  ): Answer {
    const { warning } = call.served;
    const warnings = warning === undefined ? complaints : [warning, ...complaints];
    const form: Form = negotiate(call.request.headers.accept);
    return {
      code,
      body: representObject(call.served, object, form, this.#tableOptions(call.query)),
      ...(warnings.length === 0 ? {} : { warnings }),
    };
  }

  #tableOptions(query: URLSearchParams): TableOptions {
    return { nowMs: this.#options.now(), includeObject: query.get('includeObject') ?? 'Metadata' };
  }
}
