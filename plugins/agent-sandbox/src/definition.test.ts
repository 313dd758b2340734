import { readdirSync, readFileSync } from 'node:fs';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { AGENT, agentDefinition } from './definition.js';
import { specSchema } from './schema/spec-schema.js';
import { statusSchema } from './schema/status-schema.js';
import { checkSchema, type StructuralSchema, withDefaults } from './schema/structural-schema.js';
import { observe, refusalOf } from './testing/agent.js';

const ROOT = new URL('../../../', import.meta.url);
const EXAMPLES = new URL('examples/', ROOT);

function* nodes(schema: StructuralSchema, path: string): Iterable<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* nodes(field, `${path}.${name}`);
  if (schema.items !== undefined) yield* nodes(schema.items, `${path}[]`);
}

describe('the definition of Agent', () => {
  const all = [...nodes(specSchema, 'spec'), ...nodes(statusSchema, 'status')];

  it('is what stands in the chart; if not, run `npm run generate`', () => {
    const file = new URL(`helm/rynxs/crds/${AGENT.plural}.${AGENT.group}.yaml`, ROOT);
    expect(parseYaml(readFileSync(file, 'utf8'))).to.deep.equal(JSON.parse(JSON.stringify(agentDefinition)));
  });

  it('is structural: each field has a type, and lists say what they hold', () => {
    for (const [path, schema] of all) {
      expect(schema.type !== undefined || schema['x-kubernetes-int-or-string'], `type of ${path}`).to.be.ok;
      if (schema.type === 'array') expect(schema.items, `items of ${path}`).to.be.an('object');
      for (const key of schema['x-kubernetes-list-map-keys'] ?? [])
        expect(schema.items?.required, `${path} by ${key}`).to.include(key);
      for (const name of schema.required ?? []) expect(schema.properties, path).to.have.property(name);
    }
  });

  it('bounds everything that a user may write, and says what it is for', () => {
    for (const [path, schema] of nodes(specSchema, 'spec')) {
      const isText = schema.type === 'string' && schema.enum === undefined;
      if (isText || schema['x-kubernetes-int-or-string']) {
        expect(schema.maxLength, `length of ${path}`).to.be.a('number');
        expect(schema.pattern, `pattern of ${path}`).to.be.a('string');
      }
      if (schema.type === 'array') expect(schema.maxItems, `length of ${path}`).to.be.a('number');
      if (schema.type === 'integer') expect(schema, path).to.include.keys('minimum', 'maximum');
      if (!path.endsWith('[]')) expect(schema.description, `description of ${path}`).to.match(/\.$/);
    }
  });

  it('has defaults that are valid', () => {
    for (const [path, schema] of all) {
      if (schema.default === undefined) continue;
      expect(checkSchema(schema, withDefaults(schema, schema.default), path, {})).to.deep.equal([]);
    }
  });

  it('has columns for fields that exist', () => {
    const { versions } = agentDefinition.spec as {
      versions: readonly { additionalPrinterColumns: readonly JsonMap[] }[];
    };
    const columns = versions[0]?.additionalPrinterColumns ?? [];
    expect(columns.map(({ name }) => name)).to.deep.equal([
      'Role',
      'Image',
      'Phase',
      'Ready',
      'Reason',
      'Age',
      'Pod',
    ]);
    const known = new Set([...all.map(([path]) => `.${path}`), '.metadata.creationTimestamp']);
    for (const { jsonPath } of columns) {
      expect(known).to.include(String(jsonPath).replace(/\[\?\(@\.type=="\w+"\)\]/, '[]'));
    }
  });

  it('writes every rule with a message', () => {
    const rules = all.flatMap(([, schema]) => schema['x-kubernetes-validations'] ?? []);
    expect(rules).to.have.lengthOf(9);
    for (const { rule, message } of rules) {
      expect(message).to.match(/^[a-zA-Z ]+/);
      // Mistakes that an API server would answer by refusing the definition.
      expect(rule.split('(').length, rule).to.equal(rule.split(')').length);
      expect(rule).to.match(/self/);
    }
  });
});

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
