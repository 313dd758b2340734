import { readFileSync } from 'node:fs';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { parse as parseYaml } from 'yaml';
import { agentDefinition } from './definition.js';
import { definitions } from './definitions.js';
import { checkSchema, type StructuralSchema, withDefaults } from './schema/structural-schema.js';
import { sessionDefinition } from './session/session-definition.js';
import { universeDefinition } from './universe/universe-definition.js';

const CHART = new URL('../../../helm/rynxs/crds/', import.meta.url);

interface Version {
  readonly additionalPrinterColumns: readonly JsonMap[];
  readonly schema: {
    readonly openAPIV3Schema: {
      readonly properties: { readonly spec: StructuralSchema; readonly status: StructuralSchema };
    };
  };
}

function* nodes(schema: StructuralSchema, path: string): Iterable<readonly [string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* nodes(field, `${path}.${name}`);
  if (schema.items !== undefined) yield* nodes(schema.items, `${path}[]`);
}

function versionOf({ spec }: (typeof definitions)[number]): Version {
  const [version] = (spec as { readonly versions: readonly Version[] }).versions;
  if (version === undefined) throw new Error('a definition has a version');
  return version;
}

for (const definition of definitions) {
  const { kind } = (definition.spec as { names: { kind: string } }).names;

  describe(`the definition of ${kind}`, () => {
    const { schema, additionalPrinterColumns } = versionOf(definition);
    const { spec, status } = schema.openAPIV3Schema.properties;
    const all = [...nodes(spec, 'spec'), ...nodes(status, 'status')];

    it('is what stands in the chart; if not, run `npm run generate`', () => {
      const file = new URL(`${definition.metadata.name}.yaml`, CHART);
      expect(parseYaml(readFileSync(file, 'utf8'))).to.deep.equal(JSON.parse(JSON.stringify(definition)));
    });

    it('is structural: each field has a type, and lists say what they hold', () => {
      for (const [path, node] of all) {
        expect(node.type !== undefined || node['x-kubernetes-int-or-string'], `type of ${path}`).to.be.ok;
        if (node.type === 'array') expect(node.items, `items of ${path}`).to.be.an('object');
        for (const key of node['x-kubernetes-list-map-keys'] ?? [])
          expect(node.items?.required, `${path} by ${key}`).to.include(key);
        for (const name of node.required ?? []) expect(node.properties, path).to.have.property(name);
      }
    });

    it('bounds everything that a user may write, and says what it is for', () => {
      for (const [path, node] of nodes(spec, 'spec')) {
        const isText = node.type === 'string' && node.enum === undefined;
        if (isText || node['x-kubernetes-int-or-string']) {
          expect(node.maxLength, `length of ${path}`).to.be.a('number');
          expect(node.pattern, `pattern of ${path}`).to.be.a('string');
        }
        if (node.type === 'array') expect(node.maxItems, `length of ${path}`).to.be.a('number');
        if (node.type === 'integer') expect(node, path).to.include.keys('minimum', 'maximum');
        if (!path.endsWith('[]')) expect(node.description, `description of ${path}`).to.match(/\.$/);
      }
    });

    it('has defaults that are valid', () => {
      for (const [path, node] of all) {
        if (node.default === undefined) continue;
        expect(checkSchema(node, withDefaults(node, node.default), path, {})).to.deep.equal([]);
      }
    });

    it('has columns for fields that exist', () => {
      const known = new Set([...all.map(([path]) => `.${path}`), '.metadata.creationTimestamp']);
      for (const { jsonPath } of additionalPrinterColumns)
        expect(known).to.include(String(jsonPath).replace(/\[\?\(@\.type=="\w+"\)\]/, '[]'));
    });

    it('writes every rule with a message', () => {
      for (const [, node] of all) {
        for (const { rule, message } of node['x-kubernetes-validations'] ?? []) {
          expect(message).to.match(/^[a-zA-Z ]+/);
          // Mistakes that an API server would answer by refusing the definition.
          expect(rule.split('(').length, rule).to.equal(rule.split(')').length);
          expect(rule).to.match(/self/);
        }
      }
    });
  });
}

describe('the columns of kubectl', () => {
  const columns = (definition: (typeof definitions)[number]) =>
    versionOf(definition).additionalPrinterColumns.map(({ name }) => name);

  it('show what matters of each kind', () => {
    expect(columns(agentDefinition).join(' ')).to.equal('Role Image Phase Ready Reason Age Pod');
    expect(columns(universeDefinition).join(' ')).to.equal(
      'Agents Outside Quota Ready Reason Age Namespaces',
    );
    expect(columns(sessionDefinition).join(' ')).to.equal('Agent Principal Phase Expires Age Reason');
  });
});
