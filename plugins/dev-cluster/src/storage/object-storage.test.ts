import type { KubernetesObject } from '@rynxs/kernel';
import { expect } from 'chai';
import fc from 'fast-check';
import { createRegistry } from '../resources/registry.js';
import { CONFIG_MAPS, NAMESPACES, PODS } from '../resources/types.js';
import { asKubernetesObject, type JsonObject } from './json.js';
import { type Change, ObjectStorage } from './object-storage.js';

describe('object storage', () => {
  const make = (historyLimit = 1_000) => {
    const storage = new ObjectStorage({
      definitions: createRegistry({ protectsClaims: false, timestamp: () => '2026-01-01T00:00:00Z' }),
      historyLimit,
    });
    storage.create(NAMESPACES, asKubernetesObject({ metadata: { name: 'default' } }));
    return storage;
  };
  const map = (name: string, data: JsonObject = {}) =>
    asKubernetesObject({ metadata: { name, namespace: 'default' }, data });
  const shown = (change: Change) => `${change.type} ${change.object.metadata.name}`;

  it('tells a subscriber what exists, then every change in order', () => {
    const storage = make();
    storage.create(CONFIG_MAPS, map('a'));
    const seen: string[] = [];
    using _ = storage.subscribe(CONFIG_MAPS, (change) => seen.push(shown(change)));
    storage.create(CONFIG_MAPS, map('b'));
    storage.update(CONFIG_MAPS, map('a', { x: 'y' }));
    storage.delete(CONFIG_MAPS, { namespace: 'default', name: 'b' });
    expect(seen).to.deep.equal(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  it('tells of nothing after a subscription was disposed of', () => {
    const storage = make();
    const seen: string[] = [];
    const subscription = storage.subscribe(CONFIG_MAPS, (change) => seen.push(shown(change)));
    subscription[Symbol.dispose]();
    storage.create(CONFIG_MAPS, map('a'));
    expect(seen).to.deep.equal([]);
  });

  it('delivers what a listener writes after what it was told of, to everyone', () => {
    const storage = make();
    const seen: string[] = [];
    using _first = storage.follow(CONFIG_MAPS, ({ type, object }) => {
      if (type === 'ADDED' && object.metadata.name === 'a') storage.create(CONFIG_MAPS, map('b'));
    });
    using _second = storage.follow(CONFIG_MAPS, (change) => seen.push(shown(change)));
    storage.create(CONFIG_MAPS, map('a'));
    expect(seen).to.deep.equal(['ADDED a', 'ADDED b']);
  });

  it('does not keep what the caller may still change', () => {
    const storage = make();
    const object = { metadata: { name: 'a', namespace: 'default' }, data: { x: 'y' } };
    storage.create(CONFIG_MAPS, object as unknown as KubernetesObject);
    object.data.x = 'changed';
    expect(storage.get(CONFIG_MAPS, { namespace: 'default', name: 'a' })?.data).to.deep.equal({ x: 'y' });
  });

  it('stores nothing when the sink refuses', () => {
    let refuse = false;
    const storage = new ObjectStorage({
      definitions: createRegistry({ protectsClaims: false, timestamp: () => '2026-01-01T00:00:00Z' }),
      sink: {
        committed: () => {
          if (refuse) throw new Error('disk full');
        },
      },
    });
    storage.create(NAMESPACES, asKubernetesObject({ metadata: { name: 'default' } }));
    const version = storage.resourceVersion;
    refuse = true;
    expect(() => storage.create(CONFIG_MAPS, map('a'))).to.throw('disk full');
    expect(storage.get(CONFIG_MAPS, { namespace: 'default', name: 'a' })).to.equal(undefined);
    expect(storage.resourceVersion).to.equal(version);
  });

  it('binds a pod once', () => {
    const storage = make();
    const key = { namespace: 'default', name: 'p' };
    storage.create(
      PODS,
      asKubernetesObject({ metadata: key, spec: { containers: [{ name: 'c', image: 'i' }] } }),
    );
    expect(storage.bindPod(key, 'n1')).to.have.nested.property('spec.nodeName', 'n1');
    expect(() => storage.bindPod(key, 'n2')).to.throw('already assigned to node "n1"');
  });

  it('shows any remembered state again, exactly as it was', () => {
    const step = fc.record({
      what: fc.constantFrom('create', 'update', 'delete'),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const storage = make();
        const states = new Map<number, readonly KubernetesObject[]>();
        steps.forEach(({ what, name }, index) => {
          const key = { namespace: 'default', name };
          const exists = storage.get(CONFIG_MAPS, key) !== undefined;
          if (what === 'create' && !exists) storage.create(CONFIG_MAPS, map(name));
          if (what === 'update' && exists) storage.update(CONFIG_MAPS, map(name, { step: String(index) }));
          if (what === 'delete' && exists) storage.delete(CONFIG_MAPS, key);
          states.set(storage.resourceVersion, storage.list(CONFIG_MAPS));
        });
        for (const [version, state] of states) {
          expect(storage.listAt(CONFIG_MAPS, version)).to.deep.equal(state);
        }
      }),
    );
  });

  it('remembers as many changes as it was told, not fewer', () => {
    for (const limit of [1, 2, 7]) {
      const storage = make(limit);
      for (let index = 0; index < 30; index += 1) storage.create(CONFIG_MAPS, map(`c${index}`));
      const newest = storage.resourceVersion;
      for (let back = 0; back <= limit; back += 1) {
        expect(storage.changesSince(CONFIG_MAPS, newest - back), `${limit}/${back}`).to.have.length(back);
      }
      expect(storage.changesSince(CONFIG_MAPS, newest - limit - 1)).to.equal(undefined);
    }
  });
});
