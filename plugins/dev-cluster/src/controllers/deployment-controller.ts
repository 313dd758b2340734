import { createHash } from 'node:crypto';
import type { KubernetesObject } from '@rynxs/kernel';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from '../resources/types.js';
import {
  asJson,
  asKubernetesObject,
  cloneJson,
  isJsonObject,
  type JsonObject,
  numberAt,
  objectAt,
  sameJson,
  stringsAt,
} from '../storage/json.js';
import { type ControllerContext, keyOf, parseKey, type StartController, together } from './controller.js';
import { deploymentStatus } from './deployment-status.js';
import { controllerOf } from './owner-index.js';
import { ReconcileQueue } from './reconcile-queue.js';

const NAME = 'deployment-controller';
const HASH_LABEL = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';
/** As in Kubernetes: letters and digits that cannot form words. */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Turns Deployments into ReplicaSets. Every change of a template replaces all pods: the old ones end before new ones are
 * made, also where the strategy is RollingUpdate.
 */
export const startDeploymentController: StartController = (context) => {
  const queue = new ReconcileQueue(
    (key) => reconcile(context, key, queue),
    (key, error) => context.onFailure(NAME, key, error),
  );
  const { storage, owners } = context;
  const ownerOf = (set: KubernetesObject | undefined) => {
    const owner = set === undefined ? undefined : controllerOf(set);
    if (owner?.kind === 'Deployment') queue.add(`${set?.metadata.namespace ?? ''}/${owner.name}`);
  };
  const deployments = storage.subscribe(DEPLOYMENTS, ({ object }) => queue.add(keyOf(object)));
  const sets = storage.follow(REPLICA_SETS, ({ object }) => ownerOf(object));
  const pods = storage.follow(PODS, ({ type, object }) => {
    // Only the end of an old pod makes a difference that the ReplicaSet's status does not show.
    const owner = controllerOf(object);
    if (type !== 'DELETED' || owner?.kind !== 'ReplicaSet') return;
    ownerOf(owners.find(owner.uid)?.object);
  });
  return together(deployments, sets, pods, { [Symbol.dispose]: () => queue.close() });
};

function reconcile(context: ControllerContext, key: string, queue: ReconcileQueue): void {
  const { storage, owners } = context;
  const deployment = storage.get(DEPLOYMENTS, parseKey(key));
  if (deployment === undefined) return;
  const sets = owners.controlledBy(deployment.metadata.uid, REPLICA_SETS);
  const template = objectAt(asJson(deployment), 'spec', 'template');
  const current = sets.find((set) => sameTemplate(set, template));
  if (deployment.metadata.deletionTimestamp === undefined) {
    const paused = objectAt(asJson(deployment), 'spec').paused === true;
    if (paused) scalePaused(context, deployment, current, sets);
    else {
      rollOut(context, deployment, current, sets);
      removeHistory(
        context,
        deployment,
        sets.filter((set) => set !== current),
      );
    }
  }
  const fresh = storage.get(DEPLOYMENTS, deployment.metadata);
  if (fresh === undefined) return;
  // A ReplicaSet that has not seen its own change yet brings this Deployment here again: one status is enough.
  const freshSets = owners.controlledBy(deployment.metadata.uid, REPLICA_SETS);
  if (
    freshSets.some((set) => numberAt(asJson(set), 'status', 'observedGeneration') !== set.metadata.generation)
  )
    return;
  const { status, checkAfterMs } = deploymentStatus({
    deployment: asJson(fresh),
    sets: freshSets.map(asJson),
    current: freshSets.filter((set) => set.metadata.uid === current?.metadata.uid).map(asJson)[0],
    nowMs: context.now(),
    timestamp: storage.timestamp(),
  });
  storage.updateStatus(DEPLOYMENTS, asKubernetesObject({ ...asJson(fresh), status }), { fieldManager: NAME });
  if (checkAfterMs !== undefined) queue.addAfter(key, checkAfterMs);
}

function rollOut(
  context: ControllerContext,
  deployment: KubernetesObject,
  current: KubernetesObject | undefined,
  sets: readonly KubernetesObject[],
): void {
  const { owners, storage } = context;
  const wanted = numberAt(asJson(deployment), 'spec', 'replicas') ?? 1;
  const old = sets.filter((set) => set !== current);
  for (const set of old) scaleSet(context, deployment, set, 0);
  // An old pod that is still ending may still write to the workspace: the new ones wait for it.
  if (old.some((set) => owners.controlledBy(set.metadata.uid, PODS).length > 0)) return;
  const newest = Math.max(0, ...sets.map(revisionOf));
  if (current === undefined) {
    const made = storage.create(REPLICA_SETS, setOf(deployment, wanted, newest + 1), { fieldManager: NAME });
    if (wanted > 0) {
      context.events.record(
        deployment,
        { component: NAME },
        'Normal',
        'ScalingReplicaSet',
        `Scaled up replica set ${made.metadata.name} from 0 to ${wanted}`,
      );
    }
    setRevision(context, deployment, newest + 1);
    return;
  }
  // A template that comes back makes its old ReplicaSet the newest one.
  const revision = revisionOf(current) === newest ? newest : newest + 1;
  if (revisionOf(current) !== revision) annotate(context, REPLICA_SETS, current, revision);
  setRevision(context, deployment, revision);
  const fresh = storage.get(REPLICA_SETS, current.metadata);
  if (fresh !== undefined) scaleSet(context, deployment, fresh, wanted);
}

function scalePaused(
  context: ControllerContext,
  deployment: KubernetesObject,
  current: KubernetesObject | undefined,
  sets: readonly KubernetesObject[],
): void {
  const active = current ?? [...sets].sort((a, b) => revisionOf(b) - revisionOf(a))[0];
  const wanted = numberAt(asJson(deployment), 'spec', 'replicas') ?? 1;
  if (active !== undefined) scaleSet(context, deployment, active, wanted);
}

function scaleSet(
  context: ControllerContext,
  deployment: KubernetesObject,
  set: KubernetesObject,
  replicas: number,
): void {
  const json = cloneJson(asJson(set));
  const before = numberAt(json, 'spec', 'replicas') ?? 0;
  if (before === replicas || !isJsonObject(json.spec)) return;
  json.spec.replicas = replicas;
  context.storage.update(REPLICA_SETS, asKubernetesObject(json), { fieldManager: NAME });
  const direction = replicas > before ? 'up' : 'down';
  context.events.record(
    deployment,
    { component: NAME },
    'Normal',
    'ScalingReplicaSet',
    `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
  );
}

function removeHistory(
  context: ControllerContext,
  deployment: KubernetesObject,
  old: readonly KubernetesObject[],
): void {
  const limit = numberAt(asJson(deployment), 'spec', 'revisionHistoryLimit') ?? 10;
  const idle = old
    .filter((set) => numberAt(asJson(set), 'spec', 'replicas') === 0)
    .filter((set) => context.owners.controlledBy(set.metadata.uid, PODS).length === 0)
    .sort((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of idle.slice(0, Math.max(0, idle.length - limit))) {
    context.storage.delete(REPLICA_SETS, set.metadata, { fieldManager: NAME });
  }
}

function setOf(deployment: KubernetesObject, replicas: number, revision: number): KubernetesObject {
  const spec = cloneJson(objectAt(asJson(deployment), 'spec'));
  const template = objectAt(spec, 'template');
  const hash = templateHash(template);
  const labels = { ...stringsAt(template, 'metadata', 'labels'), [HASH_LABEL]: hash };
  const selector = objectAt(spec, 'selector');
  return asKubernetesObject({
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: {
        ...copiedAnnotations(deployment),
        'deployment.kubernetes.io/desired-replicas': String(replicas),
        'deployment.kubernetes.io/max-replicas': String(replicas),
        [REVISION]: String(revision),
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: deployment.metadata.name,
          uid: deployment.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...stringsAt(selector, 'matchLabels'), [HASH_LABEL]: hash } },
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      template: { ...template, metadata: { ...objectAt(template, 'metadata'), labels } },
    },
  });
}

/** Annotations of the deployment that its ReplicaSets carry too: all but those of tools and of this controller. */
function copiedAnnotations(deployment: KubernetesObject): Record<string, string> {
  const entries = Object.entries(deployment.metadata.annotations ?? {});
  return Object.fromEntries(
    entries.filter(
      ([name]) =>
        name !== 'kubectl.kubernetes.io/last-applied-configuration' &&
        !name.startsWith('deployment.kubernetes.io/'),
    ),
  );
}

function sameTemplate(set: KubernetesObject, template: JsonObject): boolean {
  const own = objectAt(asJson(set), 'spec', 'template');
  const labels = stringsAt(own, 'metadata', 'labels');
  delete labels[HASH_LABEL];
  return sameJson(
    { ...own, metadata: { ...objectAt(own, 'metadata'), labels } },
    {
      ...template,
      metadata: { ...objectAt(template, 'metadata'), labels: stringsAt(template, 'metadata', 'labels') },
    },
  );
}

/** Ten characters that stand for a template. Whether two are the same is never told by it. */
export function templateHash(template: JsonObject): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => SAFE_ALPHABET[byte % SAFE_ALPHABET.length] ?? '').join('');
}

function revisionOf(object: KubernetesObject): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0) || 0;
}

function setRevision(context: ControllerContext, deployment: KubernetesObject, revision: number): void {
  if (revisionOf(deployment) !== revision) annotate(context, DEPLOYMENTS, deployment, revision);
}

function annotate(
  context: ControllerContext,
  resource: typeof DEPLOYMENTS,
  object: KubernetesObject,
  revision: number,
): void {
  const json = cloneJson(asJson(object));
  if (!isJsonObject(json.metadata)) return;
  json.metadata.annotations = { ...stringsAt(json, 'metadata', 'annotations'), [REVISION]: String(revision) };
  const annotated = asKubernetesObject(json);
  const options = { fieldManager: NAME };
  // With its status, a Deployment's annotation does not raise the generation.
  if (resource === DEPLOYMENTS) context.storage.updateStatus(resource, annotated, options);
  else context.storage.update(resource, annotated, options);
}
