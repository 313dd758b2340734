import type { KubernetesObject } from '@rynxs/kernel';
import { parseQuantity } from '../../resources/quantity.js';
import { asJson, at, type JsonObject, numberAt, objectAt, objectsAt, stringAt } from '../../storage/json.js';
import { DEFAULT_SANDBOX_USER } from '../sandbox/identity.js';
import type { ResourceLimits } from '../sandbox/limits.js';
import { mountPathProblem } from '../sandbox/root-plan.js';
import { containerConfigError, unsupported } from './pod-problem.js';

/** A container of a pod's specification, checked, with defaults filled in. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Command and arguments, before variables are replaced. */
  readonly argv: readonly string[];
  readonly workingDir: string;
  readonly uid: number;
  readonly gid: number;
  readonly readOnlyRoot: boolean;
  readonly limits: ResourceLimits;
  readonly mounts: readonly { readonly volume: string; readonly path: string; readonly readOnly: boolean }[];
  /** The container as it stands in the pod, for what is settled at each start (env). */
  readonly json: JsonObject;
}

/** What a pod may ask for that would be refused for good, by field and why. */
const REFUSED_POD_FIELDS: readonly (readonly [string, string])[] = [
  ['hostNetwork', 'pods have no network'],
  ['hostPID', "the host's processes are never shown"],
  ['hostIPC', "the host's IPC objects are never shown"],
  ['runtimeClassName', 'there are no runtime classes; remove it, or use a cluster that has the class'],
];
const IGNORED_CONTAINER_FIELDS = [
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'stdin',
  'tty',
];
const IGNORED_POD_FIELDS = ['shareProcessNamespace', 'hostAliases', 'dnsConfig'];

/** Reads a pod's containers. Throws PodProblem, once and for all, when they cannot be run as they stand. */
export function readContainers(pod: KubernetesObject): readonly ContainerSpec[] {
  const spec = objectAt(asJson(pod), 'spec');
  for (const [field, reason] of REFUSED_POD_FIELDS) {
    if (spec[field] !== undefined && spec[field] !== false && spec[field] !== '') {
      throw unsupported(`spec.${field} is not supported by the embedded node: ${reason}`);
    }
  }
  if (objectsAt(spec, 'initContainers').length > 0) {
    throw unsupported('spec.initContainers is not supported by the embedded node');
  }
  const podSecurity = objectAt(spec, 'securityContext');
  return objectsAt(spec, 'containers').map((container) => readContainer(container, podSecurity));
}

/** Fields of a pod that have no effect on this node, by path; the pod runs without them, and an event says so. */
export function ignoredFields(pod: KubernetesObject): readonly string[] {
  const spec = objectAt(asJson(pod), 'spec');
  const isSet = (value: unknown) => value !== undefined && value !== false;
  return [
    ...IGNORED_POD_FIELDS.filter((field) => isSet(spec[field])).map((field) => `spec.${field}`),
    ...objectsAt(spec, 'containers').flatMap((container, index) =>
      IGNORED_CONTAINER_FIELDS.filter((field) => isSet(container[field])).map(
        (field) => `spec.containers[${index}].${field}`,
      ),
    ),
  ];
}

function readContainer(container: JsonObject, podSecurity: JsonObject): ContainerSpec {
  const name = stringAt(container, 'name') ?? '';
  const security = { ...podSecurity, ...objectAt(container, 'securityContext') };
  const command = stringsOf(container.command);
  if (command.length === 0) {
    throw unsupported(
      `container "${name}" has no command: the embedded node pulls no images, so it does not know the entry point of ` +
        `${stringAt(container, 'image') ?? 'the image'}`,
    );
  }
  if (security.privileged === true) throw unsupported(`container "${name}" must not be privileged`);
  const added = at(security, 'capabilities', 'add');
  if (Array.isArray(added) && added.length > 0) {
    throw unsupported(`container "${name}" cannot be given capabilities (${added.join(', ')})`);
  }
  const uid = numberAt(security, 'runAsUser') ?? DEFAULT_SANDBOX_USER;
  if (uid === 0) {
    throw security.runAsNonRoot === true
      ? containerConfigError("container's runAsUser breaks non-root policy")
      : unsupported(`container "${name}" must not run as user 0: the embedded node runs nothing as root`);
  }
  return {
    name,
    image: stringAt(container, 'image') ?? '',
    argv: [...command, ...stringsOf(container.args)],
    workingDir: workingDirOf(name, container),
    uid,
    gid: numberAt(security, 'runAsGroup') ?? uid,
    readOnlyRoot: security.readOnlyRootFilesystem === true,
    limits: limitsOf(container),
    mounts: mountsOf(name, container),
    json: container,
  };
}

function workingDirOf(name: string, container: JsonObject): string {
  const workingDir = stringAt(container, 'workingDir') ?? '';
  if (workingDir === '') return '/';
  if (!workingDir.startsWith('/') || workingDir.split('/').includes('..')) {
    throw unsupported(
      `container "${name}": the working directory "${workingDir}" is not a plain absolute path`,
    );
  }
  return workingDir;
}

function mountsOf(name: string, container: JsonObject): ContainerSpec['mounts'] {
  const mounts = objectsAt(container, 'volumeMounts').map((mount) => {
    for (const field of ['subPath', 'subPathExpr']) {
      if (stringAt(mount, field))
        throw unsupported(`container "${name}": volumeMounts.${field} is not supported`);
    }
    const path = stringAt(mount, 'mountPath') ?? '';
    return {
      volume: stringAt(mount, 'name') ?? '',
      path: path.length > 1 ? path.replace(/\/+$/, '') : path,
      readOnly: mount.readOnly === true,
    };
  });
  for (const { path } of mounts) {
    const problem = mountPathProblem(
      path,
      mounts.map((mount) => mount.path),
    );
    if (problem !== undefined) throw unsupported(`container "${name}": ${problem}`);
  }
  return mounts;
}

function limitsOf(container: JsonObject): ResourceLimits {
  const limits = objectAt(container, 'resources', 'limits');
  const memoryBytes = parseQuantity(limits.memory);
  const cpuCores = parseQuantity(limits.cpu);
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes: Math.ceil(memoryBytes) }),
    ...(cpuCores === undefined ? {} : { cpuCores }),
  };
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
