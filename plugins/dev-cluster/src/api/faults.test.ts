import { expect } from 'chai';
import { TestCluster } from '../testing/test-cluster.test.js';

describe('faults by script', () => {
  const path = '/api/v1/namespaces/default/configmaps';
  let cluster: TestCluster;
  before(async () => {
    cluster = await TestCluster.start({ controllersEnabled: false });
  });
  after(() => cluster[Symbol.asyncDispose]());
  afterEach(() => cluster.server.faults.clear());

  const exists = async (name: string) => (await cluster.call('GET', `${path}/${name}`)).code === 200;

  it('throttles as often as told, with Retry-After', async () => {
    cluster.server.faults.inject(
      { verb: 'list', resource: 'configmaps', count: 2 },
      { kind: 'throttle', retryAfterSeconds: 7 },
    );
    for (let round = 0; round < 2; round += 1) {
      const { code, headers } = await cluster.call('GET', path);
      expect([code, headers['retry-after']]).to.deep.equal([429, '7']);
    }
    expect((await cluster.call('GET', path)).code).to.equal(200);
    expect(cluster.server.faults.pending).to.equal(0);
  });

  it('hits only what it matches, and only after so many', async () => {
    cluster.server.faults.inject({ verb: ['create'], resource: 'configmaps', after: 1 }, { kind: 'error' });
    expect((await cluster.call('GET', path)).code).to.equal(200);
    expect((await cluster.call('POST', path, { metadata: { name: 'passes' } })).code).to.equal(201);
    expect((await cluster.call('POST', path, { metadata: { name: 'fails' } })).code).to.equal(500);
    expect(await exists('fails')).to.equal(false);
  });

  it('resets before the effect', async () => {
    cluster.server.faults.inject({ verb: 'create' }, { kind: 'reset-before' });
    expect(await failed(cluster.call('POST', path, { metadata: { name: 'before' } }))).to.equal(true);
    expect(await exists('before')).to.equal(false);
  });

  it('resets after the effect', async () => {
    cluster.server.faults.inject({ verb: 'create' }, { kind: 'reset-after' });
    expect(await failed(cluster.call('POST', path, { metadata: { name: 'after' } }))).to.equal(true);
    expect(await exists('after')).to.equal(true);
  });

  it('answers conflicts and 410 without doing anything', async () => {
    cluster.server.faults.inject({ verb: 'create' }, { kind: 'conflict' });
    cluster.server.faults.inject({ verb: 'list' }, { kind: 'gone' });
    expect((await cluster.call('POST', path, { metadata: { name: 'c' } })).code).to.equal(409);
    expect((await cluster.call('GET', path)).code).to.equal(410);
  });

  for (const [effect, code, reason, message] of [
    [{ kind: 'unavailable', retryAfterSeconds: 3 }, 503, 'ServiceUnavailable', 'apiserver not ready'],
    [{ kind: 'unauthorized' }, 401, 'Unauthorized', 'Unauthorized'],
    [
      { kind: 'forbidden' },
      403,
      'Forbidden',
      'configmaps is forbidden: User "faulted" cannot create resource "configmaps" in API group "" in the namespace "default"',
    ],
    [
      { kind: 'quota-exceeded' },
      403,
      'Forbidden',
      'configmaps is forbidden: exceeded quota: faults, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1',
    ],
    [
      { kind: 'webhook-denies', message: 'no such team' },
      400,
      undefined,
      'admission webhook "faults.example.org" denied the request: no such team',
    ],
    [
      { kind: 'webhook-times-out' },
      500,
      'InternalError',
      'Internal error occurred: failed calling webhook "faults.example.org": failed to call webhook: Post "https://webhook.faults.svc:443/": context deadline exceeded',
    ],
  ] as const) {
    it(`answers ${effect.kind} as the API server does, and does nothing`, async () => {
      cluster.server.faults.inject({ verb: 'create' }, effect);
      const { headers, body } = await cluster.call('POST', path, { metadata: { name: effect.kind } });
      expect([body.code, body.reason, body.message]).to.deep.equal([code, reason, message]);
      expect(headers['retry-after']).to.equal(effect.kind === 'unavailable' ? '3' : undefined);
      expect(await exists(effect.kind)).to.equal(false);
    });
  }

  it('names the object of a conflict', async () => {
    await cluster.ok('POST', path, { metadata: { name: 'named' } });
    cluster.server.faults.inject({ verb: 'update', name: 'named' }, { kind: 'conflict' });
    const { body } = await cluster.call('PUT', `${path}/named`, { metadata: { name: 'named' } });
    expect(body.message).to.match(
      /^Operation cannot be fulfilled on configmaps "named": the object has been/,
    );
    expect(body.details).to.deep.equal({ name: 'named', kind: 'configmaps' });
  });

  it('delays', async () => {
    cluster.server.faults.inject({ verb: 'list' }, { kind: 'delay', delayMs: 50 });
    const started = performance.now();
    expect((await cluster.call('GET', path)).code).to.equal(200);
    expect(performance.now() - started).to.be.greaterThan(45);
  });

  it('cuts a watch after so many events, and all watches at once', async () => {
    cluster.server.faults.inject({ verb: 'watch' }, { kind: 'drop-watch', afterEvents: 1 });
    const first = await cluster.watch('/api/v1/namespaces?watch=true');
    expect((await first.next())?.type).to.equal('ADDED');
    expect(await first.next()).to.equal(undefined);
    const version = cluster.server.storage.resourceVersion;
    const second = await cluster.watch(`/api/v1/namespaces?watch=true&resourceVersion=${version}`);
    expect(cluster.server.faults.dropWatches()).to.equal(1);
    expect(await second.next()).to.equal(undefined);
  });

  it('tells a watch that its position is gone', async () => {
    cluster.server.faults.inject({ verb: 'watch' }, { kind: 'gone' });
    const watch = await cluster.watch('/api/v1/namespaces?watch=true&resourceVersion=1');
    expect((await watch.next())?.object).to.include({ code: 410 });
  });
});

async function failed(promise: Promise<unknown>): Promise<boolean> {
  try {
    await promise;
    return false;
  } catch {
    return true;
  }
}
