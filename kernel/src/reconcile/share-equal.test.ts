import { expect } from 'chai';
import { shareEqual } from './share-equal.js';

describe('shareEqual', () => {
  it('keeps the value, and has equal parts once', () => {
    const basis = { image: 'a', resources: { cpu: '1' }, env: [{ name: 'A', value: null }] };
    const state = {
      children: { one: { uid: '1', basis }, two: { uid: '2', basis } },
      computer: basis,
      env: basis.env,
    };
    const restored = shareEqual(JSON.parse(JSON.stringify(state)) as typeof state);
    expect(restored).to.deep.equal(state);
    expect(restored.children.one.basis).to.equal(restored.computer);
    expect(restored.children.two.basis).to.equal(restored.computer);
    expect(restored.env).to.equal(restored.computer.env);
  });

  it('tells apart what is written otherwise', () => {
    const restored = shareEqual({ a: { x: 1, y: 2 }, b: { y: 2, x: 1 }, c: [], d: {} });
    expect(restored.a).not.to.equal(restored.b);
    expect(restored.c).not.to.equal(restored.d);
    expect(JSON.stringify(restored)).to.equal('{"a":{"x":1,"y":2},"b":{"y":2,"x":1},"c":[],"d":{}}');
  });
});
