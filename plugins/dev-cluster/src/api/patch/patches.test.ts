import { expect } from 'chai';
import fc from 'fast-check';
import * as kinds from '../../resources/schema/kinds.js';
import { cloneJson, isJsonObject, type JsonObject, type JsonValue, sameJson } from '../../storage/json.js';
import { applyJsonPatch } from './json-patch.js';
import { applyMergePatch } from './merge-patch.js';
import { applyStrategicMergePatch } from './strategic-merge-patch.js';

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const objects = fc.dictionary(fc.string({ maxLength: 4 }), json, { maxKeys: 5 }) as fc.Arbitrary<JsonObject>;

describe('JSON patch', () => {
  const document = { list: [1, 2, 3], map: { 'a/b': 1, 'c~d': 2 } };

  for (const [what, patch, result] of [
    ['adds to a list', [{ op: 'add', path: '/list/1', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
    ['appends to a list', [{ op: 'add', path: '/list/-', value: 9 }], { ...document, list: [1, 2, 3, 9] }],
    ['removes', [{ op: 'remove', path: '/list/0' }], { ...document, list: [2, 3] }],
    [
      'understands escapes',
      [
        { op: 'replace', path: '/map/a~1b', value: 5 },
        { op: 'remove', path: '/map/c~0d' },
      ],
      { ...document, map: { 'a/b': 5 } },
    ],
    ['moves', [{ op: 'move', from: '/list/0', path: '/list/2' }], { ...document, list: [2, 3, 1] }],
    ['copies', [{ op: 'copy', from: '/list', path: '/again' }], { ...document, again: [1, 2, 3] }],
    [
      'goes on after a test that holds',
      [
        { op: 'test', path: '/list/0', value: 1 },
        { op: 'remove', path: '/map' },
      ],
      { list: [1, 2, 3] },
    ],
  ] as const) {
    it(what, () => {
      const before = cloneJson(document as JsonObject);
      expect(applyJsonPatch(document as JsonObject, cloneJson(patch as unknown as JsonValue))).to.deep.equal(
        result,
      );
      expect(document).to.deep.equal(before);
    });
  }

  for (const [what, operation] of [
    ['a test that fails', { op: 'test', path: '/list/0', value: 2 }],
    ['a path that is not there', { op: 'remove', path: '/none' }],
    ['an index outside the list', { op: 'add', path: '/list/4', value: 1 }],
    ['an index with a leading zero', { op: 'replace', path: '/list/01', value: 1 }],
    ['moving something into itself', { op: 'move', from: '/map', path: '/map/x' }],
    ['an unknown operation', { op: 'merge', path: '/map', value: {} }],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => applyJsonPatch(document as JsonObject, [operation as unknown as JsonObject]))
        .to.throw()
        .with.property('code', 422);
    });
  }

  it('turns any object into any other by replacing it', () => {
    fc.assert(
      fc.property(objects, objects, (from, to) => {
        const patch = [
          ...Object.keys(from).map((key) => ({ op: 'remove', path: `/${escaped(key)}` })),
          ...Object.entries(to).map(([key, value]) => ({
            op: 'add',
            path: `/${escaped(key)}`,
            value: value ?? null,
          })),
        ];
        return sameJson(applyJsonPatch(from, patch), to);
      }),
    );
  });
});

describe('merge patch', () => {
  // The examples of RFC 7386, appendix A.
  for (const [target, patch, result] of [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ] as const) {
    it(`${JSON.stringify(target)} with ${JSON.stringify(patch)}`, () => {
      expect(applyMergePatch(target as unknown as JsonValue, patch as unknown as JsonValue)).to.deep.equal(
        result,
      );
    });
  }

  it('leaves what the patch does not name, and is done when applied twice', () => {
    fc.assert(
      fc.property(objects, objects, (target, patch) => {
        const before = cloneJson(target);
        const once = applyMergePatch(target, patch) as JsonObject;
        const untouched = Object.keys(target).every(
          (key) => key in patch || sameJson(once[key], target[key]),
        );
        return untouched && sameJson(applyMergePatch(once, patch), once) && sameJson(target, before);
      }),
    );
  });
});

describe('strategic merge patch', () => {
  const deployment = (containers: JsonValue[], spec: JsonObject = {}): JsonObject => ({
    spec: { template: { spec: { containers, ...spec } } },
  });
  const apply = (object: JsonObject, patch: JsonObject) =>
    applyStrategicMergePatch(object, patch, kinds.DEPLOYMENT);
  const podSpec = (object: JsonObject) =>
    ((object.spec as JsonObject).template as JsonObject).spec as JsonObject;

  it('merges containers by name and env by name', () => {
    const before = deployment([
      { name: 'a', image: '1', env: [{ name: 'X', value: 'x' }] },
      { name: 'b', image: '1' },
    ]);
    const after = apply(before, deployment([{ name: 'a', image: '2', env: [{ name: 'Y', value: 'y' }] }]));
    expect(podSpec(after).containers).to.deep.equal([
      {
        name: 'a',
        image: '2',
        env: [
          { name: 'X', value: 'x' },
          { name: 'Y', value: 'y' },
        ],
      },
      { name: 'b', image: '1' },
    ]);
  });

  it('removes an element with $patch: delete, and replaces a list with $patch: replace', () => {
    const before = deployment([{ name: 'a' }, { name: 'b' }]);
    const removed = apply(before, deployment([{ name: 'a', $patch: 'delete' }]));
    expect(podSpec(removed).containers).to.deep.equal([{ name: 'b' }]);
    const replaced = apply(before, deployment([{ $patch: 'replace' }, { name: 'c' }]));
    expect(podSpec(replaced).containers).to.deep.equal([{ name: 'c' }]);
  });

  it('replaces lists that have no merge key', () => {
    const before = deployment([{ name: 'a', command: ['x', 'y'] }]);
    const after = apply(before, deployment([{ name: 'a', command: ['z'] }]));
    expect(podSpec(after).containers).to.deep.equal([{ name: 'a', command: ['z'] }]);
  });

  it('keeps only what $retainKeys names', () => {
    const before = deployment([], { volumes: [{ name: 'v', emptyDir: {} }] });
    const after = apply(
      before,
      deployment([], {
        volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }],
      }),
    );
    expect(podSpec(after).volumes).to.deep.equal([{ name: 'v', configMap: { name: 'c' } }]);
  });

  it('takes values from a list with $deleteFromPrimitiveList and adds missing ones', () => {
    const before = { metadata: { finalizers: ['a/1', 'a/2', 'a/3'] } };
    const after = apply(before, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a/2'], finalizers: ['a/3', 'a/4'] },
    });
    expect(after).to.deep.equal({ metadata: { finalizers: ['a/1', 'a/3', 'a/4'] } });
  });

  it('puts elements into the order of $setElementOrder; what only the server has keeps its place', () => {
    const before = deployment([{ name: 'injected' }, { name: 'a' }, { name: 'b' }]);
    const after = apply(
      before,
      deployment([{ name: 'c' }], {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }, { name: 'c' }],
      }),
    );
    const names = (podSpec(after).containers as JsonObject[]).map((each) => each.name);
    expect(names).to.deep.equal(['injected', 'b', 'a', 'c']);
    expect(podSpec(after)).not.to.have.property('$setElementOrder/containers');
  });

  it('merges owner references by uid', () => {
    const before = { metadata: { ownerReferences: [{ uid: '1', name: 'a' }] } };
    const after = apply(before, { metadata: { ownerReferences: [{ uid: '2', name: 'b' }] } });
    expect((after.metadata as JsonObject).ownerReferences).to.have.length(2);
  });

  it('refuses an element without its merge key and unknown directives', () => {
    const before = deployment([{ name: 'a' }]);
    expect(() => apply(before, deployment([{ image: 'x' }]))).to.throw('merge key: name');
    expect(() => apply(before, { $patch: 'explode' })).to.throw('unknown patch type');
  });

  it('never leaves a directive behind, never changes what it is given, and is done when applied twice', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    const container = fc.record({ name: names, image: fc.constantFrom('1', '2', '3') });
    const list = fc.uniqueArray(container, { selector: (each) => each.name });
    fc.assert(
      fc.property(list, list, fc.uniqueArray(names), (current, wanted, deleted) => {
        const before = deployment(current);
        const copy = cloneJson(before);
        const kept = wanted.filter((each) => !deleted.includes(each.name));
        const patch = deployment([...kept, ...deleted.map((name) => ({ name, $patch: 'delete' }))], {
          '$setElementOrder/containers': kept.map(({ name }) => ({ name })),
        });
        const after = apply(before, patch);
        const result = podSpec(after).containers as JsonObject[];
        const order = result
          .map((each) => String(each.name))
          .filter((name) => kept.some((each) => each.name === name));
        expect(before).to.deep.equal(copy);
        expect(hasDirective(after)).to.equal(false);
        expect(order).to.deep.equal(kept.map((each) => each.name));
        expect(result.filter((each) => deleted.some((name) => name === each.name))).to.deep.equal([]);
        expect(apply(after, patch)).to.deep.equal(after);
      }),
    );
  });
});

function hasDirective(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasDirective);
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, each]) => key.startsWith('$') || hasDirective(each));
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
