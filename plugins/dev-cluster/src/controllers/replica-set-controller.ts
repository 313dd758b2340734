import type { KubernetesObject } from '@rynxs/kernel';
import { PODS, REPLICA_SETS } from '../resources/types.js';
import {
  asJson,
  asKubernetesObject,
  cloneJson,
  type JsonObject,
  numberAt,
  objectAt,
  objectsAt,
  stringAt,
} from '../storage/json.js';
import { StatusError } from '../storage/status-error.js';
import { type ControllerContext, keyOf, parseKey, type StartController, together } from './controller.js';
import { controllerOf } from './owner-index.js';
import { ReconcileQueue } from './reconcile-queue.js';

const NAME = 'replicaset-controller';
/** Pods that one reconcile makes or deletes at most; the next one goes on. */
const MAX_BURST = 500;

/** Keeps the number of pods of every ReplicaSet. */
export const startReplicaSetController: StartController = (context) => {
  const queue = new ReconcileQueue(
    (key) => reconcile(context, key, queue),
    (key, error) => context.onFailure(NAME, key, error),
  );
  const sets = context.storage.subscribe(REPLICA_SETS, ({ object }) => queue.add(keyOf(object)));
  const pods = context.storage.follow(PODS, ({ object, previous }) => {
    for (const owner of [controllerOf(object), previous === undefined ? undefined : controllerOf(previous)]) {
      if (owner?.kind === 'ReplicaSet') queue.add(`${object.metadata.namespace ?? ''}/${owner.name}`);
    }
  });
  return together(sets, pods, { [Symbol.dispose]: () => queue.close() });
};

function reconcile(context: ControllerContext, key: string, queue: ReconcileQueue): void {
  const { storage, owners } = context;
  const set = storage.get(REPLICA_SETS, parseKey(key));
  if (set === undefined) return;
  const pods = owners.controlledBy(set.metadata.uid, PODS).filter(isActive);
  let failure: StatusError | undefined;
  if (set.metadata.deletionTimestamp === undefined) {
    try {
      scale(context, set, pods);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      failure = error;
    }
  }
  const waitMs = writeStatus(context, set, failure);
  if (waitMs !== undefined) queue.addAfter(key, waitMs);
  if (failure !== undefined) throw failure;
}

function scale(context: ControllerContext, set: KubernetesObject, pods: readonly KubernetesObject[]): void {
  const wanted = numberAt(asJson(set), 'spec', 'replicas') ?? 1;
  const { storage, events } = context;
  for (let made = pods.length; made < Math.min(wanted, pods.length + MAX_BURST); made += 1) {
    try {
      const pod = storage.create(PODS, podOf(set), { fieldManager: NAME });
      events.record(
        set,
        { component: NAME },
        'Normal',
        'SuccessfulCreate',
        `Created pod: ${pod.metadata.name}`,
      );
    } catch (error) {
      if (error instanceof StatusError) {
        events.record(
          set,
          { component: NAME },
          'Warning',
          'FailedCreate',
          `Error creating: ${error.message}`,
        );
      }
      throw error;
    }
  }
  if (pods.length <= wanted) return;
  const surplus = [...pods].sort(byDispensability).slice(0, Math.min(pods.length - wanted, MAX_BURST));
  for (const pod of surplus) {
    storage.delete(PODS, pod.metadata, { fieldManager: NAME });
    events.record(
      set,
      { component: NAME },
      'Normal',
      'SuccessfulDelete',
      `Deleted pod: ${pod.metadata.name}`,
    );
  }
}

function podOf(set: KubernetesObject): KubernetesObject {
  const template = objectAt(asJson(set), 'spec', 'template');
  const meta = objectAt(template, 'metadata');
  return asKubernetesObject(
    cloneJson({
      metadata: {
        generateName: `${set.metadata.name}-`,
        namespace: set.metadata.namespace ?? '',
        labels: meta.labels ?? {},
        ...(meta.annotations === undefined ? {} : { annotations: meta.annotations }),
        ...(meta.finalizers === undefined ? {} : { finalizers: meta.finalizers }),
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: set.metadata.name,
            uid: set.metadata.uid ?? '',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: template.spec ?? {},
    }),
  );
}

/** Pods that count: not ended, not being deleted. */
export function isActive(pod: KubernetesObject): boolean {
  const phase = stringAt(asJson(pod), 'status', 'phase');
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined;
}

function readySince(pod: KubernetesObject): number | undefined {
  const ready = objectsAt(asJson(pod), 'status', 'conditions').find((each) => each.type === 'Ready');
  if (ready?.status !== 'True') return undefined;
  return typeof ready.lastTransitionTime === 'string' ? Date.parse(ready.lastTransitionTime) : 0;
}

/** Pods without a node go first, then those that are not ready, then the newest. */
function byDispensability(a: KubernetesObject, b: KubernetesObject): number {
  const rank = (pod: KubernetesObject) =>
    stringAt(asJson(pod), 'spec', 'nodeName') === undefined ? 0 : readySince(pod) === undefined ? 1 : 2;
  const made = (pod: KubernetesObject) => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
  return rank(a) - rank(b) || made(b) - made(a);
}

/** Returns how long until a ready pod becomes available, in milliseconds, if one is waiting for that. */
function writeStatus(
  context: ControllerContext,
  set: KubernetesObject,
  failure: StatusError | undefined,
): number | undefined {
  const { storage, owners } = context;
  // The reconcile itself may have changed the pods.
  const current = storage.get(REPLICA_SETS, set.metadata);
  if (current === undefined) return undefined;
  const json = asJson(current);
  const minReadyMs = (numberAt(json, 'spec', 'minReadySeconds') ?? 0) * 1000;
  const labels = Object.entries(objectAt(json, 'spec', 'template', 'metadata', 'labels'));
  let [fullyLabeled, ready, available] = [0, 0, 0];
  let waitMs: number | undefined;
  const pods = owners.controlledBy(current.metadata.uid, PODS).filter(isActive);
  for (const pod of pods) {
    const podLabels = pod.metadata.labels ?? {};
    if (labels.every(([label, value]) => podLabels[label] === value)) fullyLabeled += 1;
    const since = readySince(pod);
    if (since === undefined) continue;
    ready += 1;
    const left = since + minReadyMs - context.now();
    if (minReadyMs === 0 || left <= 0) available += 1;
    else waitMs = Math.min(waitMs ?? left, left);
  }
  const status: JsonObject = {
    replicas: pods.length,
    ...(fullyLabeled === 0 ? {} : { fullyLabeledReplicas: fullyLabeled }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    ...(current.metadata.generation === undefined ? {} : { observedGeneration: current.metadata.generation }),
    ...(failure === undefined ? {} : { conditions: [failureCondition(context, json, failure)] }),
  };
  storage.updateStatus(REPLICA_SETS, asKubernetesObject({ ...json, status }), { fieldManager: NAME });
  return waitMs;
}

function failureCondition(context: ControllerContext, set: JsonObject, failure: StatusError): JsonObject {
  const before = objectsAt(set, 'status', 'conditions').find((each) => each.type === 'ReplicaFailure');
  return {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: failure.message,
    lastTransitionTime: before?.lastTransitionTime ?? context.storage.timestamp(),
  };
}
