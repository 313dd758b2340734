import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { restoreRepeated, type WrittenOnce, writeOnce } from './repeated-parts.js';

describe('parts of a value that stand in several places', () => {
  const basis = { image: 'a', resources: { cpu: '1' }, env: [{ name: 'A', value: null }] };
  const state = {
    children: { one: { uid: '1', basis }, two: { uid: '2', basis } },
    computer: basis,
    env: basis.env,
    list: [basis.resources, { cpu: '1' }, [], {}],
  };
  const throughText = (value: JsonMap) =>
    restoreRepeated(JSON.parse(JSON.stringify(writeOnce(value))) as WrittenOnce);

  it('are written once, and are the same when they are read', () => {
    const { value, repeated } = writeOnce(state);
    expect(JSON.stringify(value)).to.equal(
      '{"children":{"one":{"uid":"1","basis":{"image":"a","resources":{"cpu":"1"},"env":[{"name":"A","value":null}]}},' +
        '"two":{"uid":"2","basis":null}},"computer":null,"env":null,"list":[null,{"cpu":"1"},[],{}]}',
    );
    expect(repeated).to.deep.equal([
      [['children', 'one', 'basis'], ['children', 'two', 'basis'], ['computer']],
      [
        ['children', 'one', 'basis', 'resources'],
        ['list', '0'],
      ],
      [['children', 'one', 'basis', 'env'], ['env']],
    ]);
    const restored = throughText(state) as typeof state;
    expect(restored).to.deep.equal(state);
    expect(restored.children.one.basis).to.equal(restored.computer);
    expect(restored.children.two.basis).to.equal(restored.computer);
    expect(restored.env).to.equal(restored.computer.env);
    expect(restored.list[0]).to.equal(restored.computer.resources);
    expect(state.computer, 'the value that was written').to.equal(basis);
  });

  it('may have any name', () => {
    const part = { x: '1' };
    const named = JSON.parse('{"a":null,"__proto__":null,"":{"#":null}}') as Record<string, JsonMap>;
    for (const name of Object.keys(named)) named[name] = name === '' ? { '#': part } : part;
    const restored = throughText(named);
    expect(JSON.stringify(restored)).to.equal('{"a":{"x":"1"},"__proto__":{"x":"1"},"":{"#":{"x":"1"}}}');
    expect(Object.getPrototypeOf(restored)).to.equal(Object.prototype);
  });

  it('are refused where the value has no such place', () => {
    const value = { a: { b: '1' } };
    for (const places of [
      [['c'], ['a', 'b']],
      [['a', 'b'], ['a']],
      [['a'], ['c', 'd']],
      [['a'], ['constructor']],
      [['a'], []],
    ]) {
      expect(() => restoreRepeated({ value, repeated: [places] }), JSON.stringify(places)).to.throw(
        TypeError,
      );
    }
    expect(value).to.deep.equal({ a: { b: '1' } });
  });
});
