import { type CacheEvent, type CacheOptions, ClusterError, type KubernetesObject } from '@rynxs/kernel';
import { capturingLogger } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { ObjectCache, type WatchChange } from './object-cache.js';
import { CONFIG_MAPS } from './testing/client-harness.test.js';

function configMap(name: string, version: number | string, metadata: object = {}): KubernetesObject {
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: String(version),
      ...metadata,
    },
  };
}

function syncedCache(objects: readonly KubernetesObject[], version: number, options: CacheOptions = {}) {
  const logger = capturingLogger();
  const cache = new ObjectCache(CONFIG_MAPS, options, logger);
  relist(cache, objects, version);
  return { cache, logger, events: record(cache) };
}

function relist(cache: ObjectCache, objects: readonly KubernetesObject[], version: number): void {
  const listed = new Map<string, KubernetesObject>();
  cache.collect(objects, listed);
  cache.replace(listed, String(version));
}

function record(cache: ObjectCache): string[] {
  const events: string[] = [];
  cache.subscribe((event) => events.push(describeEvent(event)));
  return events;
}

function describeEvent({ type, object }: CacheEvent): string {
  return `${type} ${object.metadata.name}@${object.metadata.resourceVersion}`;
}

const versionOf = (cache: ObjectCache, name: string) =>
  cache.get({ namespace: 'default', name })?.metadata.resourceVersion;

describe('ObjectCache', () => {
  it('tells a new subscriber of what is cached, then of each change in order', () => {
    const { cache, events } = syncedCache([configMap('a', 1)], 5);
    cache.apply('ADDED', configMap('b', 6));
    cache.apply('MODIFIED', configMap('a', 7));
    cache.apply('DELETED', configMap('b', 8));
    expect(events).to.deep.equal(['added a@1', 'added b@6', 'modified a@7', 'deleted b@8']);
    expect(cache.size).to.equal(1);
  });

  it('gives the previous object with a change', () => {
    const { cache } = syncedCache([configMap('a', 1)], 5);
    const previous: (string | undefined)[] = [];
    cache.subscribe((event) => previous.push(event.previous?.metadata.resourceVersion));
    cache.apply('MODIFIED', configMap('a', 7));
    cache.apply('DELETED', configMap('a', 8));
    expect(previous).to.deep.equal([undefined, '1', '7']);
  });

  it('does not report a version twice', () => {
    const { cache, events } = syncedCache([configMap('a', 3)], 5);
    cache.apply('ADDED', configMap('a', 3));
    cache.apply('MODIFIED', configMap('a', 2));
    expect(events).to.deep.equal(['added a@3']);
    expect(versionOf(cache, 'a')).to.equal('3');
  });

  it('reports the differences of a new list, and an object that was replaced as deleted and added', () => {
    const { cache, events } = syncedCache(
      [configMap('gone', 1), configMap('same', 2), configMap('other', 3)],
      5,
    );
    events.length = 0;
    relist(cache, [configMap('same', 2), configMap('other', 8, { uid: 'new' }), configMap('added', 9)], 10);
    expect(events).to.deep.equal(['deleted gone@1', 'deleted other@3', 'added other@8', 'added added@9']);
  });

  it('delivers a change that a listener causes after the one that it is told of, to everybody', () => {
    const { cache } = syncedCache([], 1);
    const order: string[] = [];
    cache.subscribe((event) => {
      order.push(`first: ${describeEvent(event)}`);
      if (event.object.metadata.name === 'a') cache.apply('ADDED', configMap('b', 3));
    });
    cache.subscribe((event) => order.push(`second: ${describeEvent(event)}`));
    cache.apply('ADDED', configMap('a', 2));
    expect(order).to.deep.equal([
      'first: added a@2',
      'second: added a@2',
      'first: added b@3',
      'second: added b@3',
    ]);
  });

  it('tells a listener that subscribes during a change of each object once', () => {
    const { cache } = syncedCache([], 1);
    let late: string[] | undefined;
    cache.subscribe(() => {
      if (late !== undefined) return;
      cache.apply('ADDED', configMap('b', 3));
      late = record(cache);
    });
    cache.apply('ADDED', configMap('a', 2));
    expect(late).to.deep.equal(['added a@2', 'added b@3']);
  });

  it('stops telling a listener that has ended its subscription, also in the middle of a change', () => {
    const { cache } = syncedCache([], 1);
    const told: string[] = [];
    cache.subscribe(() => second[Symbol.dispose]());
    const second = cache.subscribe((event) => told.push(describeEvent(event)));
    cache.apply('ADDED', configMap('a', 2));
    expect(told).to.deep.equal([]);
  });

  it('logs a listener that fails and goes on with the others', () => {
    const { cache, logger } = syncedCache([], 1);
    cache.subscribe(() => {
      throw new Error('broken');
    });
    const events = record(cache);
    cache.apply('ADDED', configMap('a', 2));
    expect(events).to.deep.equal(['added a@2']);
    expect(logger.lines.map((entry) => entry.level)).to.deep.equal(['error']);
  });

  describe('indexes', () => {
    const owned = (name: string, version: number, uids: readonly string[]) =>
      configMap(name, version, {
        ownerReferences: uids.map((uid) => ({ apiVersion: 'v1', kind: 'Agent', name: 'x', uid })),
      });
    const names = (objects: readonly KubernetesObject[]) =>
      objects.map((object) => object.metadata.name).sort();

    it('find objects by owner and follow their changes', () => {
      const { cache } = syncedCache([owned('a', 1, ['u']), owned('b', 2, ['u', 'v'])], 5);
      expect(names(cache.ownedBy('u'))).to.deep.equal(['a', 'b']);
      cache.apply('MODIFIED', owned('b', 6, ['v']));
      cache.apply('DELETED', owned('a', 7, ['u']));
      expect(names(cache.ownedBy('u'))).to.deep.equal([]);
      expect(names(cache.ownedBy('v'))).to.deep.equal(['b']);
    });

    for (const key of ['app.kubernetes.io/instance', 'color']) {
      it(`find objects by the label ${key} and follow its changes`, () => {
        const labelled = (name: string, version: number, value: string) =>
          configMap(name, version, { labels: { [key]: value } });
        const { cache } = syncedCache([labelled('a', 1, 'x'), labelled('b', 2, 'x'), configMap('c', 3)], 5);
        expect(names(cache.withLabel(key, 'x'))).to.deep.equal(['a', 'b']);
        cache.apply('MODIFIED', labelled('a', 6, 'y'));
        expect(names(cache.withLabel(key, 'x'))).to.deep.equal(['b']);
        expect(names(cache.withLabel(key, 'y'))).to.deep.equal(['a']);
        expect(names(cache.withLabel(key, 'undefined'))).to.deep.equal([]);
      });
    }
  });

  describe('assume', () => {
    it('shows an own write at once, indexed and transformed, and reports it once', () => {
      const { cache, events } = syncedCache([configMap('a', 1)], 5);
      const labels = { 'app.kubernetes.io/instance': 'x' };
      cache.assume(configMap('a', 6, { labels, managedFields: [{ manager: 'm', fieldsV1: {} }] }));
      expect(versionOf(cache, 'a')).to.equal('6');
      expect(cache.withLabel('app.kubernetes.io/instance', 'x')[0]?.metadata.managedFields).to.deep.equal([
        { manager: 'm' },
      ]);
      cache.apply('MODIFIED', configMap('a', 6, { labels }));
      expect(events).to.deep.equal(['added a@1', 'modified a@6']);
    });

    it('knows the line by which the watch tells of an own write, once', () => {
      const { cache, events } = syncedCache([configMap('a', 1)], 5);
      const line = (version: number) =>
        Buffer.from(JSON.stringify({ type: 'MODIFIED', object: configMap('a', version) }));
      expect(cache.isEcho(line(6)), 'before the answer').to.equal(false);
      cache.assume(configMap('a', 6));
      cache.assume(configMap('a', 8));
      expect(cache.isEcho(line(7)), 'a write of somebody else').to.equal(false);
      expect([cache.isEcho(line(6)), cache.isEcho(line(8))]).to.deep.equal([true, true]);
      expect(cache.resourceVersion).to.equal('8');
      expect(cache.isEcho(line(8)), 'again').to.equal(false);
      expect(events).to.deep.equal(['added a@1', 'modified a@6', 'modified a@8']);
    });

    it('knows no line of it any more when a bookmark or a list has come further, or has set the version back', () => {
      const line = Buffer.from(JSON.stringify({ type: 'ADDED', object: configMap('a', 6) }));
      for (const come of [
        (cache: ObjectCache) => cache.reached('7'),
        (cache: ObjectCache) => relist(cache, [configMap('a', 6)], 7),
        (cache: ObjectCache) => relist(cache, [], 3),
      ]) {
        const { cache } = syncedCache([], 5);
        cache.assume(configMap('a', 6));
        come(cache);
        expect(cache.isEcho(line)).to.equal(false);
      }
    });

    it('reports an object that an own write has replaced as deleted and added', () => {
      const { cache, events } = syncedCache([configMap('a', 1)], 5);
      cache.assume(configMap('a', 8, { uid: 'new' }));
      cache.apply('DELETED', configMap('a', 7));
      cache.apply('ADDED', configMap('a', 8, { uid: 'new' }));
      expect(events).to.deep.equal(['added a@1', 'deleted a@1', 'added a@8']);
    });

    it('does not go back to an older version', () => {
      const { cache } = syncedCache([], 5);
      cache.assume(configMap('a', 9));
      cache.assume(configMap('a', 8));
      cache.apply('ADDED', configMap('a', 7));
      expect(versionOf(cache, 'a')).to.equal('9');
    });

    it('does not bring back what the watch has told the end of', () => {
      const { cache } = syncedCache([], 5);
      cache.apply('ADDED', configMap('a', 6));
      cache.apply('DELETED', configMap('a', 7));
      cache.assume(configMap('a', 6));
      expect(cache.size).to.equal(0);
    });

    it('does not bring back what a bookmark has passed', () => {
      const { cache } = syncedCache([], 5);
      cache.reached('20');
      cache.assume(configMap('a', 6));
      expect(cache.size).to.equal(0);
    });

    it('outlives a list that was made before the write, and not one that was made after it', () => {
      const { cache } = syncedCache([], 5);
      cache.assume(configMap('a', 8));
      relist(cache, [], 7);
      expect(versionOf(cache, 'a')).to.equal('8');
      relist(cache, [], 9);
      expect(cache.size).to.equal(0);
    });

    it('gives way to a store that was set back', () => {
      const { cache } = syncedCache([configMap('b', 90)], 100);
      cache.assume(configMap('a', 120));
      relist(cache, [configMap('b', 40)], 50);
      expect(cache.get({ namespace: 'default', name: 'a' })).to.equal(undefined);
      expect(versionOf(cache, 'b')).to.equal('40');
      cache.apply('ADDED', configMap('c', 51));
      expect(versionOf(cache, 'c')).to.equal('51');
    });

    it('is ignored when versions have no order', () => {
      const { cache } = syncedCache([configMap('a', 'x')], 5);
      cache.assume(configMap('a', 'y'));
      expect(versionOf(cache, 'a')).to.equal('x');
    });

    it('is ignored for what the watch would never tell of', () => {
      const elsewhere = syncedCache([], 5, { namespace: 'other' }).cache;
      elsewhere.assume(configMap('a', 6));
      const selected = syncedCache([configMap('known', 1)], 5, { labelSelector: 'a=b' }).cache;
      selected.assume(configMap('unknown', 6));
      selected.assume(configMap('known', 7));
      expect(elsewhere.size).to.equal(0);
      expect(versionOf(selected, 'unknown')).to.equal(undefined);
      expect(versionOf(selected, 'known')).to.equal('7');
      selected.apply('DELETED', configMap('known', 7));
      expect(selected.size).to.equal(0);
    });

    it('never takes the cache back, and never leaves it wrong, however answers and events are mixed', () => {
      // A history of one object; each own write's answer may come before or after any event of the watch.
      const step = fc.record({ kind: fc.constantFrom('put', 'put', 'delete'), answerAfter: fc.nat(12) });
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
          const { cache } = syncedCache([], 1);
          const history: { change: WatchChange; object: KubernetesObject }[] = [];
          let exists = false;
          for (const { kind } of steps) {
            const object = configMap('a', history.length + 2);
            if (kind === 'delete' && !exists) continue;
            history.push({ change: kind === 'delete' ? 'DELETED' : exists ? 'MODIFIED' : 'ADDED', object });
            exists = kind !== 'delete';
          }
          const answers = history.flatMap(({ change, object }, index) =>
            change === 'DELETED' ? [] : [{ object, at: steps[index]?.answerAfter ?? 0 }],
          );
          let lastSeen = 0;
          const check = () => {
            const version = Number(versionOf(cache, 'a') ?? lastSeen);
            expect(version).to.be.at.least(lastSeen);
            lastSeen = version;
          };
          for (let position = 0; position <= 13; position += 1) {
            for (const { object, at } of answers) {
              if (at !== position) continue;
              cache.assume(object);
              check();
            }
            const event = history[position];
            if (event === undefined) continue;
            cache.apply(event.change, event.object);
            check();
          }
          expect(versionOf(cache, 'a')).to.equal(
            exists ? history.at(-1)?.object.metadata.resourceVersion : undefined,
          );
        }),
        { numRuns: 500 },
      );
    });
  });

  describe('synced', () => {
    it('waits for the first complete list', async () => {
      const cache = new ObjectCache(CONFIG_MAPS, {}, capturingLogger());
      const waiting = cache.synced(new AbortController().signal);
      expect(cache.hasSynced).to.equal(false);
      relist(cache, [], 1);
      await waiting;
      expect(cache.hasSynced).to.equal(true);
    });

    it('rejects with the reason of the signal, or when the client is closed', async () => {
      const cache = new ObjectCache(CONFIG_MAPS, {}, capturingLogger());
      const controller = new AbortController();
      const reason = new Error('enough');
      const given = cache.synced(controller.signal).catch((error: unknown) => error);
      const closed = cache.synced(new AbortController().signal).catch((error: unknown) => error);
      controller.abort(reason);
      cache.close();
      expect(await given).to.equal(reason);
      expect(await closed)
        .to.be.instanceOf(ClusterError)
        .with.property('reason', 'aborted');
    });
  });
});
