import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import type { KubernetesObject } from '../contracts/cluster.js';
import { widget } from '../testing/index.js';
import { observeObject } from './observe.js';

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
