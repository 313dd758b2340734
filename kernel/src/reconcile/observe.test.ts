import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import type { KubernetesObject } from '../contracts/cluster.js';
import type { Manifest } from '../contracts/reconciler.js';
import { MemoryCache, widget } from '../testing/index.js';
import { CONFIG_MAP } from '../testing/widget-reconciler.js';
import { type ExpectedChild, observeLeftovers, observeObject } from './observe.js';

describe('an observed object', () => {
  const object = (spec: JsonMap, generation: number) => {
    const made = widget('w', spec);
    return { ...made, metadata: { ...made.metadata, uid: 'u', generation } };
  };
  const recorded = {
    observed: { v: 1, uid: 'u', generation: 2, spec: { colors: ['red'] }, manager: null, managed_at: null },
  } as const;
  const observe = ({ spec }: KubernetesObject) => spec as JsonMap;

  it('is not looked at when neither generation nor spec are other ones', () => {
    const look = () => expect.fail('it was looked at');
    expect(observeObject(recorded, object({ colors: ['red'] }, 2), look, true)).to.equal(undefined);
  });

  it('is recorded when a generation that was given before is another one now', () => {
    const other = object({ colors: ['blue'] }, 2);
    expect(observeObject(recorded, other, observe, false)).to.deep.include({ spec: { colors: ['blue'] } });
  });

  it('is not recorded again when it only has been given anew', () => {
    expect(observeObject(recorded, object({ colors: ['red'] }, 2), observe, false)).to.equal(undefined);
    expect(observeObject(recorded, object({ colors: ['red'] }, 1), observe, true)).to.equal(undefined);
  });
});

describe('what a lost answer has left behind', () => {
  const made = (name: string, ownerUid: string): KubernetesObject => ({
    metadata: {
      name,
      namespace: 'default',
      uid: `uid of ${name}`,
      ownerReferences: [
        { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: ownerUid, controller: true },
      ],
    },
  });
  const observe = (
    children: Record<string, ExpectedChild>,
    live: readonly KubernetesObject[],
    ...manifests: readonly Manifest[]
  ) => {
    const cache = new MemoryCache(
      CONFIG_MAP,
      new Map(live.map((object) => [`default/${object.metadata.name}`, object])),
    );
    const context = { ownerUid: 'w', cacheOf: () => cache };
    return observeLeftovers(manifests, children, [CONFIG_MAP], 'default', context);
  };
  const unknown = { 'ConfigMap/w-red': {} };

  it('is recorded when nobody wants it any more, so that it is removed', () => {
    expect(observe(unknown, [made('w-red', 'w')])).to.deep.equal([
      {
        v: 1,
        child: 'ConfigMap/w-red',
        uid: 'uid of w-red',
        paths: [],
        digests: { desired: null, observed: null },
      },
    ]);
  });

  it('is nothing where there is nothing, or what is there is wanted, known, being worked on or of somebody else', () => {
    const red = made('w-red', 'w');
    expect(observe(unknown, [])).to.deep.equal([]);
    expect(observe(unknown, [red], { resource: CONFIG_MAP, object: red })).to.deep.equal([]);
    expect(observe({ 'ConfigMap/w-red': { uid: 'uid of w-red' } }, [red])).to.deep.equal([]);
    expect(observe({ 'ConfigMap/w-red': { pending: {} } }, [red])).to.deep.equal([]);
    expect(observe(unknown, [made('w-red', 'another')])).to.deep.equal([]);
    expect(observe({}, [red])).to.deep.equal([]);
  });
});
