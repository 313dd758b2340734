import { expect } from 'chai';
import fc from 'fast-check';
import { mergeApplied } from './merge-applied.js';

describe('mergeApplied', () => {
  it('sets what is wanted and leaves what it does not mention', () => {
    const current = { spec: { image: 'a', replicas: 2 }, status: { ready: true } };
    expect(mergeApplied(current, { spec: { image: 'b' } }, undefined)).to.deep.equal({
      spec: { image: 'b', replicas: 2 },
      status: { ready: true },
    });
  });

  it('takes away what was applied last and is wanted no more', () => {
    const current = { spec: { image: 'a', command: ['x'], others: 1 } };
    const last = { spec: { image: 'a', command: ['x'] } };
    expect(mergeApplied(current, { spec: { image: 'a' } }, last)).to.deep.equal({
      spec: { image: 'a', others: 1 },
    });
  });

  it('keeps what others put into a map that is wanted no more', () => {
    const current = { annotations: { mine: '1', theirs: '2' }, labels: { mine: '1' } };
    const last = { annotations: { mine: '1' }, labels: { mine: '1' } };
    expect(mergeApplied(current, {}, last)).to.deep.equal({ annotations: { theirs: '2' } });
  });

  it('leaves a list alone that holds all of it, with what the server filled in', () => {
    const wanted = { ports: [{ port: 80 }] };
    const current = { ports: [{ port: 80, protocol: 'TCP' }] };
    expect(mergeApplied(current, wanted, wanted)).to.deep.equal(current);
  });

  it('replaces a list that changed', () => {
    const current = {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    };
    const wanted = { env: [{ name: 'A', value: '1' }] };
    expect(mergeApplied(current, wanted, current)).to.deep.equal(wanted);
  });

  it('replaces a list of which a field was taken away', () => {
    const last = { env: [{ name: 'A', value: '1' }] };
    const wanted = { env: [{ name: 'A' }] };
    expect(mergeApplied(last, wanted, last)).to.deep.equal(wanted);
  });

  it('keeps a key that objects have of their own', () => {
    const wanted = JSON.parse('{"__proto__": {"a": 1}}');
    const merged = mergeApplied({}, wanted, undefined);
    expect(JSON.stringify(merged)).to.equal('{"__proto__":{"a":1}}');
    expect(JSON.stringify(mergeApplied(merged, {}, wanted))).to.equal('{}');
  });

  it('gives the wanted object when nothing else is there, and changes nothing the second time', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (current, wanted) => {
          expect(mergeApplied({}, wanted, undefined)).to.deep.equal(wanted);
          const once = mergeApplied(current, wanted, undefined);
          expect(mergeApplied(once, wanted, wanted)).to.deep.equal(once);
        },
      ),
    );
  });
});
