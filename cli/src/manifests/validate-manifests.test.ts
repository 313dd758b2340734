import { AGENT, agentDefinition } from '@rynxs/agent-sandbox';
import type { RynxsErrors } from '@rynxs/kernel';
import { expect } from 'chai';
import { parseManifests } from './read-manifests.js';
import { kindOfDefinition, validateManifests } from './validate-manifests.js';

describe('validateManifests', () => {
  const configMaps = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
  const kinds = [{ resource: configMaps }, kindOfDefinition(AGENT, agentDefinition)];

  function agent(spec: string, apiVersion = 'universe.ai/v1alpha1'): string {
    return `apiVersion: ${apiVersion}\nkind: Agent\nmetadata:\n  name: my-agent\nspec:\n${spec}`;
  }

  function mistakes(text: string): string[] {
    try {
      validateManifests(parseManifests('a.yaml', text).found, kinds);
      return [];
    } catch (error) {
      return (error as RynxsErrors).errors.map(({ message }) => message);
    }
  }

  it('finds the type of each object', () => {
    const { found } = parseManifests('a.yaml', agent('  role: sandbox\n  image: x\n'));
    expect(validateManifests(found, kinds)[0]?.resource).to.equal(AGENT);
  });

  it('accepts objects whose schema is not known here', () => {
    expect(mistakes('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\nanything: goes\n')).to.deep.equal(
      [],
    );
  });

  it('names line, field and rule of a mistake', () => {
    expect(mistakes(agent('  image: 3\n'))[0]).to.match(/^a\.yaml:6: spec\.image: must be string/);
    expect(mistakes(agent('  image: x\n  role: pet\n'))[0]).to.match(
      /^a\.yaml:7: spec\.role: .*sandbox, service/,
    );
  });

  it('names the field that is missing', () => {
    expect(mistakes(agent('  role: sandbox\n'))[0]).to.include('spec.image: is required');
  });

  it('refuses fields that do not exist, which a server would drop without a word', () => {
    expect(mistakes(agent('  image: x\n  imagePullPolice: Always\n'))).to.deep.equal([
      'a.yaml:7: spec.imagePullPolice: there is no such field',
    ]);
  });

  it('names all mistakes of an object', () => {
    expect(mistakes(agent('  image: 3\n  role: pet\n  bogus: 1\n'))).to.have.length.at.least(3);
  });

  it('says which kind was meant', () => {
    expect(mistakes(agent('  image: x\n', 'universe.ai/v1'))[0]).to.include(
      'did you mean universe.ai/v1alpha1 Agent',
    );
    expect(mistakes('apiVersion: v1\nkind: Foo\nmetadata:\n  name: f\n')[0]).to.include(
      'known are v1 ConfigMap',
    );
  });
});
