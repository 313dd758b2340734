import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, type CaseContext, fact, refused } from '../conformance-case.js';
import { configMap, configMaps, deployments, pod, pods } from '../objects.js';

const namesOf = (list: Json): string[] => list.items.map((each: Json) => each.metadata.name);

/** Makes ConfigMaps that only one case sees: they share a label. */
async function made(
  { api, namespace }: CaseContext,
  group: string,
  names: readonly string[],
): Promise<string> {
  for (const name of names) {
    await api.ok(
      'POST',
      configMaps(namespace),
      configMap(`${group}-${name}`, {}, { labels: { group, name } }),
    );
  }
  return `${configMaps(namespace)}?labelSelector=group%3D${group}`;
}

export const LISTS: Area = {
  name: 'lists',
  cases: [
    fact('a list is ordered by name and carries kind and version', async (context) => {
      const path = await made(context, 'ordered', ['b', 'c', 'a']);
      const list = await context.api.ok('GET', path);
      expect(list).to.include({ apiVersion: 'v1', kind: 'ConfigMapList' });
      expect(list.metadata.resourceVersion).to.match(/^\d+$/);
      expect(namesOf(list)).to.deep.equal(['ordered-a', 'ordered-b', 'ordered-c']);
      expect(list.items[0]).not.to.have.property('kind');
    }),
    fact('an empty list has an empty list of items', async ({ api, namespace }) => {
      expect((await api.ok('GET', deployments(namespace))).items).to.deep.equal([]);
      expect((await api.ok('GET', deployments('conformance-none'))).items).to.deep.equal([]);
    }),
    fact('a list carries the version of the newest write', async (context) => {
      const path = await made(context, 'newest', ['a']);
      const { metadata } = await context.api.ok('GET', `${configMaps(context.namespace)}/newest-a`);
      const list = await context.api.ok('GET', path);
      expect(Number(list.metadata.resourceVersion)).to.be.at.least(Number(metadata.resourceVersion));
    }),
    ...(
      [
        ['name=a', ['a']],
        ['name==a', ['a']],
        ['name!=a', ['b', 'c']],
        ['name in (a,b)', ['a', 'b']],
        ['name notin (a,b)', ['c']],
        ['name', ['a', 'b', 'c']],
        ['!name', []],
        ['!none', ['a', 'b', 'c']],
        ['none!=x', ['a', 'b', 'c']],
        ['name in (a,b),name!=a', ['b']],
        ['name>a', 'refused'],
      ] as const
    ).map(([selector, expected], index) =>
      fact(`labels are selected by ${selector}`, async (context) => {
        const group = `select-${index}`;
        const path = await made(context, group, ['a', 'b', 'c']);
        const answer = await context.api.call('GET', `${path},${encodeURIComponent(selector)}`);
        if (expected === 'refused') refused(answer, 400, 'BadRequest', /^unable to parse requirement: /);
        else expect(namesOf(answer.body)).to.deep.equal(expected.map((name) => `${group}-${name}`));
      }),
    ),
    fact('fields are selected by name', async (context) => {
      await made(context, 'fields', ['a', 'b']);
      const path = `${configMaps(context.namespace)}?fieldSelector=metadata.name%3Dfields-a`;
      expect(namesOf(await context.api.ok('GET', path))).to.deep.equal(['fields-a']);
    }),
    fact('a field that cannot be selected by is 400', async ({ api, namespace }) => {
      refused(
        await api.call('GET', `${configMaps(namespace)}?fieldSelector=data.a%3Db`),
        400,
        'BadRequest',
        '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
      );
    }),
    fact('pods are selected by their own fields', async ({ api, namespace }) => {
      await api.ok('POST', pods(namespace), pod('selected', { restartPolicy: 'Never' }));
      const path = (selector: string) => `${pods(namespace)}?fieldSelector=${encodeURIComponent(selector)}`;
      expect(namesOf(await api.ok('GET', path('status.phase=Pending')))).to.deep.equal(['selected']);
      expect(namesOf(await api.ok('GET', path('spec.restartPolicy=Never,spec.nodeName=')))).to.deep.equal([
        'selected',
      ]);
      expect(namesOf(await api.ok('GET', path('status.phase!=Pending')))).to.deep.equal([]);
    }),
    fact('pages have a limit, and count what remains', async (context) => {
      const { api, namespace } = context;
      await made(context, 'pages', ['a', 'b', 'c', 'd', 'e']);
      const all = namesOf(await api.ok('GET', configMaps(namespace)));
      const first = await api.ok('GET', `${configMaps(namespace)}?limit=2`);
      expect(namesOf(first)).to.deep.equal(all.slice(0, 2));
      expect(first.metadata.remainingItemCount).to.equal(all.length - 2);
      const token = encodeURIComponent(first.metadata.continue);
      const second = await api.ok('GET', `${configMaps(namespace)}?limit=500&continue=${token}`);
      expect(namesOf(second)).to.deep.equal(all.slice(2));
      expect(second.metadata).not.to.have.property('continue');
      expect(second.metadata.resourceVersion).to.equal(first.metadata.resourceVersion);
    }),
    fact('pages of a selection do not count what remains', async (context) => {
      const path = await made(context, 'selection', ['a', 'b', 'c']);
      const first = await context.api.ok('GET', `${path}&limit=2`);
      expect(namesOf(first)).to.deep.equal(['selection-a', 'selection-b']);
      expect(first.metadata).to.have.property('continue');
      expect(first.metadata).not.to.have.property('remainingItemCount');
    }),
    fact('all pages show the state of the first', async (context) => {
      const { api, namespace } = context;
      const path = await made(context, 'state', ['a', 'b', 'c']);
      const first = await api.ok('GET', `${path}&limit=1`);
      await api.ok('DELETE', `${configMaps(namespace)}/state-c`);
      await made(context, 'state', ['d']);
      const token = encodeURIComponent(first.metadata.continue);
      expect(namesOf(await api.ok('GET', `${path}&limit=10&continue=${token}`))).to.deep.equal([
        'state-b',
        'state-c',
      ]);
    }),
    fact('a continue token that is none is 400', async ({ api, namespace }) => {
      const { code, body } = await api.call('GET', `${configMaps(namespace)}?limit=1&continue=nonsense`);
      expect(code).to.equal(400);
      expect(body.reason).to.equal('BadRequest');
      expect(body.message).to.match(/^invalid continue token: continue key is not valid/);
    }),
    fact('a continue token and a version do not go together', async ({ api, namespace }) => {
      const first = await api.ok('GET', `/api/v1/namespaces?limit=1`);
      const token = encodeURIComponent(first.metadata.continue);
      refused(
        await api.call('GET', `${configMaps(namespace)}?limit=1&continue=${token}&resourceVersion=5`),
        400,
        'BadRequest',
        'specifying resource version is not allowed when using continue',
      );
    }),
    fact('a limit that is no number is 400', async ({ api, namespace }) => {
      refused(
        await api.call('GET', `${configMaps(namespace)}?limit=many`),
        400,
        'BadRequest',
        'strconv.ParseInt: parsing "many": invalid syntax',
      );
    }),
    fact('a version from the future is 504 with advice to retry', async ({ api, namespace }) => {
      const { code, body, headers } = await api.call(
        'GET',
        `${configMaps(namespace)}?resourceVersion=999999999999&resourceVersionMatch=NotOlderThan`,
      );
      expect(code).to.equal(504);
      expect(body.reason).to.equal('Timeout');
      expect(body.message).to.match(/^Timeout: Too large resource version: 999999999999, current: \d+$/);
      expect(body.details.causes).to.deep.equal([
        { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
      ]);
      expect(headers['retry-after']).to.equal(String(body.details.retryAfterSeconds));
    }),
    fact('a version that is none is 400', async ({ api, namespace }) => {
      refused(
        await api.call('GET', `${configMaps(namespace)}?resourceVersion=new`),
        400,
        'BadRequest',
        'invalid resource version: resourceVersion: Invalid value: "new": strconv.ParseUint: parsing "new": invalid syntax',
      );
    }),
    fact('version 0 gives what there is', async (context) => {
      const path = await made(context, 'zero', ['a']);
      expect(namesOf(await context.api.ok('GET', path))).to.deep.equal(['zero-a']);
      const list = await context.api.ok('GET', `${path}&resourceVersion=0`);
      expect(list.kind).to.equal('ConfigMapList');
    }),
    fact('a version that is not older than one seen shows what was seen', async (context) => {
      const path = await made(context, 'seen', ['a']);
      const { metadata } = await context.api.ok('GET', `${configMaps(context.namespace)}/seen-a`);
      const at = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`;
      expect(namesOf(await context.api.ok('GET', `${path}&${at}`))).to.deep.equal(['seen-a']);
    }),
    fact('an exact version shows the state of then', async (context) => {
      const { api } = context;
      const path = await made(context, 'exact', ['a']);
      const { metadata } = await api.ok('GET', path);
      await made(context, 'exact', ['b']);
      const at = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
      const list = await api.ok('GET', `${path}&${at}`);
      expect(namesOf(list)).to.deep.equal(['exact-a']);
      expect(list.metadata.resourceVersion).to.equal(metadata.resourceVersion);
    }),
    ...(
      [
        [
          'resourceVersionMatch=Exact',
          'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        ],
        [
          'resourceVersion=0&resourceVersionMatch=Exact',
          'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ],
        [
          'resourceVersion=1&resourceVersionMatch=Nearly',
          'resourceVersionMatch: Unsupported value: "Nearly": supported values: "Exact", "NotOlderThan", ""',
        ],
      ] as const
    ).map(([query, complaint]) =>
      fact(`a list with ${query} is 422`, async ({ api, namespace }) => {
        refused(
          await api.call('GET', `${configMaps(namespace)}?${query}`),
          422,
          'Invalid',
          `ListOptions.meta.k8s.io "" is invalid: ${complaint}`,
        );
      }),
    ),
    fact('a list of all namespaces shows all', async (context) => {
      await made(context, 'everywhere', ['a']);
      const list = await context.api.ok('GET', '/api/v1/configmaps?labelSelector=group%3Deverywhere');
      expect(namesOf(list)).to.include('everywhere-a');
    }),
    fact('metadata alone is shown when asked for', async (context) => {
      const path = await made(context, 'partial', ['a']);
      const headers = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
      const { body } = await context.api.call('GET', path, undefined, { headers });
      expect(body).to.include({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
      expect(body.items[0]).not.to.have.property('data');
      expect(body.items[0].metadata.name).to.equal('partial-a');
    }),
  ],
};
