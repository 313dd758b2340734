import { expect } from 'chai';
import type { KubernetesObject, ResourceType } from '../contracts/cluster.js';
import { EVERYONE, type Surroundings } from '../contracts/reconciler.js';
import { SurroundingsIndex } from './surroundings.js';

const RULE: ResourceType = { group: '', version: 'v1', kind: 'Rule', plural: 'rules', namespaced: true };
const RULES: Surroundings = {
  resource: RULE,
  concerns: ({ spec }) => (spec as { readonly about?: string }).about,
};

function rule(name: string, about?: string, namespace = 'default'): KubernetesObject {
  return { metadata: { name, namespace }, spec: about === undefined ? {} : { about } };
}

describe('SurroundingsIndex', () => {
  let index: SurroundingsIndex;
  beforeEach(() => {
    index = new SurroundingsIndex();
  });
  const receive = (object: KubernetesObject, type: 'added' | 'modified' | 'deleted' = 'added') =>
    index.receive(RULES, { type, object }).map(({ name }) => name);
  const around = (name: string, namespace = 'default') =>
    index.around({ namespace, name }).map(({ key }) => key.name);

  it('finds what concerns an object, and what concerns all of its namespace', () => {
    receive(rule('for-a', 'a'));
    receive(rule('for-b', 'b'));
    receive(rule('for-all', EVERYONE));
    receive(rule('for-none'));
    receive(rule('elsewhere', EVERYONE, 'other'));
    expect(around('a')).to.deep.equal(['for-a', 'for-all']);
    expect(around('c')).to.deep.equal(['for-all']);
    expect(around('a', 'other')).to.deep.equal(['elsewhere']);
    expect(around('a', 'empty')).to.deep.equal([]);
  });

  it('has each object once, by the key that its cache has it by', () => {
    receive(rule('for-a', 'a'));
    receive({ ...rule('for-a', 'a'), data: 'new' }, 'modified');
    expect(index.around({ namespace: 'default', name: 'a' })).to.deep.equal([
      { resource: RULE, key: { namespace: 'default', name: 'for-a' } },
    ]);
  });

  it('tells whom a change concerns: whoever it concerned before, and whoever it does now', () => {
    expect(receive(rule('r', 'a'))).to.deep.equal(['a']);
    expect(receive(rule('r', 'a'), 'modified')).to.deep.equal(['a']);
    expect(receive(rule('r', 'b'), 'modified')).to.deep.equal(['a', 'b']);
    expect(receive(rule('r', EVERYONE), 'modified')).to.deep.equal(['b', EVERYONE]);
    expect(around('a')).to.deep.equal(['r']);
    expect(receive(rule('r'), 'modified')).to.deep.equal([EVERYONE]);
    expect(around('a')).to.deep.equal([]);
    expect(receive(rule('r'), 'modified')).to.deep.equal([]);
  });

  it('forgets what is deleted, whatever its last words were', () => {
    receive(rule('r', 'a'));
    expect(receive(rule('r', 'b'), 'deleted')).to.deep.equal(['a']);
    expect(around('a')).to.deep.equal([]);
    expect(around('b')).to.deep.equal([]);
  });
});
