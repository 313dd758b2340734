import { expect } from 'chai';
import type { ApiAnswer, Json } from '../api-client.js';
import { type Area, accepted, type CaseContext, causesOf, fact, refused } from '../conformance-case.js';
import { MERGE_PATCH } from '../objects.js';
import { withKind, withOwnKind } from './custom-kinds.js';

const PROPERTIES: Json = {
  size: { type: 'integer' },
  share: { type: 'number' },
  image: { type: 'string', maxLength: 100 },
  limit: { type: 'string', maxLength: 20 },
  port: { 'x-kubernetes-int-or-string': true },
  since: { type: 'string', format: 'date-time' },
  namespace: { type: 'string', maxLength: 63 },
  modes: {
    type: 'array',
    maxItems: 4,
    'x-kubernetes-list-type': 'set',
    items: { type: 'string', maxLength: 20 },
  },
  labels: { type: 'object', maxProperties: 4, additionalProperties: { type: 'string', maxLength: 20 } },
  env: {
    type: 'array',
    maxItems: 8,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', maxLength: 50 },
        value: { type: 'string', maxLength: 50 },
        from: { type: 'string', maxLength: 50 },
      },
    },
  },
};

const schemaWith = (rules: readonly Json[], change: Json = {}): Json => ({
  type: 'object',
  properties: { ...PROPERTIES, ...change },
  'x-kubernetes-validations': rules,
});

const say = ({ code, body }: ApiAnswer): string => (code < 300 ? 'accepted' : causesOf(body).join('; '));

/** Rules with a spec that keeps them and one that breaks them. */
const RULES: readonly (readonly [rule: string, good: Json, bad: Json])[] = [
  ['self.size <= 3', { size: 3 }, { size: 4 }],
  ['self.share < 0.5', { share: 0.25 }, { share: 1 }],
  ["has(self.image) && self.image.startsWith('a')", { image: 'a' }, {}],
  ["!has(self.image) || !self.image.matches('(?i)(password|token)$')", { image: 'x' }, { image: 'MY_TOKEN' }],
  [
    'self.env.all(e, has(e.value) != has(e.from))',
    { env: [{ name: 'a', from: 'b' }] },
    { env: [{ name: 'a' }] },
  ],
  ["self.env.exists(e, e.name == 'a')", { env: [{ name: 'a' }] }, { env: [] }],
  [
    "self.labels.all(k, k.startsWith('x/') && self.labels[k] != '')",
    { labels: { 'x/a': '1' } },
    { labels: { a: '1' } },
  ],
  ['self.modes.size() == 1 || !("a" in self.modes)', { modes: ['a'] }, { modes: ['a', 'b'] }],
  ["self.port == 80 || self.port == 'http'", { port: 'http' }, { port: 81 }],
  [
    "self.since < timestamp('2020-01-01T00:00:00Z')",
    { since: '2019-01-01T00:00:00Z' },
    { since: '2021-01-01T00:00:00Z' },
  ],
  ["self.__namespace__ != 'kube-system'", { namespace: 'a' }, { namespace: 'kube-system' }],
  ["quantity(self.limit).isLessThan(quantity('1Gi'))", { limit: '900Mi' }, { limit: '1Ti' }],
  [
    "isCIDR(self.limit) && cidr(self.limit).containsIP('10.1.2.3')",
    { limit: '10.0.0.0/8' },
    { limit: '11.0.0.0/8' },
  ],
  ['self.modes.isSorted()', { modes: ['a', 'b'] }, { modes: ['b', 'a'] }],
  ["self.?image.orValue('') == 'a'", { image: 'a' }, {}],
  [
    'size(self.env.filter(e, has(e.value))) > 0',
    { env: [{ name: 'a', value: 'b' }] },
    { env: [{ name: 'a' }] },
  ],
];

/** One schema for all of them, each in a field of its own. */
const ALL_RULES: Json = {
  type: 'object',
  properties: Object.fromEntries(
    RULES.map(([rule], index) => [`rule${index}`, schemaWith([{ rule, message: 'not so' }])]),
  ),
};

/** Makes a kind with rules on its spec, and an object of it. */
function withWidget(
  context: CaseContext,
  schema: Json,
  spec: Json,
  use: (update: (change: Json) => Promise<ApiAnswer>) => Promise<void>,
): Promise<void> {
  return withKind(context, schema, async ({ objects, name, widget }) => {
    await context.api.ok('POST', objects, widget(spec));
    await use((change) => context.api.call('PATCH', `${objects}/${name}`, { spec: change }, MERGE_PATCH));
  });
}

export const CEL: Area = {
  name: 'CEL rules',
  cases: [
    ...RULES.map(([rule, good, bad], index) =>
      fact(`evaluate ${rule}`, async (context) => {
        await withKind(context, ALL_RULES, async ({ objects, widget }) => {
          const field = `rule${index}`;
          const answer = await context.api.call('POST', objects, widget({ [field]: bad }));
          expect(say(answer)).to.equal(`spec.${field}: Invalid value: "object": not so`);
          accepted(await context.api.call('POST', objects, widget({ [field]: good })), 201);
        });
      }),
    ),
    fact('quote a rule without a message', async (context) => {
      await withKind(context, schemaWith([{ rule: 'self.size > 1' }]), async ({ objects, widget }) => {
        const answer = await context.api.call('POST', objects, widget({ size: 1 }));
        expect(say(answer)).to.equal('spec: Invalid value: "object": failed rule: self.size > 1');
      });
    }),
    fact('tell why they cannot be evaluated', async (context) => {
      await withKind(context, schemaWith([{ rule: 'self.size > 1' }]), async ({ objects, widget }) => {
        const answer = await context.api.call('POST', objects, widget({}));
        expect(say(answer)).to.equal(
          'spec: Invalid value: "object": no such key: size evaluating rule: self.size > 1',
        );
      });
    }),
    fact('compute messages, blame fields and give reasons', async (context) => {
      const rule = {
        rule: 'self.size <= 3',
        messageExpression: "self.size > 3 ? 'at most 3' : 'less'",
        fieldPath: '.size',
        reason: 'FieldValueForbidden',
      };
      await withKind(context, schemaWith([rule]), async ({ objects, widget }) => {
        const { body } = await context.api.call('POST', objects, widget({ size: 4 }));
        expect(body.details.causes).to.deep.equal([
          { reason: 'FieldValueForbidden', message: 'Forbidden: at most 3', field: 'spec.size' },
        ]);
      });
    }),
    fact('are checked in lists and maps, with the path of each value', async (context) => {
      const env = {
        ...PROPERTIES.env,
        items: {
          ...PROPERTIES.env.items,
          'x-kubernetes-validations': [{ rule: 'has(self.value)', message: 'm' }],
        },
      };
      const labels = {
        ...PROPERTIES.labels,
        additionalProperties: {
          ...PROPERTIES.labels.additionalProperties,
          'x-kubernetes-validations': [{ rule: "self != ''", message: 'm' }],
        },
      };
      await withKind(context, schemaWith([], { env, labels }), async ({ objects, widget }) => {
        const spec = { env: [{ name: 'a', value: 'b' }, { name: 'c' }], labels: { x: '' } };
        const status = refused(await context.api.call('POST', objects, widget(spec)), 422, 'Invalid');
        expect(causesOf(status)).to.have.members([
          'spec.env[1]: Invalid value: "object": m',
          'spec.labels[x]: Invalid value: "string": m',
        ]);
      });
    }),
    fact('compare with the value before, and not when there was none', async (context) => {
      const schema = schemaWith([{ rule: 'self.size >= oldSelf.size', message: 'never less' }]);
      await withWidget(context, schema, { size: 2 }, async (update) => {
        expect(say(await update({ size: 1 }))).to.equal('spec: Invalid value: "object": never less');
        expect(say(await update({ size: 3 }))).to.equal('accepted');
      });
    }),
    fact('find the value before by the keys of a list that is a map', async (context) => {
      const rules = [{ rule: 'self.value == oldSelf.value', message: 'fixed' }];
      const env = {
        ...PROPERTIES.env,
        items: { ...PROPERTIES.env.items, 'x-kubernetes-validations': rules },
      };
      const before = {
        env: [
          { name: 'a', value: '1' },
          { name: 'b', value: '2' },
        ],
      };
      await withWidget(context, schemaWith([], { env }), before, async (update) => {
        const moved = {
          env: [
            { name: 'b', value: '2' },
            { name: 'new', value: '3' },
            { name: 'a', value: '1' },
          ],
        };
        expect(say(await update(moved))).to.equal('accepted');
        expect(say(await update({ env: [{ name: 'a', value: '9' }] }))).to.equal(
          'spec.env[0]: Invalid value: "object": fixed',
        );
      });
    }),
    fact('do not mind the order of a set', async (context) => {
      const schema = schemaWith([{ rule: 'self.modes == oldSelf.modes', message: 'fixed' }]);
      await withWidget(context, schema, { modes: ['a', 'b'] }, async (update) => {
        expect(say(await update({ modes: ['b', 'a'] }))).to.equal('accepted');
        expect(say(await update({ modes: ['b'] }))).to.equal('spec: Invalid value: "object": fixed');
      });
    }),
    fact('have an optional of the value before where they want one', async (context) => {
      const rule = {
        rule: 'oldSelf.hasValue() || self.size == 0',
        optionalOldSelf: true,
        message: 'starts at 0',
      };
      await withKind(context, schemaWith([rule]), async ({ objects, name, widget }) => {
        const answer = await context.api.call('POST', objects, widget({ size: 1 }));
        expect(say(answer)).to.equal('spec: Invalid value: "object": starts at 0');
        accepted(await context.api.call('POST', objects, widget({ size: 0 })), 201);
        accepted(await context.api.call('PATCH', `${objects}/${name}`, { spec: { size: 1 } }, MERGE_PATCH));
      });
    }),
    fact('are not evaluated for an object of another form, and it is told', async (context) => {
      await withKind(context, schemaWith([{ rule: 'self.size > 1' }]), async ({ objects, widget }) => {
        expect(say(await context.api.call('POST', objects, widget({ size: 'many' })))).to.equal(
          'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"; <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
        );
      });
    }),
    fact('are checked together with bounds that they do not need', async (context) => {
      const schema = schemaWith([{ rule: 'self.size > 1', message: 'm' }], {
        size: { type: 'integer', minimum: 1 },
      });
      await withKind(context, schema, async ({ objects, widget }) => {
        expect(say(await context.api.call('POST', objects, widget({ size: 0 })))).to.equal(
          'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1; spec: Invalid value: "object": m',
        );
      });
    }),
    fact('let pass what was wrong before and is left alone', async (context) => {
      await withOwnKind(context, schemaWith([]), async ({ definition, objects, name, widget }) => {
        const { api } = context;
        await api.ok('POST', objects, widget({ image: 'bad', size: 1, limit: 'long' }));
        const properties = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
        const stricter = [
          {
            op: 'add',
            path: `${properties}/image/x-kubernetes-validations`,
            value: [{ rule: "self != 'bad'", message: 'bad' }],
          },
          { op: 'replace', path: `${properties}/limit/maxLength`, value: 2 },
        ];
        await api.ok('PATCH', definition, stricter, { type: 'application/json-patch+json' });
        const update = (spec: Json) => api.call('PATCH', `${objects}/${name}`, { spec }, MERGE_PATCH);
        // A real server takes a moment until it follows the new definition.
        const deadline = performance.now() + 15_000;
        while ((await update({ limit: `no${Math.random()}` })).code !== 422) {
          if (performance.now() > deadline) throw new Error('the new definition is never followed');
        }
        const { spec } = await api.ok('GET', `${objects}/${name}`);
        if (spec.limit.length <= 2) throw new Error('the value before must be wrong for this case');
        expect(say(await update({ size: 2 }))).to.equal('accepted');
      });
    }),
    ...(
      [
        ['an unknown field', 'self.nope == 1', /^Invalid value: .*: compilation failed: .*nope/s],
        ['types that do not fit', "self.size == 'a'", /^Invalid value: .*: compilation failed: /s],
        ['no truth value', 'self.size + 1', /^Invalid value: .*: cel expression must evaluate to a bool$/s],
        ['broken syntax', 'self.(', /^Invalid value: .*: compilation failed: /s],
        ['an unknown function', 'self.image.shout()', /^Invalid value: .*: compilation failed: .*shout/s],
      ] as const
    ).map(([what, rule, message]) =>
      fact(`refuse the definition when they have ${what}`, async (context) => {
        const error = await withKind(context, schemaWith([{ rule }]), async () => undefined).catch(
          (thrown: Error) => thrown.message,
        );
        const status = JSON.parse(String(error).replace(/^POST \S+ 422 /, ''));
        const [cause] = status.details.causes;
        expect(cause.field).to.equal(
          'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
        );
        expect(cause.message).to.match(message);
      }),
    ),
  ],
};
