import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubernetesObject, ObjectKey } from '@rynxs/kernel';
import type { ServedResource } from '../resources/registry.js';
import { asJson, isJsonObject, type JsonObject, stringAt } from '../storage/json.js';
import { badRequest, StatusError } from '../storage/status-error.js';
import type { FaultEffect, Verb } from './faults.js';
import type { ResourceRequest } from './request-info.js';

/** A request to a resource, understood and authenticated. */
export interface ResourceCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly target: ResourceRequest;
  readonly served: ServedResource;
  readonly verb: Verb;
  readonly effect: FaultEffect | undefined;
}

/** Which verb a method means on a resource; undefined when the resource does not have it. */
export function verbOf(
  method: string | undefined,
  target: ResourceRequest,
  query: URLSearchParams,
): Verb | undefined {
  if (target.subresource === 'exec') return 'connect';
  switch (method) {
    case 'GET': {
      const watch = query.get('watch');
      if (watch === 'true' || watch === '1') return 'watch';
      return target.name === undefined ? 'list' : 'get';
    }
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return target.name === undefined ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}

/** The object that the path names. Throws 404 for a namespaced resource without namespace. */
export function keyOf(call: ResourceCall): ObjectKey {
  const { name = '', namespace } = call.target;
  if (call.served.type.namespaced && namespace === undefined) throw pathNotFound();
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

/** 404 for a path that nothing serves. */
export function pathNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 405 for a method that the resource does not have. */
export function notAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

/** The node that a pod is on, if any. */
export function nodeOf(pod: KubernetesObject): string | undefined {
  return stringAt(asJson(pod), 'spec', 'nodeName');
}

/** 400 for commands in a pod that no node has yet. */
export function withoutNode(pod: string): StatusError {
  return badRequest(`pod ${pod} does not have a host assigned`);
}

/** Name and namespace of the URL and of the object must agree; what the object leaves out is taken from the URL. */
export function settleIdentity(call: ResourceCall, object: JsonObject): void {
  const { target, served } = call;
  if (!isJsonObject(object.metadata)) object.metadata = {};
  const meta = object.metadata;
  if (target.name !== undefined) {
    if (meta.name === undefined || meta.name === '') meta.name = target.name;
    if (meta.name !== target.name) {
      throw badRequest(
        `the name of the object (${String(meta.name)}) does not match the name on the URL (${target.name})`,
      );
    }
  }
  if (!served.type.namespaced) return;
  if (meta.namespace === undefined || meta.namespace === '') meta.namespace = target.namespace;
  if (meta.namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
