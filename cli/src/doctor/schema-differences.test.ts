import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { schemaDifferences } from './schema-differences.js';

const SCHEMA: JsonMap = {
  type: 'object',
  properties: {
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      required: ['image'],
      'x-kubernetes-validations': [{ rule: 'self.image != ""', message: 'it must not be empty' }],
      properties: {
        image: { type: 'string', maxLength: 10, description: 'What runs.' },
        env: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        cpu: { 'x-kubernetes-int-or-string': true, pattern: '^1$' },
      },
    },
  },
};

/** The schema after a change of its text. */
function changed(change: (spec: Record<string, unknown>) => void): JsonMap {
  const copy = structuredClone(SCHEMA) as { properties: { spec: Record<string, unknown> } };
  change(copy.properties.spec);
  return copy as unknown as JsonMap;
}

describe('the schema of a kind and the one that is published', () => {
  const differences = (change: (spec: Record<string, unknown>) => void) =>
    schemaDifferences(SCHEMA, changed(change));

  it('are the same whatever they say to people, and of metadata', () => {
    const found = changed((spec) => {
      (spec.properties as { image: { description: string } }).image.description = 'Something else.';
    });
    const described = { ...found, properties: { ...(found.properties as JsonMap), metadata: { $ref: 'x' } } };
    expect(schemaDifferences(SCHEMA, described)).to.deep.equal({ missing: [], unknown: [] });
  });

  it('are the same when the rules are, whatever is said beside them', () => {
    expect(
      differences((spec) => {
        spec['x-kubernetes-validations'] = [
          { rule: 'self.image != ""', message: 'no', reason: 'FieldValueInvalid' },
        ];
      }),
    ).to.deep.equal({ missing: [], unknown: [] });
  });

  it('are the same when a quantity is spelt as in OpenAPI', () => {
    expect(
      differences((spec) => {
        (spec.properties as { cpu: object }).cpu = {
          type: 'string',
          format: 'int-or-string',
          pattern: '^1$',
        };
      }),
    ).to.deep.equal({ missing: [], unknown: [] });
  });

  it('differ by a field that is missing, at any depth', () => {
    expect(
      differences((spec) => {
        delete (spec.properties as Record<string, unknown>).labels;
        (spec.properties as { env: { items: { properties: object } } }).env.items.properties = {};
      }),
    ).to.deep.equal({ missing: ['spec.env[].name', 'spec.labels'], unknown: [] });
  });

  it('differ by a field that is unknown', () => {
    expect(
      differences((spec) => {
        (spec.properties as Record<string, unknown>).fresh = { type: 'string' };
      }),
    ).to.deep.equal({ missing: [], unknown: ['spec.fresh'] });
  });

  it('differ by a rule', () => {
    expect(
      differences((spec) => {
        spec.required = [];
        spec['x-kubernetes-validations'] = [];
        (spec.properties as { image: { maxLength: number } }).image.maxLength = 11;
        (spec.properties as { labels: { additionalProperties: object } }).labels.additionalProperties = {
          type: 'integer',
        };
      }).missing,
    ).to.have.members([
      'spec (required)',
      'spec (x-kubernetes-validations)',
      'spec.image (maxLength)',
      'spec.labels.* (type)',
    ]);
  });
});
