import type { KubernetesObject } from '@rynxs/kernel';
import { selectorText } from '../resources/columns.js';
import type { ResourceDefinition } from '../resources/definition.js';
import {
  asJson,
  asKubernetesObject,
  at,
  cloneJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  numberAt,
  stringAt,
} from '../storage/json.js';
import { invalidValue } from '../storage/metadata-rules.js';
import { badRequest, invalid } from '../storage/status-error.js';

/** An object as the autoscaling/v1 Scale that its scale subresource shows. */
export function scaleOf(definition: ResourceDefinition, object: KubernetesObject): JsonObject {
  const json = asJson(object);
  const { scale } = definition;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = numberAt(json, ...fields(scale?.specReplicas)) ?? 0;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // Zero is not shown there, and shown in the status.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: numberAt(json, ...fields(scale?.statusReplicas)) ?? 0,
      selector: selectorOf(definition, json),
    },
  };
}

/** The object as a Scale wants it. Throws 400 and 422 for a Scale that makes no sense. */
export function readScale(
  definition: ResourceDefinition,
  object: KubernetesObject,
  scale: JsonValue,
): KubernetesObject {
  if (!isJsonObject(scale)) throw badRequest('the body is no Scale');
  const replicas = at(scale, 'spec', 'replicas') ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    throw invalid({ ...definition.type, group: 'autoscaling', kind: 'Scale' }, object.metadata.name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  const json = cloneJson(asJson(object));
  let parent: JsonObject = json;
  const path = fields(definition.scale?.specReplicas);
  for (const field of path.slice(0, -1)) {
    const next = parent[field];
    const child: JsonObject = isJsonObject(next) ? next : {};
    parent[field] = child;
    parent = child;
  }
  parent[path.at(-1) ?? ''] = replicas;
  const version = stringAt(scale, 'metadata', 'resourceVersion');
  if (version !== undefined && version !== '' && isJsonObject(json.metadata)) {
    json.metadata.resourceVersion = version;
  }
  return asKubernetesObject(json);
}

function fields(path: string | undefined): readonly string[] {
  return (path ?? '').split('.').filter((part) => part !== '');
}

function selectorOf(definition: ResourceDefinition, object: JsonObject): string {
  const { labelSelector } = definition.scale ?? {};
  if (labelSelector !== undefined) return stringAt(object, ...fields(labelSelector)) ?? '';
  return selectorText(at(object, 'spec', 'selector'));
}
