import {
  at,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  numberAt,
  objectAt,
  objectsAt,
  sameJson,
  stringAt,
} from '../storage/json.js';
import { AGE_COLUMN, age, column, NAME_COLUMN, wideColumn } from './columns.js';
import { ensureObject, setDefault } from './defaults.js';
import type { PrinterColumn, ResourceDefinition } from './definition.js';
import { podSpecCauses, podUpdateCauses } from './pod-rules.js';
import { PODS } from './types.js';

/** Fills in what the API server fills in for the spec of a pod or of a pod template. */
export function defaultPodSpec(spec: JsonObject): void {
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'schedulerName', 'default-scheduler');
  setDefault(spec, 'securityContext', {});
  if (typeof spec.serviceAccountName === 'string')
    setDefault(spec, 'serviceAccount', spec.serviceAccountName);
  else if (typeof spec.serviceAccount === 'string') spec.serviceAccountName = spec.serviceAccount;
  for (const container of [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')]) {
    defaultContainer(container);
  }
  for (const volume of objectsAt(spec, 'volumes')) defaultVolume(volume);
}

function defaultContainer(container: JsonObject): void {
  setDefault(container, 'imagePullPolicy', pullPolicyFor(stringAt(container, 'image') ?? ''));
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'resources', {});
  for (const port of objectsAt(container, 'ports')) setDefault(port, 'protocol', 'TCP');
  for (const variable of objectsAt(container, 'env')) {
    const fieldRef = at(variable, 'valueFrom', 'fieldRef');
    if (isJsonObject(fieldRef)) setDefault(fieldRef, 'apiVersion', 'v1');
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (isJsonObject(probe)) defaultProbe(probe);
  }
}

/** Pods request what they are limited to, where they do not say otherwise. Templates are left as they are. */
function defaultRequests(container: JsonObject): void {
  const { resources } = container;
  if (!isJsonObject(resources) || !isJsonObject(resources.limits)) return;
  const requests = ensureObject(resources, 'requests');
  for (const [resource, limit] of Object.entries(resources.limits)) {
    if (limit !== undefined) setDefault(requests, resource, limit);
  }
}

function defaultProbe(probe: JsonObject): void {
  setDefault(probe, 'timeoutSeconds', 1);
  setDefault(probe, 'periodSeconds', 10);
  setDefault(probe, 'successThreshold', 1);
  setDefault(probe, 'failureThreshold', 3);
  if (isJsonObject(probe.httpGet)) {
    setDefault(probe.httpGet, 'path', '/');
    setDefault(probe.httpGet, 'scheme', 'HTTP');
  }
}

function defaultVolume(volume: JsonObject): void {
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  for (const source of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    const object = volume[source];
    if (isJsonObject(object)) setDefault(object, 'defaultMode', 0o644);
  }
  if (isJsonObject(volume.hostPath)) setDefault(volume.hostPath, 'type', '');
}

/** `Always` for the tag `latest` or none, `IfNotPresent` otherwise. */
function pullPolicyFor(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function prepareForCreate(pod: JsonObject): void {
  const spec = ensureObject(pod, 'spec');
  // The ServiceAccount and DefaultTolerationSeconds admission plugins of a real API server.
  setDefault(spec, 'serviceAccountName', 'default');
  setDefault(spec, 'serviceAccount', spec.serviceAccountName ?? 'default');
  setDefault(spec, 'priority', 0);
  setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  setDefault(spec, 'enableServiceLinks', true);
  if (spec.tolerations === undefined) {
    spec.tolerations = ['not-ready', 'unreachable'].map((taint) => ({
      effect: 'NoExecute',
      key: `node.kubernetes.io/${taint}`,
      operator: 'Exists',
      tolerationSeconds: 300,
    }));
  }
  pod.status = { phase: 'Pending', qosClass: qosClass(spec) };
}

/** Quality of service by requests and limits: Guaranteed, Burstable or BestEffort. */
function qosClass(spec: JsonObject): string {
  const containers = [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')];
  const counted = ['cpu', 'memory'];
  const any = containers.some((container) =>
    counted.some(
      (name) =>
        at(container, 'resources', 'requests', name) !== undefined ||
        at(container, 'resources', 'limits', name) !== undefined,
    ),
  );
  if (!any) return 'BestEffort';
  const guaranteed = containers.every((container) =>
    counted.every((name) => {
      const limit = at(container, 'resources', 'limits', name);
      return limit !== undefined && sameJson(limit, at(container, 'resources', 'requests', name));
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function gracePeriodSeconds(pod: JsonObject, requested: number | undefined): number {
  const phase = stringAt(pod, 'status', 'phase');
  // Nothing runs: nobody would confirm the end.
  if (stringAt(pod, 'spec', 'nodeName') === undefined) return 0;
  if (phase === 'Succeeded' || phase === 'Failed') return 0;
  if (requested !== undefined) return Math.max(0, requested);
  return numberAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 30;
}

/** The one-word state of a pod that `kubectl get pods` shows. */
export function podStatusWord(pod: JsonObject): string {
  const phase = stringAt(pod, 'status', 'phase') ?? 'Unknown';
  let word = stringAt(pod, 'status', 'reason') ?? phase;
  for (const status of [...objectsAt(pod, 'status', 'containerStatuses')].reverse()) {
    const waiting = stringAt(status, 'state', 'waiting', 'reason');
    const terminated = objectAt(status, 'state', 'terminated');
    if (waiting !== undefined) word = waiting;
    else if (typeof terminated.reason === 'string') word = terminated.reason;
    else if (typeof terminated.signal === 'number' && terminated.signal !== 0)
      word = `Signal:${terminated.signal}`;
    else if (typeof terminated.exitCode === 'number') word = `ExitCode:${terminated.exitCode}`;
  }
  if (at(pod, 'metadata', 'deletionTimestamp') !== undefined) word = 'Terminating';
  return word;
}

function restarts(pod: JsonObject, nowMs: number): string {
  let count = 0;
  let last: JsonValue | undefined;
  for (const status of objectsAt(pod, 'status', 'containerStatuses')) {
    count += numberAt(status, 'restartCount') ?? 0;
    const finishedAt = at(status, 'lastState', 'terminated', 'finishedAt');
    if (typeof finishedAt === 'string' && (typeof last !== 'string' || finishedAt > last)) last = finishedAt;
  }
  return last === undefined || count === 0 ? String(count) : `${count} (${age(last, nowMs)} ago)`;
}

const COLUMNS: readonly PrinterColumn[] = [
  NAME_COLUMN,
  column('Ready', (pod) => {
    const statuses = objectsAt(pod, 'status', 'containerStatuses');
    const ready = statuses.filter((status) => status.ready === true).length;
    return `${ready}/${objectsAt(pod, 'spec', 'containers').length}`;
  }),
  column('Status', podStatusWord),
  column('Restarts', restarts),
  AGE_COLUMN,
  wideColumn('IP', (pod) => stringAt(pod, 'status', 'podIP') ?? '<none>'),
  wideColumn('Node', (pod) => stringAt(pod, 'spec', 'nodeName') ?? '<none>'),
  wideColumn('Nominated Node', () => '<none>'),
  wideColumn('Readiness Gates', () => '<none>'),
];

export const POD_DEFINITION: ResourceDefinition = {
  type: PODS,
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  listKind: 'PodList',
  hasStatus: true,
  hasGeneration: true,
  otherSubresources: ['binding', 'exec', 'log'],
  allowsUnconditionalUpdate: true,
  columns: COLUMNS,
  applyDefaults: (pod) => {
    const spec = ensureObject(pod, 'spec');
    defaultPodSpec(spec);
    setDefault(spec, 'enableServiceLinks', true);
    for (const container of [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')]) {
      defaultRequests(container);
    }
  },
  prepareForCreate,
  validate: (pod, previous) => [
    ...podSpecCauses('spec', objectAt(pod, 'spec')),
    ...(previous === undefined ? [] : podUpdateCauses(pod, previous)),
  ],
  gracePeriodSeconds,
  selectableFields: (pod) => ({
    'spec.nodeName': stringAt(pod, 'spec', 'nodeName') ?? '',
    'spec.restartPolicy': stringAt(pod, 'spec', 'restartPolicy') ?? '',
    'spec.schedulerName': stringAt(pod, 'spec', 'schedulerName') ?? '',
    'spec.serviceAccountName': stringAt(pod, 'spec', 'serviceAccountName') ?? '',
    'spec.hostNetwork': String(at(pod, 'spec', 'hostNetwork') === true),
    'status.phase': stringAt(pod, 'status', 'phase') ?? '',
    'status.podIP': stringAt(pod, 'status', 'podIP') ?? '',
    'status.nominatedNodeName': stringAt(pod, 'status', 'nominatedNodeName') ?? '',
  }),
};
