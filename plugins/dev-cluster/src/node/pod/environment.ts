import type { KubernetesObject } from '@rynxs/kernel';
import { CONFIG_MAPS, SECRETS } from '../../resources/types.js';
import { asJson, type JsonObject, objectAt, objectsAt, stringAt, stringsAt } from '../../storage/json.js';
import type { ObjectStorage } from '../../storage/object-storage.js';
import { HOST_PATH } from '../sandbox/process.js';
import { expand } from './expansion.js';
import { containerConfigError } from './pod-problem.js';

/** Reads objects; what of the storage an environment needs. */
export type ObjectReader = Pick<ObjectStorage, 'get'>;

/**
 * The whole environment of a container: PATH, HOSTNAME and HOME, what `envFrom` and `env` say, and nothing else. Throws
 * PodProblem (CreateContainerConfigError) when something that it refers to is missing and not optional.
 */
export function environmentOf(
  pod: KubernetesObject,
  container: JsonObject,
  reader: ObjectReader,
): Record<string, string> {
  const env: Record<string, string> = { PATH: HOST_PATH, HOSTNAME: hostnameOf(pod), HOME: '/' };
  for (const source of objectsAt(container, 'envFrom')) {
    const prefix = stringAt(source, 'prefix') ?? '';
    for (const [field, read] of [
      ['configMapRef', configMapData],
      ['secretRef', secretData],
    ] as const) {
      const reference = objectAt(source, field);
      if (source[field] === undefined) continue;
      const data = read(reader, pod, stringAt(reference, 'name') ?? '', reference.optional === true);
      for (const [key, value] of Object.entries(data ?? {})) env[prefix + key] = text(value);
    }
  }
  for (const variable of objectsAt(container, 'env')) {
    const name = stringAt(variable, 'name') ?? '';
    const from = variable.valueFrom;
    const value =
      from === undefined
        ? expand(stringAt(variable, 'value') ?? '', env)
        : valueFrom(pod, name, objectAt(variable, 'valueFrom'), reader);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** What a pod's processes see as the host's name: the first 63 characters of the pod's. */
export function hostnameOf(pod: KubernetesObject): string {
  const hostname = stringAt(asJson(pod), 'spec', 'hostname');
  return (hostname ?? pod.metadata.name).slice(0, 63).replace(/[.-]+$/, '');
}

/** The entries of a ConfigMap as bytes. Undefined when it is missing and may be; else throws PodProblem. */
export function configMapData(
  reader: ObjectReader,
  pod: KubernetesObject,
  name: string,
  isOptional: boolean,
): Readonly<Record<string, Buffer>> | undefined {
  const found = reader.get(CONFIG_MAPS, { namespace: pod.metadata.namespace ?? 'default', name });
  if (found === undefined) return missing('configmap', name, isOptional);
  return { ...bytesOf(found, 'data', 'utf8'), ...bytesOf(found, 'binaryData', 'base64') };
}

/** As `configMapData`, of a Secret. */
export function secretData(
  reader: ObjectReader,
  pod: KubernetesObject,
  name: string,
  isOptional: boolean,
): Readonly<Record<string, Buffer>> | undefined {
  const found = reader.get(SECRETS, { namespace: pod.metadata.namespace ?? 'default', name });
  return found === undefined ? missing('secret', name, isOptional) : bytesOf(found, 'data', 'base64');
}

function missing(kind: string, name: string, isOptional: boolean): undefined {
  if (isOptional) return undefined;
  throw containerConfigError(`${kind} "${name}" not found`);
}

function bytesOf(
  object: KubernetesObject,
  field: string,
  encoding: 'utf8' | 'base64',
): Record<string, Buffer> {
  const entries = Object.entries(stringsAt(asJson(object), field));
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, encoding)]));
}

function valueFrom(
  pod: KubernetesObject,
  variable: string,
  source: JsonObject,
  reader: ObjectReader,
): string | undefined {
  const [kind] = Object.keys(source);
  const reference = objectAt(source, kind ?? '');
  const isOptional = reference.optional === true;
  const name = stringAt(reference, 'name') ?? '';
  const key = stringAt(reference, 'key') ?? '';
  switch (kind) {
    case 'fieldRef':
      return fieldValue(pod, stringAt(reference, 'fieldPath') ?? '');
    case 'configMapKeyRef':
    case 'secretKeyRef': {
      const [read, title] = kind === 'secretKeyRef' ? [secretData, 'Secret'] : [configMapData, 'ConfigMap'];
      const data = read(reader, pod, name, isOptional);
      const value = data !== undefined && Object.hasOwn(data, key) ? data[key] : undefined;
      if (value === undefined && !isOptional) {
        throw containerConfigError(
          `couldn't find key ${key} in ${title} ${pod.metadata.namespace ?? 'default'}/${name}`,
        );
      }
      return value === undefined ? undefined : text(value);
    }
    default:
      throw containerConfigError(
        `variable ${variable}: the embedded node does not know ${kind ?? 'its source'}`,
      );
  }
}

/** A field of the pod, as the downward API names it. */
function fieldValue(pod: KubernetesObject, path: string): string {
  const { metadata } = pod;
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (keyed !== null) {
    return stringsAt(asJson(pod), 'metadata', keyed[1] ?? '')[keyed[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'spec.nodeName':
    case 'spec.serviceAccountName':
      return stringAt(objectAt(asJson(pod), 'spec'), path.slice('spec.'.length)) ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return '127.0.0.1';
    case 'status.podIP':
    case 'status.podIPs':
      // There is no network, so there is no address.
      return '';
    default:
      throw containerConfigError(`unsupported fieldPath: ${path}`);
  }
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8');
}
