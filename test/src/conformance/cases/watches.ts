import { expect } from 'chai';
import type { ApiWatch } from '../api-client.js';
import { type Area, type CaseContext, eventsOf, fact, refused } from '../conformance-case.js';
import { configMap, configMaps, MERGE_PATCH } from '../objects.js';

/** Opens a watch of the ConfigMaps with a label, does something with it, and closes it. */
async function watching(
  { api, namespace }: CaseContext,
  group: string,
  query: string,
  use: (watch: ApiWatch) => Promise<void>,
): Promise<void> {
  const selector = `labelSelector=group%3D${group}`;
  const watch = await api.watch(`${configMaps(namespace)}?watch=true&${selector}&${query}`);
  try {
    await use(watch);
  } finally {
    watch.close();
  }
}

const grouped = (group: string, name: string) => configMap(name, {}, { labels: { group } });

const newest = async ({ api, namespace }: CaseContext): Promise<string> =>
  (await api.ok('GET', `${configMaps(namespace)}?limit=1`)).metadata.resourceVersion;

const INITIAL = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';

export const WATCHES: Area = {
  name: 'watches',
  cases: [
    fact('a watch tells of every change after a version, in order', async (context) => {
      const { api, namespace } = context;
      const path = configMaps(namespace);
      const from = await newest(context);
      await api.ok('POST', path, grouped('order', 'order-a'));
      await api.ok('PATCH', `${path}/order-a`, { data: { a: '1' } }, MERGE_PATCH);
      await watching(context, 'order', `resourceVersion=${from}`, async (watch) => {
        expect(await eventsOf(watch, 2)).to.deep.equal(['ADDED order-a', 'MODIFIED order-a']);
        await api.ok('DELETE', `${path}/order-a`);
        expect(await eventsOf(watch, 1)).to.deep.equal(['DELETED order-a']);
      });
    }),
    fact('each event carries the whole object at its version', async (context) => {
      const { api, namespace } = context;
      const from = await newest(context);
      const made = await api.ok('POST', configMaps(namespace), grouped('whole', 'whole-a'));
      await watching(context, 'whole', `resourceVersion=${from}`, async (watch) => {
        expect((await watch.next())?.object).to.deep.equal(made);
        await api.ok('DELETE', `${configMaps(namespace)}/whole-a`);
        const deleted = await watch.next();
        expect(Number(deleted?.object.metadata.resourceVersion)).to.be.above(
          Number(made.metadata.resourceVersion),
        );
      });
    }),
    fact('a watch without a version, or from 0, begins with what is there', async (context) => {
      const { api, namespace } = context;
      await api.ok('POST', configMaps(namespace), grouped('present', 'present-a'));
      for (const query of ['', 'resourceVersion=0']) {
        await watching(context, 'present', query, async (watch) => {
          expect(await eventsOf(watch, 1)).to.deep.equal(['ADDED present-a']);
        });
      }
    }),
    fact('objects that begin or cease to be selected are added and deleted', async (context) => {
      const { api, namespace } = context;
      const path = `${configMaps(namespace)}/selection-a`;
      await api.ok('POST', configMaps(namespace), grouped('elsewhere', 'selection-a'));
      const from = await newest(context);
      await watching(context, 'selection', `resourceVersion=${from}`, async (watch) => {
        await api.ok('PATCH', path, { metadata: { labels: { group: 'selection' } } }, MERGE_PATCH);
        await api.ok('PATCH', path, { data: { a: '1' } }, MERGE_PATCH);
        const last = await api.ok(
          'PATCH',
          path,
          { metadata: { labels: { group: 'elsewhere' } } },
          MERGE_PATCH,
        );
        expect(await eventsOf(watch, 2)).to.deep.equal(['ADDED selection-a', 'MODIFIED selection-a']);
        const left = await watch.next();
        expect(left?.type).to.equal('DELETED');
        // The state that was selected last, at the version of the change that ended that.
        expect(left?.object.metadata.labels).to.deep.equal({ group: 'selection' });
        expect(left?.object.metadata.resourceVersion).to.equal(last.metadata.resourceVersion);
      });
    }),
    fact('one object is watched by a field selector', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('one'));
      await api.ok('POST', configMaps(namespace), configMap('another'));
      const watch = await api.watch(`${configMaps(namespace)}?watch=true&fieldSelector=metadata.name%3Done`);
      expect(await eventsOf(watch, 1)).to.deep.equal(['ADDED one']);
      await api.ok('PATCH', `${configMaps(namespace)}/another`, { data: { a: '1' } }, MERGE_PATCH);
      await api.ok('DELETE', `${configMaps(namespace)}/one`);
      expect(await eventsOf(watch, 1)).to.deep.equal(['DELETED one']);
      watch.close();
    }),
    fact('a watch ends after its time', async (context) => {
      await watching(context, 'time', 'timeoutSeconds=1', async (watch) => {
        expect(await watch.next()).to.equal(undefined);
      });
    }),
    fact('a watch from a version that is gone is told 410 Expired in the stream', async (context) => {
      const version = context.expiredVersion();
      await watching(context, 'gone', `resourceVersion=${version}`, async (watch) => {
        const event = await watch.next();
        expect(event?.type).to.equal('ERROR');
        expect(event?.object).to.include({ kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 });
        expect(event?.object.message).to.match(
          new RegExp(`^too old resource version: ${version} \\(\\d+\\)$`),
        );
        expect(await watch.next()).to.equal(undefined);
      });
    }),
    fact('a watch from a version that is none is refused', async ({ api, namespace }) => {
      const { code, body } = await api.call('GET', `${configMaps(namespace)}?watch=true&resourceVersion=new`);
      expect([code, body.message]).to.deep.equal([
        500,
        'resourceVersion: Invalid value: "new": strconv.ParseUint: parsing "new": invalid syntax',
      ]);
    }),
    fact('a watch from a version of the future opens, and waits for it', async (context) => {
      const { api, namespace } = context;
      await watching(context, 'future', 'resourceVersion=999999999999&timeoutSeconds=1', async (watch) => {
        await api.ok('POST', configMaps(namespace), grouped('future', 'future-a'));
        expect(await watch.next()).to.equal(undefined);
      });
    }),
    fact('a watch streams the state and marks its end with a bookmark', async (context) => {
      const { api, namespace } = context;
      await api.ok('POST', configMaps(namespace), grouped('initial', 'initial-a'));
      await watching(context, 'initial', `${INITIAL}&allowWatchBookmarks=true`, async (watch) => {
        expect((await watch.next())?.object.metadata.name).to.equal('initial-a');
        const bookmark = await watch.next();
        expect(bookmark?.type).to.equal('BOOKMARK');
        expect(bookmark?.object).to.include({ kind: 'ConfigMap', apiVersion: 'v1' });
        expect(bookmark?.object.metadata.annotations).to.deep.equal({ 'k8s.io/initial-events-end': 'true' });
        expect(bookmark?.object.metadata.resourceVersion).to.match(/^\d+$/);
        await api.ok('DELETE', `${configMaps(namespace)}/initial-a`);
        expect(await eventsOf(watch, 1)).to.deep.equal(['DELETED initial-a']);
      });
    }),
    ...(
      [
        [
          'sendInitialEvents=true',
          'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ],
        [
          'resourceVersionMatch=NotOlderThan&resourceVersion=1',
          'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ],
      ] as const
    ).map(([query, message]) =>
      fact(`a watch with ${query} is 422`, async ({ api, namespace }) => {
        refused(
          await api.call('GET', `${configMaps(namespace)}?watch=true&${query}`),
          422,
          'Invalid',
          message,
        );
      }),
    ),
    fact('a watch may be asked for as 1', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('as-one'));
      const watch = await api.watch(`${configMaps(namespace)}?watch=1&fieldSelector=metadata.name%3Das-one`);
      expect(await eventsOf(watch, 1)).to.deep.equal(['ADDED as-one']);
      watch.close();
    }),
    fact('a watch of all namespaces tells of all', async (context) => {
      const { api, namespace } = context;
      const from = await newest(context);
      const path = `/api/v1/configmaps?watch=true&labelSelector=group%3Dall&resourceVersion=${from}`;
      const watch = await api.watch(path);
      await api.ok('POST', configMaps(namespace), grouped('all', 'all-a'));
      expect(await eventsOf(watch, 1)).to.deep.equal(['ADDED all-a']);
      watch.close();
    }),
    fact('a watch of a kind that is not there is 404', async ({ api, namespace }) => {
      const { code } = await api.call('GET', `/api/v1/namespaces/${namespace}/gadgets?watch=true`);
      expect(code).to.equal(404);
    }),
    fact('a watch may have the form of tables', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('table', { a: '1' }));
      const watch = await api.watch(
        `${configMaps(namespace)}?watch=true&fieldSelector=metadata.name%3Dtable`,
        {
          accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
        },
      );
      const first = await watch.next();
      expect(first?.object.kind).to.equal('Table');
      expect(first?.object.columnDefinitions).to.be.an('array');
      expect(first?.object.rows[0].cells.slice(0, 2)).to.deep.equal(['table', 1]);
      await api.ok('PATCH', `${configMaps(namespace)}/table`, { data: { b: '2' } }, MERGE_PATCH);
      const second = await watch.next();
      expect(second?.object.rows[0].cells.slice(0, 2)).to.deep.equal(['table', 2]);
      expect(second?.object.columnDefinitions).to.equal(null);
      watch.close();
    }),
  ],
};
