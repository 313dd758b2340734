import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, causesOf, fact, refused, untilAsync } from '../conformance-case.js';
import { JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH } from '../objects.js';
import { DEFINITIONS, definitionOf, newGroup, served, withKind } from './custom-kinds.js';

const SPEC: Json = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 9 },
    color: { type: 'string', enum: ['red', 'green'], default: 'red' },
    name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
    port: { 'x-kubernetes-int-or-string': true },
    since: { type: 'string', format: 'date-time' },
    tags: { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, count: { type: 'integer', default: 1 } },
      },
    },
    labels: { type: 'object', maxProperties: 1, additionalProperties: { type: 'string' } },
    maybe: { type: 'string', nullable: true },
    nested: { type: 'object', default: {}, properties: { deep: { type: 'string', default: 'water' } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

/** Specs that the schema refuses: what is wrong, and the causes. */
const REFUSED: readonly (readonly [string, Json, readonly string[]])[] = [
  ['a missing field', {}, ['spec.size: Required value']],
  [
    'a wrong type',
    { size: 'big' },
    ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
  ],
  [
    'too little',
    { size: 0 },
    ['spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1'],
  ],
  [
    'too much',
    { size: 10 },
    ['spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9'],
  ],
  [
    'an unknown value',
    { size: 1, color: 'blue' },
    ['spec.color: Unsupported value: "blue": supported values: "red", "green"'],
  ],
  [
    'a short string',
    { size: 1, name: 'a' },
    ['spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long'],
  ],
  [
    'a string that is too short and of another form',
    { size: 1, name: 'A' },
    ['spec.name: Invalid value: "A": spec.name in body should be at least 2 chars long'],
  ],
  ['a long string', { size: 1, name: 'abcdef' }, ['spec.name: Too long: may not be more than 5 bytes']],
  [
    'a string of another form',
    { size: 1, name: 'AB' },
    ['spec.name: Invalid value: "AB": spec.name in body should match \'^[a-z]+$\''],
  ],
  [
    'a time that is none',
    { size: 1, since: 'now' },
    ['spec.since: Invalid value: "now": spec.since in body must be of type date-time: "now"'],
  ],
  [
    'too many items',
    { size: 1, tags: ['a', 'b', 'c'] },
    ['spec.tags: Too many: 3: must have at most 2 items'],
  ],
  ['an item twice', { size: 1, tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
  [
    'a key twice',
    { size: 1, parts: [{ id: 'a' }, { id: 'a' }] },
    ['spec.parts[1]: Duplicate value: {"id":"a"}'],
  ],
  [
    'too many entries',
    { size: 1, labels: { a: '1', b: '2' } },
    ['spec.labels: Too many: 2: must have at most 1 item'],
  ],
  [
    'an entry of a wrong type',
    { size: 1, labels: { a: 1 } },
    ['spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"'],
  ],
];

export const CUSTOM_RESOURCES: Area = {
  name: 'custom resources',
  cases: [
    fact('a definition is established, and its kind discovered', async (context) => {
      await withKind(context, SPEC, async ({ group, definition }) => {
        const { status } = await context.api.ok('GET', definition);
        expect(status.acceptedNames).to.deep.equal({
          plural: 'widgets',
          singular: 'widget',
          shortNames: ['wd'],
          kind: 'Widget',
          listKind: 'WidgetList',
        });
        expect(status.storedVersions).to.deep.equal(['v1']);
        const isTrue = ({ status: value }: { status: string }) => value === 'True';
        expect(status.conditions.filter(isTrue).map(({ type }: { type: string }) => type)).to.include.members(
          ['NamesAccepted', 'Established'],
        );
        const { resources } = await context.api.ok('GET', `/apis/${group}/v1`);
        expect(resources.map(({ name }: { name: string }) => name)).to.have.members([
          'widgets',
          'widgets/status',
        ]);
      });
    }),
    ...REFUSED.map(([what, spec, causes]) =>
      fact(`the schema refuses ${what}`, async (context) => {
        await withKind(context, SPEC, async ({ group, objects, name, widget }) => {
          const status = refused(await context.api.call('POST', objects, widget(spec)), 422, 'Invalid');
          expect(causesOf(status)).to.deep.equal(causes);
          expect(status.message).to.equal(`Widget.${group} "${name}" is invalid: ${causes[0]}`);
          expect(status.details).to.deep.include({ name, group, kind: 'Widget' });
        });
      }),
    ),
    fact(
      'defaults are filled in from the outside in, and null is dropped where it may not stand',
      async (context) => {
        await withKind(context, SPEC, async ({ objects, widget }) => {
          const spec = {
            size: 1,
            color: null,
            maybe: null,
            name: null,
            labels: { a: null },
            parts: [{ id: 'a' }],
          };
          const made = await context.api.ok('POST', objects, widget(spec));
          expect(made.spec).to.deep.equal({
            size: 1,
            color: 'red',
            maybe: null,
            labels: {},
            nested: { deep: 'water' },
            parts: [{ id: 'a', count: 1 }],
          });
        });
      },
    ),
    fact('unknown fields are dropped but where the schema keeps them', async (context) => {
      await withKind(context, SPEC, async ({ objects, widget }) => {
        const spec = { size: 1, sise: 2, nested: { deeper: 1 }, free: { any: { thing: 1 } } };
        const { code, body, headers } = await context.api.call('POST', objects, widget(spec, { other: 1 }));
        expect(code).to.equal(201);
        expect(body.spec).to.deep.equal({
          size: 1,
          color: 'red',
          nested: { deep: 'water' },
          free: { any: { thing: 1 } },
        });
        expect(body).not.to.have.property('other');
        expect(String(headers.warning)).to.contain('unknown field \\"spec.sise\\"');
        refused(
          await context.api.call('POST', `${objects}?fieldValidation=Strict`, widget({ size: 1, sise: 2 })),
          400,
          'BadRequest',
          /strict decoding error: unknown field "spec\.sise"$/,
        );
      });
    }),
    fact('the status is apart, held to the schema, and has no generation', async (context) => {
      await withKind(context, SPEC, async ({ objects, name, widget }) => {
        const made = await context.api.ok(
          'POST',
          objects,
          widget({ size: 1 }, { status: { phase: 'Wrong' } }),
        );
        expect(made).not.to.have.property('status');
        expect(made.metadata.generation).to.equal(1);
        const put = await context.api.ok('PUT', `${objects}/${name}/status`, {
          ...made,
          status: { phase: 'Right' },
        });
        expect(put.status).to.deep.equal({ phase: 'Right' });
        expect(put.metadata.generation).to.equal(1);
        const change = { spec: { size: 2 }, status: { phase: 'Wrong' } };
        const patched = await context.api.ok('PATCH', `${objects}/${name}`, change, MERGE_PATCH);
        expect(patched.status).to.deep.equal({ phase: 'Right' });
        expect(patched.metadata.generation).to.equal(2);
        const bad = { status: { phase: 1 } };
        const refusal = await context.api.call('PATCH', `${objects}/${name}/status`, bad, MERGE_PATCH);
        expect(causesOf(refused(refusal, 422, 'Invalid'))).to.deep.equal([
          'status.phase: Invalid value: "integer": phase in body must be of type string: "integer"',
        ]);
      });
    }),
    fact('an update needs a version, and a strategic merge patch is 415', async (context) => {
      await withKind(context, SPEC, async ({ objects, name, widget }) => {
        await context.api.ok('POST', objects, widget({ size: 1 }));
        const status = refused(
          await context.api.call('PUT', `${objects}/${name}`, widget({ size: 2 })),
          422,
          'Invalid',
        );
        expect(causesOf(status)).to.deep.equal([
          'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
        ]);
        refused(
          await context.api.call('PATCH', `${objects}/${name}`, { spec: { size: 2 } }, STRATEGIC_PATCH),
          415,
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
        const patch = [{ op: 'replace', path: '/spec/size', value: 3 }];
        expect((await context.api.ok('PATCH', `${objects}/${name}`, patch, JSON_PATCH)).spec.size).to.equal(
          3,
        );
      });
    }),
    fact('the scale follows the paths of the definition', async (context) => {
      const scale = {
        specReplicasPath: '.spec.size',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      };
      const version = { subresources: { status: {}, scale } };
      await withKind(
        context,
        SPEC,
        async ({ objects, name, widget }) => {
          const made = await context.api.ok('POST', objects, widget({ size: 1 }));
          await context.api.ok('PUT', `${objects}/${name}/status`, {
            ...made,
            status: { replicas: 1, selector: 'a=b' },
          });
          const read = await context.api.ok('GET', `${objects}/${name}/scale`);
          expect([read.spec, read.status]).to.deep.equal([{ replicas: 1 }, { replicas: 1, selector: 'a=b' }]);
          await context.api.ok('PATCH', `${objects}/${name}/scale`, { spec: { replicas: 4 } }, MERGE_PATCH);
          expect((await context.api.ok('GET', `${objects}/${name}`)).spec.size).to.equal(4);
        },
        version,
      );
    }),
    fact('columns of tables come from the definition', async (context) => {
      const additionalPrinterColumns = [
        { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
        { name: 'Phase', type: 'string', jsonPath: '.status.phase', priority: 1 },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ];
      await withKind(
        context,
        SPEC,
        async ({ objects, name, widget }) => {
          await context.api.ok('POST', objects, widget({ size: 3 }));
          const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
          const { body } = await context.api.call('GET', `${objects}/${name}`, undefined, { headers });
          const columns = body.columnDefinitions.map((each: Json) => [each.name, each.type, each.priority]);
          expect(columns).to.deep.equal([
            ['Name', 'string', 0],
            ['Size', 'integer', 0],
            ['Phase', 'string', 1],
            ['Age', 'date', 0],
          ]);
          const [{ cells }] = body.rows;
          expect(cells.slice(0, 3)).to.deep.equal([name, 3, null]);
          expect(cells[3]).to.match(/^\d+s$/);
        },
        { additionalPrinterColumns },
      );
    }),
    fact('fields are selected that the definition names', async (context) => {
      await withKind(
        context,
        SPEC,
        async ({ objects, widget }) => {
          await context.api.ok('POST', objects, widget({ size: 1 }));
          await context.api.ok(
            'POST',
            objects,
            widget({ size: 2, color: 'green' }, { metadata: { name: 'x' } }),
          );
          const list = await context.api.ok('GET', `${objects}?fieldSelector=spec.color%3Dgreen`);
          expect(list.items.map((each: Json) => each.metadata.name)).to.deep.equal(['x']);
        },
        { selectableFields: [{ jsonPath: '.spec.color' }] },
      );
    }),
    fact('a definition takes its objects along', async (context) => {
      const group = newGroup();
      const objects = `/apis/${group}/v1/namespaces/${context.namespace}/widgets`;
      const { api } = context;
      await api.ok('POST', DEFINITIONS, definitionOf(group, SPEC));
      await served(api, objects);
      await api.ok('POST', objects, {
        apiVersion: `${group}/v1`,
        kind: 'Widget',
        metadata: { name: 'w' },
        spec: { size: 1 },
      });
      await api.ok('DELETE', `${DEFINITIONS}/widgets.${group}`);
      const gone = async (path: string) => (await api.call('GET', path)).code === 404;
      await untilAsync(() => gone(`${DEFINITIONS}/widgets.${group}`), 'the end of the definition');
      await untilAsync(() => gone(objects), 'the end of the resource');
    }),
    ...(
      [
        [
          'a field without a type',
          { type: 'object', properties: { a: {} } },
          'properties[a].type: Required value: must not be empty for specified object fields',
        ],
        [
          'an array without items',
          { type: 'object', properties: { a: { type: 'array' } } },
          'properties[a].items: Required value: must be specified',
        ],
        [
          'uniqueItems',
          {
            type: 'object',
            properties: { a: { type: 'array', uniqueItems: true, items: { type: 'string' } } },
          },
          'properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
        ],
      ] as const
    ).map(([what, schema, cause]) =>
      fact(`a definition with ${what} is refused`, async ({ api }) => {
        const status = refused(
          await api.call('POST', DEFINITIONS, definitionOf(newGroup(), schema)),
          422,
          'Invalid',
        );
        expect(causesOf(status)).to.include(`spec.validation.openAPIV3Schema.properties[spec].${cause}`);
      }),
    ),
    fact('a definition of another name than it makes is refused', async ({ api }) => {
      const body = definitionOf(newGroup(), SPEC);
      const status = refused(
        await api.call('POST', DEFINITIONS, { ...body, metadata: { name: 'gadgets.example.org' } }),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.include(
        'metadata.name: Invalid value: "gadgets.example.org": must be spec.names.plural+"."+spec.group',
      );
    }),
  ],
};
