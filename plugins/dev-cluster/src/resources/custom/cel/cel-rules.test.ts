import { expect } from 'chai';
import type { JsonObject } from '../../../storage/json.js';
import { TestCluster, until, widgetDefinition } from '../../../testing/test-cluster.test.js';
import type { ValidationRule } from '../../schema/field-schema.js';

const PROPERTIES = {
  image: { type: 'string', maxLength: 100 },
  replicas: { type: 'integer' },
  share: { type: 'number' },
  port: { 'x-kubernetes-int-or-string': true },
  since: { type: 'string', format: 'date-time' },
  namespace: { type: 'string' },
  'max-size': { type: 'string' },
  modes: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  env: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, value: { type: 'string' }, count: { type: 'integer' } },
    },
  },
};

describe('CEL rules of custom resources', () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const definition = `${definitions}/widgets.example.org`;
  const widgets = '/apis/example.org/v1/namespaces/default/widgets';
  let cluster: TestCluster;
  before(async () => {
    cluster = await TestCluster.start({ controllersEnabled: false });
  });
  after(() => cluster[Symbol.asyncDispose]());
  afterEach(async () => {
    await cluster.call('DELETE', definition);
    await until(
      async () => (await cluster.call('GET', definition)).code === 404,
      'the end of the definition',
    );
  });

  const specWith = (rules: readonly ValidationRule[], change: JsonObject = {}): JsonObject => ({
    type: 'object',
    properties: { ...PROPERTIES, ...change },
    'x-kubernetes-validations': rules.map((rule) => ({ ...rule })),
  });
  const define = (schema: JsonObject) => cluster.ok('POST', definitions, widgetDefinition(schema));
  const create = (spec: JsonObject) =>
    cluster.call('POST', widgets, {
      apiVersion: 'example.org/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
      spec,
    });
  const update = async (spec: JsonObject) => {
    const current = await cluster.ok('GET', `${widgets}/w`);
    return cluster.call('PUT', `${widgets}/w`, { ...current, spec });
  };
  const complaint = ({ code, body }: { code: number; body: JsonObject }) =>
    code < 300 ? 'accepted' : String(body.message);

  for (const [rule, good, bad] of [
    ['self.replicas <= 3', { replicas: 3 }, { replicas: 4 }],
    ['self.share < 0.5', { share: 0.25 }, { share: 1 }],
    ["has(self.image) && self.image.startsWith('a')", { image: 'a' }, {}],
    ["self.image.matches('(?i)^ab+$')", { image: 'ABB' }, { image: 'a' }],
    ["!self.image.matches(r'\\d')", { image: 'x' }, { image: 'x1' }],
    [
      'self.env.all(e, has(e.value) != has(e.count))',
      { env: [{ name: 'a', value: 'b' }] },
      { env: [{ name: 'a' }] },
    ],
    [
      "self.env.exists_one(e, e.name == 'a')",
      { env: [{ name: 'a' }, { name: 'b' }] },
      { env: [{ name: 'b' }] },
    ],
    ["self.labels.all(k, k != 'a' || self.labels[k] == '1')", { labels: { a: '1' } }, { labels: { a: '2' } }],
    ["self.port == 80 || self.port == 'http'", { port: 'http' }, { port: 81 }],
    [
      "self.since < timestamp('2020-01-01T00:00:00Z')",
      { since: '2019-01-01T00:00:00Z' },
      { since: '2021-01-01T00:00:00Z' },
    ],
    ["self.__namespace__ != 'kube-system'", { namespace: 'a' }, { namespace: 'kube-system' }],
    [
      "quantity(self.max__dash__size).isLessThan(quantity('1Gi'))",
      { 'max-size': '900Mi' },
      { 'max-size': '1Ti' },
    ],
    ["cidr('10.0.0.0/8').containsIP(self.image)", { image: '10.1.2.3' }, { image: '11.1.2.3' }],
    ['self.modes.isSorted()', { modes: ['a', 'b'] }, { modes: ['b', 'a'] }],
    ["self.image.replace('a', 'b') == 'bb'", { image: 'ab' }, { image: 'ac' }],
    ["self.?image.orValue('x') != 'x'", { image: 'a' }, {}],
  ] as const) {
    it(`evaluates ${rule}`, async () => {
      await define(specWith([{ rule, message: 'not so' }]));
      expect(complaint(await create(bad as unknown as JsonObject))).to.equal(
        'Widget.example.org "w" is invalid: spec: Invalid value: "object": not so',
      );
      expect(complaint(await create(good as unknown as JsonObject))).to.equal('accepted');
    });
  }

  it('quotes a rule without a message, and tells why one cannot be evaluated', async () => {
    await define(specWith([{ rule: ' self.replicas > 1 ' }]));
    expect(complaint(await create({ replicas: 1 }))).to.contain(
      'spec: Invalid value: "object": failed rule: self.replicas > 1',
    );
    expect(complaint(await create({}))).to.contain(
      'no such key: replicas evaluating rule: self.replicas > 1',
    );
  });

  it('computes messages, and blames the field and gives the reason that the rule names', async () => {
    await define(
      specWith([
        {
          rule: 'self.replicas <= 3',
          messageExpression: "'at most 3, not ' + string(self.replicas)",
          fieldPath: '.replicas',
          reason: 'FieldValueForbidden',
        },
      ]),
    );
    const { body } = await create({ replicas: 4 });
    expect((body.details as JsonObject).causes).to.deep.equal([
      { reason: 'FieldValueForbidden', message: 'Forbidden: at most 3, not 4', field: 'spec.replicas' },
    ]);
  });

  it('falls back to the message when the computed one is of no use', async () => {
    const rule = { rule: 'false', message: 'plain', messageExpression: "'line\\nline'" };
    await define(specWith([rule]));
    expect(complaint(await create({}))).to.match(/"object": plain$/);
  });

  it('checks rules inside lists and maps, with the path of each value', async () => {
    const item = {
      ...PROPERTIES.env.items,
      'x-kubernetes-validations': [{ rule: 'has(self.value)', message: 'm' }],
    };
    const labels = {
      type: 'object',
      additionalProperties: {
        type: 'string',
        'x-kubernetes-validations': [{ rule: "self != ''", message: 'm' }],
      },
    };
    await define(specWith([], { env: { ...PROPERTIES.env, items: item }, labels } as unknown as JsonObject));
    const { body } = await create({ env: [{ name: 'a', value: 'b' }, { name: 'c' }], labels: { x: '' } });
    const causes = (body.details as { causes: { field: string; message: string }[] }).causes;
    expect(causes.map(({ field, message }) => `${field}: ${message}`)).to.deep.equal([
      'spec.env[1]: Invalid value: "object": m',
      'spec.labels[x]: Invalid value: "string": m',
    ]);
  });

  it('knows name and kind at the root', async () => {
    const crd = widgetDefinition(specWith([]));
    const [version] = (crd.spec as { versions: { schema: { openAPIV3Schema: JsonObject } }[] }).versions;
    version!.schema.openAPIV3Schema['x-kubernetes-validations'] = [
      { rule: "self.metadata.name != 'w' || self.kind != 'Widget'", message: 'not this one' },
    ];
    await cluster.ok('POST', definitions, crd);
    expect(complaint(await create({}))).to.equal(
      'Widget.example.org "w" is invalid: <nil>: Invalid value: "object": not this one',
    );
  });

  describe('on changes', () => {
    it('compares with the value before, and not when there was none', async () => {
      await define(specWith([{ rule: 'self.replicas >= oldSelf.replicas', message: 'never less' }]));
      expect(complaint(await create({ replicas: 2 }))).to.equal('accepted');
      expect(complaint(await update({ replicas: 1 }))).to.match(/never less$/);
      expect(complaint(await update({ replicas: 3 }))).to.equal('accepted');
    });

    it('finds the value before by the keys of a list that is a map', async () => {
      const rules = [{ rule: 'self.value == oldSelf.value', message: 'fixed' }];
      const env = {
        ...PROPERTIES.env,
        items: { ...PROPERTIES.env.items, 'x-kubernetes-validations': rules },
      };
      await define(specWith([], { env } as unknown as JsonObject));
      await create({
        env: [
          { name: 'a', value: '1' },
          { name: 'b', value: '2' },
        ],
      });
      const moved = {
        env: [
          { name: 'b', value: '2' },
          { name: 'new', value: '3' },
          { name: 'a', value: '1' },
        ],
      };
      expect(complaint(await update(moved))).to.equal('accepted');
      expect(complaint(await update({ env: [{ name: 'a', value: '9' }] }))).to.match(
        /spec.env\[0\].*: fixed$/,
      );
    });

    it('does not mind the order of a set', async () => {
      await define(specWith([{ rule: 'self.modes == oldSelf.modes', message: 'fixed' }]));
      await create({ modes: ['a', 'b'] });
      expect(complaint(await update({ modes: ['b', 'a'] }))).to.equal('accepted');
      expect(complaint(await update({ modes: ['b'] }))).to.match(/fixed$/);
    });

    it('gives an optional where the rule wants one', async () => {
      const rule = {
        rule: 'oldSelf.hasValue() || self.replicas == 0',
        optionalOldSelf: true,
        message: 'starts at 0',
      };
      await define(specWith([rule]));
      expect(complaint(await create({ replicas: 1 }))).to.match(/starts at 0$/);
      expect(complaint(await create({ replicas: 0 }))).to.equal('accepted');
      expect(complaint(await update({ replicas: 1 }))).to.equal('accepted');
    });

    it('lets pass what was wrong before and is left alone', async () => {
      await define(specWith([]));
      await create({ image: 'bad', replicas: 1, labels: { a: 'x'.repeat(9) } });
      const strict = {
        image: { ...PROPERTIES.image, maxLength: 2, 'x-kubernetes-validations': [{ rule: "self != 'bad'" }] },
      };
      const crd = await cluster.ok('GET', definition);
      const { spec } = widgetDefinition(specWith([], strict as unknown as JsonObject));
      await cluster.ok('PUT', definition, { ...crd, spec });
      expect(complaint(await update({ image: 'bad', replicas: 2 }))).to.equal('accepted');
      expect(complaint(await update({ image: 'worse', replicas: 2 }))).to.contain('Too long');
    });
  });

  it('are not evaluated for an object of another form, and it is told', async () => {
    await define(specWith([{ rule: 'self.replicas > 1' }]));
    expect(complaint(await create({ replicas: 'many' }))).to.equal(
      'Widget.example.org "w" is invalid: [spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string", <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    );
  });

  for (const [what, rule, message] of [
    ['an unknown field', 'self.nope == 1', /compilation failed.*nope/],
    ['types that do not fit', "self.replicas == 'a'", /compilation failed.*no such overload/],
    ['no truth value', 'self.replicas + 1', /must evaluate to a bool/],
    ['broken syntax', 'self.(', /compilation failed/],
    ['an unknown function', 'self.image.shout()', /compilation failed.*shout/],
  ] as const) {
    it(`refuse the definition when they have ${what}`, async () => {
      const { code, body } = await cluster.call('POST', definitions, widgetDefinition(specWith([{ rule }])));
      expect(code).to.equal(422);
      const [cause] = (body.details as unknown as { causes: { field: string; message: string }[] }).causes;
      expect(cause?.field).to.equal(
        'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
      );
      expect(cause?.message).to.match(message);
    });
  }

  it('refuse the definition when they speak of the value before where it cannot be known', async () => {
    const modes = {
      ...PROPERTIES.modes,
      items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    };
    const { body } = await cluster.call(
      'POST',
      definitions,
      widgetDefinition(specWith([], { modes } as unknown as JsonObject)),
    );
    expect(body.message).to.contain('oldSelf cannot be used on the uncorrelatable portion of the schema');
  });
});
