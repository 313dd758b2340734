import { expect } from 'chai';
import type { JsonObject } from '../storage/json.js';
import { TestCluster, type TestWatch } from '../testing/test-cluster.test.js';

type Item = JsonObject & { metadata: { name: string; resourceVersion: string; labels?: JsonObject } };
type List = JsonObject & {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: Item[];
};

describe('lists and watches over HTTPS', () => {
  let cluster: TestCluster;
  let ns: string;
  let path: string;
  before(async () => {
    cluster = await TestCluster.start({ controllersEnabled: false, historyLimit: 40 });
  });
  after(() => cluster[Symbol.asyncDispose]());
  beforeEach(async () => {
    ns = await cluster.namespace();
    path = `/api/v1/namespaces/${ns}/configmaps`;
  });

  const make = (name: string, labels: JsonObject = {}) =>
    cluster.ok('POST', path, { metadata: { name, labels } }) as Promise<Item>;
  const list = (query = '') => cluster.ok('GET', `${path}?${query}`) as Promise<List>;
  const names = (items: readonly Item[]) => items.map((item) => item.metadata.name);

  describe('list', () => {
    it('is ordered by name and carries the newest resource version', async () => {
      await make('b');
      const newest = await make('a');
      const found = await list();
      expect(found).to.include({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(names(found.items)).to.deep.equal(['a', 'b']);
      expect(found.metadata.resourceVersion).to.equal(newest.metadata.resourceVersion);
    });

    it('selects by labels', async () => {
      await make('a', { tier: 'web', env: 'prod' });
      await make('b', { tier: 'db', env: 'prod' });
      await make('c', { tier: 'web' });
      for (const [selector, expected] of [
        ['tier=web', ['a', 'c']],
        ['tier==web,env=prod', ['a']],
        ['tier!=web', ['b']],
        ['tier in (web,db),env', ['a', 'b']],
        ['env notin (prod)', ['c']],
        ['!env', ['c']],
        ['missing!=x', ['a', 'b', 'c']],
      ] as const) {
        const found = await list(`labelSelector=${encodeURIComponent(selector)}`);
        expect(names(found.items), selector).to.deep.equal(expected);
      }
      expect((await cluster.call('GET', `${path}?labelSelector=a%20b`)).code).to.equal(400);
    });

    it('selects by fields and names the ones that it does not know', async () => {
      await make('a');
      await make('b');
      expect(names((await list('fieldSelector=metadata.name%3Da')).items)).to.deep.equal(['a']);
      expect(names((await list('fieldSelector=metadata.name!%3Da')).items)).to.deep.equal(['b']);
      const { code, body } = await cluster.call('GET', `${path}?fieldSelector=data.x%3D1`);
      expect([code, body.message]).to.deep.equal([
        400,
        '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
      ]);
    });

    it('pages show the state of the first page, whatever happens meanwhile', async () => {
      for (const name of ['a', 'b', 'c', 'd']) await make(name);
      const first = await list('limit=2');
      expect(names(first.items)).to.deep.equal(['a', 'b']);
      expect(first.metadata.remainingItemCount).to.equal(2);
      await cluster.ok('DELETE', `${path}/c`);
      await cluster.ok('PATCH', `${path}/d`, { data: { x: 'y' } }, { type: 'application/merge-patch+json' });
      await make('e');
      const second = await list(`limit=5&continue=${first.metadata.continue}`);
      expect(names(second.items)).to.deep.equal(['c', 'd']);
      expect(second.items[1]).not.to.have.property('data');
      expect(second.metadata.resourceVersion).to.equal(first.metadata.resourceVersion);
      expect(second.metadata).not.to.have.property('continue');
    });

    it('answers 410 to a page of a state that is forgotten, and 400 to a broken token', async () => {
      await make('a');
      await make('b');
      const first = await list('limit=1');
      for (let index = 0; index < 45; index += 1) await make(`x${index}`);
      const { code, body } = await cluster.call('GET', `${path}?limit=1&continue=${first.metadata.continue}`);
      expect([code, body.reason]).to.deep.equal([410, 'Expired']);
      expect((await cluster.call('GET', `${path}?continue=zzz`)).code).to.equal(400);
    });

    it('answers 504 for a resource version from the future', async () => {
      const { code, body } = await cluster.call('GET', `${path}?resourceVersion=999999`);
      expect([code, body.reason]).to.deep.equal([504, 'Timeout']);
    });

    it('shows an exact older state while it is remembered', async () => {
      await make('a');
      const { metadata } = await list();
      await make('b');
      const query = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
      expect(names((await list(query)).items)).to.deep.equal(['a']);
    });
  });

  describe('forms', () => {
    it('makes tables', async () => {
      await cluster.ok('POST', path, { metadata: { name: 'a' }, data: { x: '1', y: '2' } });
      const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
      const table = (await cluster.ok('GET', path, undefined, { headers })) as JsonObject & {
        columnDefinitions: { name: string }[];
        rows: { cells: unknown[]; object: JsonObject }[];
      };
      expect(table.kind).to.equal('Table');
      expect(table.columnDefinitions.map((each) => each.name)).to.deep.equal(['Name', 'Data', 'Age']);
      expect(table.rows[0]?.cells.slice(0, 2)).to.deep.equal(['a', 2]);
      expect(table.rows[0]?.object.kind).to.equal('PartialObjectMetadata');
    });

    it('leaves everything but metadata away when asked to', async () => {
      await cluster.ok('POST', path, { metadata: { name: 'a' }, data: { x: '1' } });
      const headers = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
      const one = await cluster.ok('GET', `${path}/a`, undefined, { headers });
      expect(one).to.include({ kind: 'PartialObjectMetadata' }).and.not.to.have.property('data');
    });
  });

  describe('watch', () => {
    const open: TestWatch[] = [];
    const watch = async (query: string, headers?: Record<string, string>) => {
      const opened = await cluster.watch(`${path}?watch=true&${query}`, headers);
      open.push(opened);
      return opened;
    };
    const shown = async (opened: TestWatch) => {
      const event = await opened.next();
      return event === undefined ? 'end' : `${event.type} ${(event.object as Item).metadata?.name ?? ''}`;
    };
    afterEach(() => {
      for (const each of open.splice(0)) each.close();
    });

    it('tells of every change after a resource version, in order', async () => {
      const { metadata } = await list();
      await make('before');
      const opened = await watch(`resourceVersion=${metadata.resourceVersion}`);
      await cluster.ok('PUT', `${path}/before`, { metadata: { name: 'before' }, data: { a: 'b' } });
      await cluster.ok('DELETE', `${path}/before`);
      expect(await shown(opened)).to.equal('ADDED before');
      expect(await shown(opened)).to.equal('MODIFIED before');
      const deleted = await opened.next();
      expect(deleted?.type).to.equal('DELETED');
      const version = Number((deleted!.object as Item).metadata.resourceVersion);
      expect(version).to.equal(cluster.server.storage.resourceVersion);
    });

    it('begins with what is there when it names no resource version', async () => {
      await make('a');
      const opened = await watch('');
      await make('b');
      expect(await shown(opened)).to.equal('ADDED a');
      expect(await shown(opened)).to.equal('ADDED b');
    });

    it('shows objects that begin or cease to match as added and deleted', async () => {
      await make('a', { on: 'no' });
      const { metadata } = await list();
      const opened = await watch(`labelSelector=on%3Dyes&resourceVersion=${metadata.resourceVersion}`);
      const set = (on: string) => cluster.ok('PUT', `${path}/a`, { metadata: { name: 'a', labels: { on } } });
      await set('yes');
      await set('no');
      await set('never');
      await set('yes');
      expect(await shown(opened)).to.equal('ADDED a');
      expect(await shown(opened)).to.equal('DELETED a');
      expect(await shown(opened)).to.equal('ADDED a');
    });

    it('watches one object by its path', async () => {
      await make('a');
      const opened = await cluster.watch(
        `${path}/a?watch=1&resourceVersion=${(await list()).metadata.resourceVersion}`,
      );
      open.push(opened);
      await make('b');
      await cluster.ok('DELETE', `${path}/a`);
      expect(await shown(opened)).to.equal('DELETED a');
    });

    it('ends with 410 when the history no longer reaches back', async () => {
      const { metadata } = await list();
      for (let index = 0; index < 45; index += 1) await make(`a${index}`);
      const opened = await watch(`resourceVersion=${metadata.resourceVersion}`);
      const event = await opened.next();
      expect(event?.type).to.equal('ERROR');
      expect(event?.object).to.include({ kind: 'Status', code: 410, reason: 'Expired' });
      expect(await opened.next()).to.equal(undefined);
    });

    it('waits for the future, and refuses nonsense', async () => {
      const made = await make('a');
      const future = Number((made.metadata as JsonObject).resourceVersion) + 1;
      const opened = await cluster.watch(`${path}?watch=true&resourceVersion=${future}`);
      await make('b');
      await make('c');
      expect((await opened.next())?.object.metadata).to.include({ name: 'c' });
      opened.close();
      expect((await cluster.call('GET', `${path}?watch=true&resourceVersion=x`)).code).to.equal(500);
    });

    it('streams the state and marks its end with a bookmark', async () => {
      await make('a');
      const opened = await watch(
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      );
      expect(await shown(opened)).to.equal('ADDED a');
      const bookmark = await opened.next();
      expect(bookmark?.type).to.equal('BOOKMARK');
      expect(bookmark?.object).to.have.nested.property(
        'metadata.annotations.k8s\\.io/initial-events-end',
        'true',
      );
    });

    it('ends after timeoutSeconds', async () => {
      const opened = await watch(
        `timeoutSeconds=1&resourceVersion=${(await list()).metadata.resourceVersion}`,
      );
      expect(await shown(opened)).to.equal('end');
    });

    it('sends tables to kubectl', async () => {
      await make('a');
      const opened = await watch('', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
      const event = await opened.next();
      expect(event?.object).to.have.nested.property('rows[0].cells[0]', 'a');
    });
  });
});
