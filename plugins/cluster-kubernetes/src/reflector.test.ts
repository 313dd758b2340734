import type { CacheEvent, KubernetesObject, ResourceCache } from '@rynxs/kernel';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { type ClientOptions, CONFIG_MAPS, clientOf, eventually } from './testing/client-harness.test.js';
import { answerJson, type Script, ScriptedServer, statusObject } from './testing/scripted-server.js';
import { WatchedCollection } from './testing/watched-collection.js';

const { signal } = new AbortController();

const SECRETS = { ...CONFIG_MAPS, kind: 'Secret', plural: 'secrets' };
const hasName = (cache: ResourceCache, name: string) =>
  cache.get({ namespace: 'default', name }) !== undefined;

describe('a cache over list and watch', () => {
  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  async function setUp(options: ClientOptions = {}, script?: Script) {
    const collection = new WatchedCollection();
    const answer: Script = script ?? ((request, response) => collection.answer(request, response));
    const server = stack.use(await ScriptedServer.listen(answer));
    const harness = clientOf(server.url, options);
    stack.use(harness.client);
    return { collection, server, ...harness };
  }

  function recordOf(cache: { subscribe(listener: (event: CacheEvent) => void): Disposable }): string[] {
    const events: string[] = [];
    cache.subscribe(({ type, object }) => {
      events.push(`${type} ${object.metadata.name} ${JSON.stringify(object.data)}`);
    });
    return events;
  }

  it('starts with a complete list, in pages, and follows the watch from its version', async () => {
    const { collection, server, client } = await setUp();
    for (let count = 0; count < 1100; count += 1) collection.put(`object-${count}`, {});
    const { version } = collection;
    const cache = client.cache(CONFIG_MAPS, { labelSelector: 'a=b', fieldSelector: 'c=d' });
    await cache.synced(signal);
    expect(cache.size).to.equal(1100);
    await eventually('it watches', () => collection.watcherCount === 1);
    expect(collection.listCount).to.equal(3);
    const { query } = server.requests.at(-1) ?? expect.fail('nothing was sent');
    expect(Object.fromEntries(query)).to.include({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      labelSelector: 'a=b',
      fieldSelector: 'c=d',
    });
    expect(Number(query.get('timeoutSeconds'))).to.be.within(280, 300);
    const events = recordOf(cache);
    events.length = 0;
    collection.put('new', { key: '1' });
    collection.delete('object-0');
    await eventually('both are told', () => events.length === 2);
    expect(events).to.deep.equal(['added new {"key":"1"}', 'deleted object-0 {}']);
  });

  it('has not synced before the last page is there', async () => {
    let release: (() => void) | undefined;
    const { collection, client } = await setUp({}, (request, response) => {
      if (request.query.has('continue')) release = () => collection.answer(request, response);
      else collection.answer(request, response);
    });
    for (let count = 0; count < 501; count += 1) collection.put(`object-${count}`, {});
    const cache = client.cache(CONFIG_MAPS);
    await eventually('the second page is asked for', () => release !== undefined);
    expect([cache.hasSynced, cache.size]).to.deep.equal([false, 0]);
    release?.();
    await cache.synced(signal);
    expect(cache.size).to.equal(501);
  });

  for (const how of ['end', 'reset', 'half a line'] as const) {
    it(`loses and doubles nothing when watches are cut (${how}) again and again`, async () => {
      const { collection, client } = await setUp();
      const cache = client.cache(CONFIG_MAPS);
      await cache.synced(signal);
      const events = recordOf(cache);
      const expected: string[] = [];
      for (let round = 0; round < 25; round += 1) {
        await eventually('it watches', () => collection.watcherCount === 1);
        collection.put(`object-${round}`, { round: 'first' });
        collection.put(`object-${round}`, { round: 'second' });
        expected.push(
          `added object-${round} {"round":"first"}`,
          `modified object-${round} {"round":"second"}`,
        );
        await eventually('the round is told', () => events.length === expected.length);
        if (round % 3 === 2) {
          collection.delete(`object-${round}`);
          expected.push(`deleted object-${round} {"round":"second"}`);
        }
        collection.endWatches(how);
        collection.put(`between-${round}`, {});
        expected.push(`added between-${round} {}`);
      }
      await eventually('all is told', () => events.length >= expected.length);
      expect(events).to.deep.equal(expected);
      expect(collection.listCount).to.equal(1);
    });
  }

  it('keeps its connection when the server ends a watch in time', async () => {
    const { collection, server, client } = await setUp();
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    for (let round = 1; round <= 5; round += 1) {
      await eventually('it watches', () => collection.watcherCount === 1);
      collection.put(`object-${round}`, {});
      await eventually('the object is there', () => cache.size === round);
      collection.endWatches('end');
    }
    await eventually('it watches again', () => collection.watcherCount === 1);
    expect(server.connectionCount).to.equal(2);
  });

  it('resumes from a bookmark, so that quiet resources do not fall behind', async () => {
    const { collection, client } = await setUp();
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    collection.skipVersions(1000);
    collection.bookmark();
    collection.put('marker', {});
    await eventually('the marker is there', () => cache.size === 1);
    collection.skipVersions(1000);
    const { version } = collection;
    collection.bookmark();
    collection.endWatches('end');
    await eventually('it watches again', () => collection.watchedFrom.length === 2);
    expect(collection.watchedFrom.at(-1)).to.equal(version);
  });

  it('lists again when its version was forgotten, and reports exactly what had changed', async () => {
    const { collection, client } = await setUp();
    collection.put('same', {});
    collection.put('changed', { key: 'old' });
    collection.put('deleted', {});
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    const events = recordOf(cache);
    events.length = 0;
    collection.put('progress', {});
    await eventually('the watch is productive', () => events.length === 1);
    events.length = 0;
    collection.endWatches('reset');
    collection.put('changed', { key: 'new' });
    collection.delete('deleted');
    collection.put('added', {});
    collection.forget();
    await eventually('it watches again', () => collection.watcherCount === 1);
    expect(events).to.deep.equal(['deleted deleted {}', 'modified changed {"key":"new"}', 'added added {}']);
    expect(collection.listCount).to.equal(2);
  });

  it('lists again when the watch is answered with 410', async () => {
    let isGone = true;
    const { collection, client } = await setUp({}, (request, response) => {
      if (isGone && request.query.has('watch')) {
        isGone = false;
        answerJson(response, 410, statusObject(410, 'Expired', 'too old'));
      } else collection.answer(request, response);
    });
    client.cache(CONFIG_MAPS);
    await eventually('it watches', () => collection.watcherCount === 1);
    expect(collection.listCount).to.equal(2);
  });

  it('does not list in a loop when every watch is answered with 410', async () => {
    const clock = new FakeClock();
    const { collection, client } = await setUp({ clock }, (request, response) => {
      if (request.query.has('watch')) answerJson(response, 410, statusObject(410, 'Expired', 'too old'));
      else collection.answer(request, response);
    });
    client.cache(CONFIG_MAPS);
    await eventually('it has listed twice', () => collection.listCount === 2);
    await clock.waitForTimers(1);
    await new Promise(setImmediate);
    expect(collection.listCount).to.equal(2);
  });

  for (const [what, fail] of [
    ['500', (_request, response) => answerJson(response, 500, {})],
    ['429', (_request, response) => answerJson(response, 429, {}, { 'retry-after': '120' })],
    ['a reset', (request) => request.socket.resetAndDestroy()],
    ['half a list', (_request, response) => response.end('{"items":[{"metadata"')],
    ['something else', (_request, response) => answerJson(response, 200, { hello: 'world' })],
  ] as const satisfies readonly (readonly [string, Script])[]) {
    it(`backs off after lists are answered with ${what}, then recovers`, async () => {
      const clock = new FakeClock();
      let failures = 3;
      const { collection, server, client, logger } = await setUp({ clock }, (request, response) => {
        if (failures > 0) {
          failures -= 1;
          fail(request, response);
        } else collection.answer(request, response);
      });
      collection.put('a', {});
      const cache = client.cache(CONFIG_MAPS);
      for (const sent of [1, 2, 3]) {
        await eventually(
          'a failure is logged',
          () => logger.lines.filter(({ level }) => level === 'warn').length === sent,
        );
        expect(server.requests).to.have.lengthOf(sent);
        const delayMs = Number(logger.lines.at(-1)?.fields.delayMs);
        expect(delayMs).to.be.at.least(what === '429' ? 120_000 : 799);
        await clock.waitForTimers(1);
        await clock.advance(delayMs - 2);
        expect(server.requests).to.have.lengthOf(sent);
        await clock.advance(3);
      }
      await cache.synced(signal);
      expect(cache.size).to.equal(1);
    });
  }

  it('asks every 5 s at least where nobody listens', async () => {
    const clock = new FakeClock();
    const { server, client, logger } = await setUp({ clock });
    await server[Symbol.asyncDispose]();
    client.cache(CONFIG_MAPS);
    const delays = () =>
      logger.lines.filter(({ level }) => level === 'warn').map(({ fields }) => Number(fields.delayMs));
    while (delays().length < 8) {
      const { length } = delays();
      await clock.waitForTimers(1);
      await clock.advance(5_000);
      await eventually('it has asked again', () => delays().length > length);
    }
    expect(Math.max(...delays())).to.be.within(2_500, 5_000);
  });

  it('backs off when watches end at once without bringing anything', async () => {
    const clock = new FakeClock();
    const { collection, server, client } = await setUp({ clock }, (request, response) => {
      if (request.query.has('watch')) response.end();
      else collection.answer(request, response);
    });
    const watchCount = () => server.requests.filter(({ query }) => query.has('watch')).length;
    client.cache(CONFIG_MAPS);
    for (let watches = 1; watches <= 5; watches += 1) {
      await eventually('it watches again', () => watchCount() === watches);
      await clock.waitForTimers(1);
      expect(watchCount()).to.equal(watches);
      await clock.advance(30_000);
    }
  });

  for (const how of ['end', 'reset'] as const) {
    it(`lists again when the server was set back to an earlier version (watches: ${how}), and loses no change`, async () => {
      const { collection, client, logger } = await setUp();
      const [same, rewritten] = [collection.put('same', {}), collection.put('rewritten', { key: 'old' })];
      const { version } = collection;
      collection.put('lost', {});
      collection.put('rewritten', { key: 'new' });
      const cache = client.cache(CONFIG_MAPS);
      await cache.synced(signal);
      await eventually('it watches', () => collection.watcherCount === 1);
      const own = collection.put('own', {});
      cache.assume(own);
      collection.put('later', { key: '1' });
      await eventually('all is there', () => cache.size === 5);
      const events = recordOf(cache);
      events.length = 0;
      // The same version as before, for another write.
      const other = {
        ...own,
        metadata: { ...own.metadata, name: 'later', uid: 'other' },
        data: { key: '2' },
      };
      const laterVersion = cache.get({ namespace: 'default', name: 'later' })?.metadata.resourceVersion;
      const again = { ...other, metadata: { ...other.metadata, resourceVersion: laterVersion ?? '' } };
      collection.restore(Number(version), [same, rewritten, again]);
      collection.endWatches(how);
      await eventually('it watches again', () => collection.watcherCount === 1);
      expect(events).to.have.members([
        'deleted lost {}',
        'deleted own {}',
        'modified rewritten {"key":"old"}',
        'deleted later {"key":"1"}',
        'added later {"key":"2"}',
      ]);
      expect(collection.watchedFrom.at(-1)).to.equal(version);
      expect(logger.lines.some(({ message }) => message.includes('gone back'))).to.equal(true);
      collection.put('new', {});
      await eventually('the watch goes on', () => cache.size === 4);
    });
  }

  it('forgets an own write that the server has lost, although the watch had not come to it', async () => {
    const { collection, client, logger } = await setUp();
    const kept = collection.put('kept', {});
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    const { version } = collection;
    cache.assume({
      ...kept,
      metadata: { ...kept.metadata, name: 'own', uid: 'own', resourceVersion: String(Number(version) + 10) },
    });
    expect(cache.size).to.equal(2);
    collection.restore(Number(version) + 5, [kept]);
    collection.endWatches('reset');
    await eventually('it is gone', () => cache.size === 1);
    expect(logger.lines.some(({ message }) => message.includes('gone back'))).to.equal(true);
  });

  it('lists everything again when the server was set back, also where it cannot be seen any more', async () => {
    const [early, late] = [new WatchedCollection(), new WatchedCollection()];
    const { client } = await setUp({}, (request, response) =>
      (request.path.includes(SECRETS.plural) ? late : early).answer(request, response),
    );
    for (const collection of [early, late]) collection.put('lost', {});
    const caches = [client.cache(CONFIG_MAPS), client.cache(SECRETS)];
    for (const cache of caches) await cache.synced(signal);
    await eventually('both watch', () => early.watcherCount + late.watcherCount === 2);
    early.restore(50, []);
    // Its watch is still open, and the version that it has reached was given anew.
    late.restore(Number(late.version), []);
    early.endWatches('reset');
    await eventually('both are as the server is', () => caches.every(({ size }) => size === 0));
  });

  it('lists anew what the server did not have for a while', async () => {
    const collection = new WatchedCollection();
    const clock = new FakeClock();
    let isServed = true;
    const { client, logger } = await setUp({ clock }, (request, response) => {
      if (isServed) collection.answer(request, response);
      else answerJson(response, 404, statusObject(404, 'NotFound', 'the server could not find it'));
    });
    collection.put('lost', {});
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    isServed = false;
    collection.endWatches('end');
    const inTime = (what: string, isTrue: () => boolean) =>
      eventually(what, () => {
        void clock.advance(1_000);
        return isTrue();
      });
    await inTime('it is missed', () =>
      logger.lines.some(({ fields }) =>
        String(fields.error).includes('install its CustomResourceDefinition'),
      ),
    );
    collection.restore(Number(collection.version) + 10, []);
    collection.put('new', {});
    isServed = true;
    await inTime('it is as the server has it', () => cache.size === 1 && !hasName(cache, 'lost'));
  });

  it('asks for the version only after watches that ended before their time', async () => {
    const clock = new FakeClock();
    const { collection, client } = await setUp({ clock });
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    for (const [how, seconds, comparisons] of [
      ['end', 150, 1],
      ['reset', 150, 2],
    ] as const) {
      collection.put(`before ${how}`, {});
      await eventually(
        'it is there',
        () => cache.get({ namespace: 'default', name: `before ${how}` }) !== undefined,
      );
      await clock.advance(seconds * 1000);
      collection.endWatches(how);
      await eventually('it watches again', () => collection.watcherCount === 1);
      expect(collection.comparisonCount).to.equal(comparisons);
    }
    for (let count = 0; count < 2; count += 1) {
      await clock.advance(150_000);
      collection.bookmark();
      collection.put(`tick-${count}`, {});
      await eventually('the tick is there', () => cache.size === 3 + count);
    }
    collection.endWatches('end');
    await eventually('it watches again', () => collection.watcherCount === 1);
    expect(collection.comparisonCount).to.equal(2);
    expect(collection.listCount).to.equal(1);
  });

  it('reads everything at once when the server has forgotten the list between two pages', async () => {
    let isFirst = true;
    const { collection, server, client } = await setUp({}, (request, response) => {
      collection.answer(request, response);
      if (!isFirst) return;
      isFirst = false;
      collection.skipVersions(5);
      collection.forget();
    });
    for (let count = 0; count < 600; count += 1) collection.put(`object-${count}`, {});
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    expect(cache.size).to.equal(600);
    await eventually('it watches', () => collection.watcherCount === 1);
    expect(server.requests.map(({ query }) => query.get('limit'))).to.deep.equal(['500', '500', null, null]);
  });

  it('is measured under the names of client-go', async () => {
    const { collection, client, telemetry } = await setUp();
    collection.put('a', {});
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    const own = collection.put('own', {});
    cache.assume(own);
    collection.put('b', {});
    await eventually('all are there', () => cache.size === 3);
    collection.endWatches('reset');
    await eventually('it watches again', () => collection.watcherCount === 1);
    const name = 'configmaps';
    const value = (suffix: string) => telemetry.value(`reflector_${suffix}`, { name });
    expect(['lists_total', 'watches_total', 'short_watches_total'].map(value)).to.deep.equal([1, 1, 0]);
    expect(value('last_resource_version')).to.equal(Number(collection.version));
    expect(telemetry.observations('reflector_items_per_list', { name })).to.deep.equal([1]);
    expect(telemetry.observations('reflector_items_per_watch', { name })).to.deep.equal([2]);
    for (const suffix of ['list_duration_seconds', 'watch_duration_seconds']) {
      expect(telemetry.observations(`reflector_${suffix}`, { name })).to.have.lengthOf(1);
    }
  });

  it('lists again after a line that makes no sense', async () => {
    const { collection, client } = await setUp();
    collection.put('a', {});
    const cache = client.cache(CONFIG_MAPS);
    await eventually('it watches', () => collection.watcherCount === 1);
    const events = recordOf(cache);
    collection.put('b', {});
    collection.write('{"type":"MODIFIED"}\n');
    collection.put('c', {});
    await eventually('it has listed again', () => collection.listCount === 2 && cache.size === 3);
    expect(events).to.deep.equal(['added a {}', 'added b {}', 'added c {}']);
  });

  it('reconnects when a watch is silent for three minutes, and not while bookmarks come', async () => {
    const clock = new FakeClock();
    const { collection, client, logger } = await setUp({ clock });
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    for (let minutes = 0; minutes < 6; minutes += 2) {
      collection.put(`tick-${minutes}`, {});
      await eventually('the tick is there', () => cache.size === minutes / 2 + 1);
      await clock.advance(120_000);
    }
    expect(collection.watchedFrom).to.have.lengthOf(1);
    await clock.advance(60_000);
    await eventually('it watches again', () => collection.watchedFrom.length === 2);
    expect(JSON.stringify(logger.lines.map(({ fields }) => String(fields.error)))).to.contain(
      'silent for 180 s',
    );
  });

  it('tells of an own write once, at once', async () => {
    const { collection, client } = await setUp();
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    const events = recordOf(cache);
    const isPut = () => collection.watcherCount === 1;
    await eventually('it watches', isPut);
    const assumed: KubernetesObject = collection.put('own', { key: '1' });
    cache.assume(assumed);
    collection.put('marker', {});
    await eventually('the marker is told', () => events.length > 1);
    expect(events).to.deep.equal(['added own {"key":"1"}', 'added marker {}']);
    expect(cache.size).to.equal(2);
  });

  it('applies the caller’s transform to everything that it keeps', async () => {
    const { collection, client } = await setUp();
    collection.put('a', { secret: 'x' });
    const transform = ({ data: _data, ...rest }: KubernetesObject): KubernetesObject => rest;
    const cache = client.cache(CONFIG_MAPS, { transform });
    await cache.synced(signal);
    await eventually('it watches', () => collection.watcherCount === 1);
    cache.assume({
      metadata: { name: 'c', namespace: 'default', uid: 'c', resourceVersion: '9999' },
      data: {},
    });
    collection.put('b', { secret: 'y' });
    await eventually('all are there', () => cache.size === 3);
    expect([...cache.list()].map((object) => 'data' in object)).to.deep.equal([false, false, false]);
  });
});
