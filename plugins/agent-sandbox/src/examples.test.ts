import { readdirSync, readFileSync } from 'node:fs';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { observe, refusalOf } from './testing/agent.js';

const EXAMPLES = new URL('../../../examples/', import.meta.url);

describe('the examples', () => {
  for (const file of readdirSync(EXAMPLES).filter((name) => name.startsWith('agent-'))) {
    it(`${file} is an Agent that is accepted`, () => {
      const documents = parseAllDocuments(readFileSync(new URL(file, EXAMPLES), 'utf8'));
      for (const document of documents) {
        const { apiVersion, kind, metadata, spec } = document.toJS() as JsonMap & {
          metadata: { name: string };
        };
        expect({ apiVersion, kind }).to.deep.equal({ apiVersion: 'universe.ai/v1alpha1', kind: 'Agent' });
        expect(refusalOf(spec ?? null, metadata.name)).to.equal(undefined);
      }
    });
  }

  it('begin with the smallest Agent', () => {
    expect(parseYaml(readFileSync(new URL('agent-basic.yaml', EXAMPLES), 'utf8'))).to.deep.equal({
      apiVersion: 'universe.ai/v1alpha1',
      kind: 'Agent',
      metadata: { name: 'my-agent' },
      spec: { role: 'sandbox', image: 'python:3.11-slim' },
    });
    expect(observe({ role: 'sandbox', image: 'python:3.11-slim' }).refusal).to.equal(undefined);
  });
});
