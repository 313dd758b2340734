import type { KubernetesObject } from '@rynxs/kernel';
import { expect } from 'chai';
import fc from 'fast-check';
import { PackedObjects } from './packed-objects.js';

function object(name: string, resourceVersion = '1'): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, uid: `uid-${name}`, resourceVersion },
    data: { text: 'Grüße 🦊' },
  };
}

describe('objects of which few are unpacked', () => {
  it('are equal whether they were packed or not, and in the order in which they came', () => {
    const objects = new PackedObjects({ few: 0, maxUnpacked: 2 });
    const all = ['a', 'b', 'c', 'd'].map((name) => object(name));
    for (const [index, each] of all.entries()) objects.set(`${index}`, each);
    expect(all.map((_, index) => objects.get(`${index}`))).to.deep.equal(all);
    expect([...objects.values()]).to.deep.equal(all);
    expect([...objects.keys()]).to.deep.equal(['0', '1', '2', '3']);
    expect(objects.size).to.equal(4);
  });

  it('are equal whatever they hold, however large', () => {
    const anything = fc.array(fc.record({ data: fc.object(), times: fc.constantFrom(1, 1, 1, 2_000) }));
    fc.assert(
      fc.property(anything, (contents) => {
        const objects = new PackedObjects({ few: 0, maxUnpacked: 1 });
        const all = contents.map(({ data, times }, index) => ({
          ...object(`${index}`),
          data: JSON.parse(JSON.stringify(data)),
          text: 'Grüße 🦊'.repeat(times),
        }));
        for (const [index, each] of all.entries()) objects.set(`${index}`, each);
        expect(all.map((_, index) => objects.get(`${index}`))).to.deep.equal(all);
        expect([...objects.values()]).to.deep.equal(all);
      }),
    );
  });

  it('are equal whatever they are called, wherever that name stands in them', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 2 });
    fc.assert(
      fc.property(names, fc.string(), (all, other) => {
        const objects = new PackedObjects({ few: 0, maxUnpacked: 1 });
        const made = (name: string) => ({
          ...object(name),
          metadata: { ...object(name).metadata, labels: { [name]: name }, annotations: { [other]: name } },
          data: { [name]: `${name}${other}${name}`, other: [other, name, `$&${name}\0`, 1] },
        });
        for (const name of all) objects.set(name, made(name));
        for (const name of all) expect(objects.get(name)).to.deep.equal(made(name));
      }),
    );
  });

  it('stay as they are while they are used', () => {
    const objects = new PackedObjects({ few: 0, maxUnpacked: 2 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => object(name)) as [
      KubernetesObject,
      KubernetesObject,
      KubernetesObject,
    ];
    objects.set('a', a);
    objects.set('b', b);
    expect(objects.get('a')).to.equal(a);
    objects.set('c', c);
    expect(objects.get('c')).to.equal(c);
    expect(objects.get('a')).to.equal(a);
    const unpacked = objects.get('b');
    expect(unpacked).to.deep.equal(b);
    expect(unpacked).not.to.equal(b);
    expect(objects.get('b')).to.equal(unpacked);
    expect([...objects.values()].find(({ metadata }) => metadata.name === 'a')).to.equal(a);
  });

  it('stay as they are while there are few of them, and are packed bit by bit when there are more', () => {
    const objects = new PackedObjects({ few: 8, maxUnpacked: 2 });
    const all = Array.from({ length: 8 }, (_, index) => object(`${index}`));
    for (const each of all) objects.set(each.metadata.name, each);
    const unpacked = () => {
      const values = new Set(objects.values());
      return all.filter((each) => values.has(each)).length;
    };
    expect(unpacked()).to.equal(8);
    const counts = ['a', 'b', 'c', 'd'].map((name) => {
      objects.set(name, object(name));
      return unpacked();
    });
    expect(counts).to.deep.equal([6, 4, 2, 0]);
    expect(all.map(({ metadata }) => objects.get(metadata.name))).to.deep.equal(all);
  });

  it('are replaced and deleted, packed or not', () => {
    const objects = new PackedObjects({ few: 0, maxUnpacked: 1 });
    objects.set('a', object('a'));
    objects.set('b', object('b'));
    objects.set('a', object('a', '2'));
    expect(objects.idOf('a')).to.include({ uid: 'uid-a', resourceVersion: '2' });
    expect(objects.get('a')?.metadata.resourceVersion).to.equal('2');
    objects.delete('b');
    expect(objects.get('b')).to.equal(undefined);
    expect(objects.idOf('b')).to.equal(undefined);
    objects.delete('a');
    expect([...objects.values()]).to.deep.equal([]);
  });

  it('may come and go while they are gone through', () => {
    const objects = new PackedObjects({ few: 0, maxUnpacked: 1 });
    for (const name of ['a', 'b', 'c']) objects.set(name, object(name));
    const seen: string[] = [];
    for (const { metadata } of objects.values()) {
      seen.push(metadata.name);
      objects.delete('c');
      objects.set(`new-${metadata.name}`, object(`new-${metadata.name}`));
    }
    expect(seen).to.deep.equal(['a', 'b', 'c']);
  });
});
