import { expect } from 'chai';
import type { JsonObject } from '../../storage/json.js';
import { TestCluster, until, widgetDefinition } from '../../testing/test-cluster.test.js';

type Cause = { reason: string; field: string; message: string };

describe('custom resources', () => {
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

  const define = (specSchema: JsonObject, version: JsonObject = {}) =>
    cluster.ok('POST', definitions, widgetDefinition(specSchema, version));
  const create = (spec: unknown, query = '') =>
    cluster.call('POST', `${widgets}?${query}`, {
      apiVersion: 'example.org/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
      spec,
    });
  const causesOf = async (spec: unknown) => {
    const { code, body } = await create(spec);
    expect(code).to.equal(422);
    return (body.details as unknown as { causes: Cause[] }).causes.map(
      (cause) => `${cause.field}: ${cause.message}`,
    );
  };

  describe('definition', () => {
    it('is established at once and serves its kind', async () => {
      expect((await cluster.call('GET', widgets)).code).to.equal(404);
      const made = await define({ type: 'object' });
      const { conditions, storedVersions } = made.status as {
        conditions: JsonObject[];
        storedVersions: string[];
      };
      expect(conditions.map((each) => `${each.type}=${each.status}`)).to.deep.equal([
        'NamesAccepted=True',
        'Established=True',
      ]);
      expect(storedVersions).to.deep.equal(['v1']);
      expect((made.spec as JsonObject).names).to.include({ singular: 'widget', listKind: 'WidgetList' });
      expect(await cluster.ok('GET', widgets)).to.deep.include({ kind: 'WidgetList', items: [] });
      const { resources } = (await cluster.ok('GET', '/apis/example.org/v1')) as { resources: JsonObject[] };
      expect(resources[0]).to.deep.include({ name: 'widgets', shortNames: ['wd'], categories: ['all'] });
    });

    it('takes its objects along when it is deleted', async () => {
      await define({ type: 'object' });
      await create({});
      await cluster.ok('DELETE', definition);
      await until(
        async () => (await cluster.call('GET', definition)).code === 404,
        'the end of the definition',
      );
      expect((await cluster.call('GET', widgets)).code).to.equal(404);
      await define({ type: 'object' });
      expect((await cluster.ok('GET', widgets)).items).to.deep.equal([]);
    });

    it('waits for objects with finalizers, and takes no new ones meanwhile', async () => {
      await define({ type: 'object' });
      await cluster.ok('POST', widgets, {
        metadata: { name: 'held', finalizers: ['example.org/wait'] },
        spec: {},
      });
      await cluster.ok('DELETE', definition);
      expect((await create({})).code).to.equal(405);
      const held = await cluster.ok('GET', `${widgets}/held`);
      const { finalizers: _, ...metadata } = held.metadata as JsonObject;
      await cluster.ok('PUT', `${widgets}/held`, { ...held, metadata });
    });

    for (const [what, change, cause] of [
      [
        'another name than plural and group make',
        { metadata: { name: 'gadgets.example.org' } },
        'metadata.name',
      ],
      [
        'a built-in resource',
        { spec: { group: 'apps', names: { plural: 'deployments', kind: 'D' } } },
        'spec.group',
      ],
      ['a scope that does not exist', { spec: { scope: 'Universe' } }, 'spec.scope'],
      [
        'conversion by webhook',
        { spec: { conversion: { strategy: 'Webhook' } } },
        'spec.conversion.strategy',
      ],
      ['no storage version', { spec: { versions: [] } }, 'spec.versions'],
    ] as const) {
      it(`is refused with ${what}`, async () => {
        const base = widgetDefinition({ type: 'object' });
        const { code, body } = await cluster.call('POST', definitions, {
          ...base,
          ...('metadata' in change ? { metadata: change.metadata } : {}),
          spec: { ...(base.spec as JsonObject), ...('spec' in change ? change.spec : {}) },
        });
        expect(code).to.equal(422);
        expect(body.message).to.contain(cause);
      });
    }

    for (const [what, schema, cause] of [
      [
        'a field without a type',
        { type: 'object', properties: { a: {} } },
        'properties[spec].properties[a].type: Required value',
      ],
      [
        'an array without items',
        { type: 'object', properties: { a: { type: 'array' } } },
        'properties[a].items: Required value',
      ],
      ['$ref', { $ref: '#/x', type: 'object' }, 'properties[spec].$ref: Forbidden'],
      [
        'a broken pattern',
        { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
        'Invalid regular expression',
      ],
    ] as const) {
      it(`is refused with ${what} in its schema`, async () => {
        const { code, body } = await cluster.call(
          'POST',
          definitions,
          widgetDefinition(schema as unknown as JsonObject),
        );
        expect(code).to.equal(422);
        expect(body.message).to.contain(cause);
      });
    }
  });

  describe('validation', () => {
    const schema: JsonObject = {
      type: 'object',
      required: ['image'],
      properties: {
        image: { type: 'string', minLength: 1, maxLength: 5 },
        role: { type: 'string', enum: ['sandbox', 'service'] },
        count: { type: 'integer', minimum: 0, maximum: 3 },
        ratio: { type: 'number', minimum: 0, exclusiveMinimum: true },
        code: { type: 'string', pattern: '^[a-z\\-]+$' },
        tags: { type: 'array', maxItems: 2, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        env: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
        },
        labels: { type: 'object', maxProperties: 1, additionalProperties: { type: 'string' } },
        port: { 'x-kubernetes-int-or-string': true },
        at: { type: 'string', format: 'date-time' },
        ttl: { type: 'string', format: 'duration' },
        either: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
        maybe: { type: 'string', nullable: true, enum: ['x'] },
      },
    };
    const valid = { image: 'i' };
    beforeEach(() => define(schema));

    for (const [what, spec, messages] of [
      ['a missing field', {}, ['spec.image: Required value']],
      [
        'a wrong type',
        { image: 9 },
        ['spec.image: Invalid value: "integer": spec.image in body must be of type string: "integer"'],
      ],
      [
        'an unknown value',
        { ...valid, role: 'x' },
        ['spec.role: Unsupported value: "x": supported values: "sandbox", "service"'],
      ],
      [
        'too little',
        { ...valid, count: -1 },
        ['spec.count: Invalid value: -1: spec.count in body should be greater than or equal to 0'],
      ],
      [
        'too much',
        { ...valid, count: 4 },
        ['spec.count: Invalid value: 4: spec.count in body should be less than or equal to 3'],
      ],
      [
        'an exclusive bound',
        { ...valid, ratio: 0 },
        ['spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0'],
      ],
      [
        'a pattern',
        { ...valid, code: 'A' },
        ['spec.code: Invalid value: "A": spec.code in body should match \'^[a-z\\-]+$\''],
      ],
      [
        'a short string',
        { image: '' },
        ['spec.image: Invalid value: "": spec.image in body should be at least 1 chars long'],
      ],
      ['a long string', { image: 'abcdef' }, ['spec.image: Too long: may not be more than 5 bytes']],
      [
        'too many items',
        { ...valid, tags: ['a', 'b', 'c'] },
        ['spec.tags: Too many: 3: must have at most 2 items'],
      ],
      ['a duplicate in a set', { ...valid, tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
      [
        'a duplicate key in a map',
        { ...valid, env: [{ name: 'A' }, { name: 'A' }] },
        ['spec.env[1]: Duplicate value: {"name":"A"}'],
      ],
      ['an item of a list', { ...valid, env: [{}] }, ['spec.env[0].name: Required value']],
      [
        'too many entries',
        { ...valid, labels: { a: 'b', c: 'd' } },
        ['spec.labels: Too many: 2: must have at most 1 item'],
      ],
      [
        'a value of a map',
        { ...valid, labels: { a: 1 } },
        ['spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"'],
      ],
      [
        'neither integer nor string',
        { ...valid, port: true },
        ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
      ],
      [
        'a broken time',
        { ...valid, at: 'noon' },
        ['spec.at: Invalid value: "noon": spec.at in body must be of type date-time: "noon"'],
      ],
      [
        'a broken duration',
        { ...valid, ttl: 'P1D' },
        ['spec.ttl: Invalid value: "P1D": spec.ttl in body must be of type duration: "P1D"'],
      ],
      [
        'no alternative',
        { ...valid, either: {} },
        [
          'spec.either: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found none valid',
        ],
      ],
    ] as const) {
      it(`refuses ${what} as the API server words it`, async () => {
        expect(await causesOf(spec)).to.deep.equal(messages);
      });
    }

    it('reports all that is wrong at once', async () => {
      const { body } = await create({ role: 'x', count: 9 });
      expect(body.message).to.match(/^Widget\.example\.org "w" is invalid: \[.*spec\.image.*\]$/);
      expect((body.details as unknown as { causes: Cause[] }).causes).to.have.length(3);
    });

    it('takes what is allowed', async () => {
      const { code } = await create({
        ...{
          ...valid,
          role: 'service',
          count: 3,
          ratio: 0.1,
          code: 'a-b',
          tags: ['a'],
          env: [{ name: 'A' }],
        },
        ...{
          labels: { a: 'b' },
          port: 'http',
          at: '2026-01-01T00:00:00Z',
          ttl: '1h30m',
          either: { a: 'x' },
          maybe: null,
        },
      });
      expect(code).to.equal(201);
    });

    it('holds updates and the status to the schema, too', async () => {
      const made = (await create(valid)).body;
      expect((await cluster.call('PUT', `${widgets}/w`, { ...made, spec: {} })).code).to.equal(422);
      const merge = { type: 'application/merge-patch+json' };
      expect((await cluster.call('PATCH', `${widgets}/w/status`, { status: 'fine' }, merge)).code).to.equal(
        422,
      );
    });
  });

  describe('storage', () => {
    it('drops unknown fields, but keeps them where the schema says so', async () => {
      await define({
        type: 'object',
        properties: {
          known: { type: 'string' },
          open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
        },
      });
      const { body, headers } = await create({
        known: 'a',
        other: 'b',
        open: { x: { y: 1 } },
        list: [{ a: '1', b: '2' }],
      });
      expect(body.spec).to.deep.equal({ known: 'a', open: { x: { y: 1 } }, list: [{ a: '1' }] });
      expect(headers.warning).to.contain('spec.other').and.contain('spec.list[0].b');
      const strict = await cluster.call('POST', `${widgets}?fieldValidation=Strict`, {
        metadata: { name: 'x' },
        spec: { other: 'b' },
      });
      expect(strict.body.message).to.equal(
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.other"',
      );
    });

    it('fills in defaults, from the outside in, also for null', async () => {
      await define({
        type: 'object',
        default: {},
        properties: {
          role: { type: 'string', default: 'sandbox' },
          size: { type: 'object', default: {}, properties: { gib: { type: 'integer', default: 10 } } },
          list: {
            type: 'array',
            items: { type: 'object', properties: { on: { type: 'boolean', default: true } } },
          },
        },
      });
      const { body } = await create({ role: null, list: [{}, { on: false }] });
      expect(body.spec).to.deep.equal({
        role: 'sandbox',
        size: { gib: 10 },
        list: [{ on: true }, { on: false }],
      });
      const bare = await cluster.ok('POST', widgets, { metadata: { name: 'bare' } });
      expect(bare.spec).to.deep.equal({ role: 'sandbox', size: { gib: 10 } });
    });

    it('needs a resource version for updates, and takes no strategic merge patches', async () => {
      await define({ type: 'object' });
      await create({});
      const blind = await cluster.call('PUT', `${widgets}/w`, { metadata: { name: 'w' }, spec: {} });
      expect(blind.body.message).to.contain('must be specified for an update');
      const type = 'application/strategic-merge-patch+json';
      const { code, body } = await cluster.call('PATCH', `${widgets}/w`, {}, { type });
      expect(code).to.equal(415);
      expect(body.message).to.contain('application/merge-patch+json').and.not.contain('strategic');
    });

    it('raises the generation with the spec and not with the status', async () => {
      await define({ type: 'object', properties: { a: { type: 'string' } } });
      const made = (await create({ a: '1' })).body;
      const reported = await cluster.ok('PUT', `${widgets}/w/status`, {
        ...made,
        spec: { a: '2' },
        status: { ok: true },
      });
      expect(reported).to.deep.include({ spec: { a: '1' }, status: { ok: true } });
      expect((reported.metadata as JsonObject).generation).to.equal(1);
      const updated = await cluster.ok('PUT', `${widgets}/w`, { ...reported, spec: { a: '2' }, status: {} });
      expect(updated).to.deep.include({ spec: { a: '2' }, status: { ok: true } });
      expect((updated.metadata as JsonObject).generation).to.equal(2);
    });

    it('serves several versions of the same object', async () => {
      const base = widgetDefinition({ type: 'object' });
      const spec = base.spec as JsonObject & { versions: JsonObject[] };
      const old = { ...spec.versions[0], name: 'v1alpha1', storage: false, deprecated: true };
      await cluster.ok('POST', definitions, {
        ...base,
        spec: { ...spec, versions: [...spec.versions, old] },
      });
      await create({});
      const answer = await cluster.call('GET', '/apis/example.org/v1alpha1/namespaces/default/widgets/w');
      expect(answer.body.apiVersion).to.equal('example.org/v1alpha1');
      expect(answer.headers.warning).to.contain('example.org/v1alpha1 Widget is deprecated');
      expect((await cluster.ok('GET', '/apis/example.org')).preferredVersion).to.include({ version: 'v1' });
    });
  });

  it('shows its columns in tables', async () => {
    await define(
      { type: 'object', properties: { role: { type: 'string' }, count: { type: 'integer' } } },
      {
        additionalPrinterColumns: [
          { name: 'Role', type: 'string', jsonPath: '.spec.role' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Count', type: 'integer', jsonPath: '.spec.count', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    );
    const made = (await create({ role: 'sandbox', count: 2 })).body;
    const conditions = [
      { type: 'Progressing', status: 'False' },
      { type: 'Ready', status: 'True' },
    ];
    await cluster.ok('PUT', `${widgets}/w/status`, { ...made, status: { conditions } });
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const table = (await cluster.ok('GET', widgets, undefined, { headers })) as JsonObject & {
      columnDefinitions: JsonObject[];
      rows: { cells: unknown[] }[];
    };
    expect(table.columnDefinitions.map((each) => `${each.name}/${each.priority}`)).to.deep.equal([
      'Name/0',
      'Role/0',
      'Ready/0',
      'Count/1',
      'Age/0',
    ]);
    expect(table.rows[0]?.cells.slice(0, 4)).to.deep.equal(['w', 'sandbox', 'True', 2]);
    expect(table.rows[0]?.cells[4]).to.match(/^\d+s$/);
  });
});
