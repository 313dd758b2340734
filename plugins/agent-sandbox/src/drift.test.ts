import type { KubernetesObject, Manifest } from '@rynxs/kernel';
import { differingPaths } from '@rynxs/kernel';
import type { Json, JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { AGENT } from './definition.js';
import { manifestsOf } from './manifests/manifests.js';
import type { AgentState } from './state.js';
import { OperatedCluster } from './testing/operated-cluster.js';

const { signal } = new AbortController();
const options = { signal };
const AFTER_A_QUIET_TIME_MS = 700_000;

const peers = { agents: [{ name: 'db', ports: [{ port: 5432 }] }] };

/** An Agent whose children have every field that there is. */
const SPEC: JsonMap = {
  role: 'service',
  image: 'registry.example.com/bot:1',
  command: ['/bin/bot'],
  args: ['-v'],
  env: [
    { name: 'A', value: 'x' },
    { name: 'T', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
  ],
  resources: { requests: { cpu: '100m' }, limits: { cpu: '1', memory: '1Gi' } },
  workspace: { size: '2Gi', storageClassName: 'fast', accessModes: ['ReadWriteMany'], retain: 'Retain' },
  network: {
    groups: ['lab'],
    egress: { dns: true, cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 443 }] }], ...peers },
    ingress: peers,
  },
  isolation: {
    runtimeClassName: 'gvisor',
    userNamespace: true,
    seccompProfile: 'a.json',
    appArmorProfile: 'b',
  },
};

/** The owned leaves of a manifest, as JSON pointers: what the API server keeps, and what must stay absent. */
function* leaves(value: unknown, path = ''): Iterable<string> {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (typeof value !== 'object' || value === null || isEmpty) {
    yield path;
    return;
  }
  for (const [key, member] of Object.entries(value))
    yield* leaves(member, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

function ownedLeaves({ object }: Manifest): readonly string[] {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const { labels, annotations, ownerReferences } = metadata;
  const owned = Object.entries({ labels, annotations, ownerReferences }).filter(
    ([, value]) => value !== undefined,
  );
  return [...leaves({ ...rest, metadata: Object.fromEntries(owned) })];
}

/** The object with another value at this place. */
function changedAt(object: KubernetesObject, pointer: string): KubernetesObject {
  const copy = structuredClone(object) as unknown as Record<string, unknown>;
  const parts = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop() ?? '';
  let parent = copy;
  for (const part of parts) {
    parent[part] ??= {};
    parent = parent[part] as Record<string, unknown>;
  }
  parent[last] = another(parent[last]);
  return copy as unknown as KubernetesObject;
}

function another(value: unknown): Json {
  if (typeof value === 'string') return `${value}x`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  // It was absent or empty.
  return [{ name: 'added' }];
}

describe('drift of the children of an Agent', () => {
  let cluster: OperatedCluster;
  let manifests: readonly Manifest[];
  before(async () => {
    cluster = await OperatedCluster.start();
    await cluster.apply(AGENT, 'default/a', SPEC);
    await cluster.recorded(({ type }) => type === 'ActionApplied');
    await cluster.rest();
    const state = cluster.projection.get('agents/default/a')?.state as AgentState | undefined;
    const computer = state?.computer;
    if (computer === undefined) throw new Error('the Agent was refused');
    manifests = manifestsOf(computer);
  });
  after(async () => {
    const { differences } = await cluster.replay();
    await cluster[Symbol.asyncDispose]();
    expect(differences).to.deep.equal([]);
  });

  const live = async ({ resource, object }: Manifest) => {
    const found = await cluster.find(resource, `default/${object.metadata.name}`);
    if (found === undefined) throw new Error(`no ${resource.kind}`);
    return found;
  };

  for (const kind of ['ConfigMap', 'PersistentVolumeClaim', 'NetworkPolicy', 'Deployment']) {
    it(`is seen, recorded with its place and repaired in every field of the ${kind} that is ours`, async () => {
      const manifest = manifests.find(({ resource }) => resource.kind === kind);
      if (manifest === undefined) throw new Error(`no ${kind}`);
      // With another uid it is another's: two controllers are not to be had, so that is a failure and no repair.
      const places = ownedLeaves(manifest).filter((place) => place !== '/metadata/ownerReferences/0/uid');
      expect(places.length).to.be.at.least(5);
      for (const place of places) {
        await cluster.kernel.clock.advance(AFTER_A_QUIET_TIME_MS);
        await cluster.rest();
        const before = await live(manifest);
        expect(differingPaths(manifest.object, before), `before ${place}`).to.deep.equal([]);
        const events = cluster.events.length;
        await cluster.api.update(manifest.resource, changedAt(before, place), options);
        await cluster.until(
          manifest.resource,
          `default/${before.metadata.name}`,
          (object) => object !== undefined && differingPaths(manifest.object, object).length === 0,
        );
        await cluster.rest();
        const drift = cluster.events.slice(events).filter(({ type }) => type === 'DriftObserved');
        expect(drift, `events of ${place}`).to.have.lengthOf(1);
        const [path = ''] = (drift[0]?.payload.paths ?? []) as readonly string[];
        expect(place.startsWith(path), `${path} tells of ${place}`).to.equal(true);
        const after = await live(manifest);
        expect({ ...after, metadata: shownMetadata(after) }, `after ${place}`).to.deep.equal({
          ...before,
          metadata: shownMetadata(before),
        });
      }
    });
  }
});

/** Metadata without what every write moves, and without the difference between an empty list and none. */
function shownMetadata({ metadata }: KubernetesObject) {
  const { resourceVersion: _, generation: __, ownerReferences = [], ...rest } = metadata;
  return { ...rest, ownerReferences };
}
