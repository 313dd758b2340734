import { getEventListeners, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { ClusterError, type ClusterErrorReason, type KubernetesObject } from '@rynxs/kernel';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import {
  type ClientOptions,
  CONFIG_MAPS,
  clientOf,
  eventually,
  LEASES,
} from './testing/client-harness.test.js';
import { LOOPBACK_CERTIFICATE } from './testing/loopback-certificate.js';
import { answerJson, type Script, ScriptedServer, statusObject } from './testing/scripted-server.js';
import { WatchedCollection } from './testing/watched-collection.js';

const { signal } = new AbortController();
const KEY = { namespace: 'default', name: 'a' };
const OBJECT: KubernetesObject = {
  metadata: { ...KEY, uid: 'u', resourceVersion: '7', managedFields: [{ manager: 'm' }] },
  data: { key: 'value' },
};

async function errorOf(attempt: Promise<unknown>): Promise<ClusterError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(ClusterError);
  return error as ClusterError;
}

describe('ClusterClient', () => {
  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  async function setUp(script: Script, options: ClientOptions = {}) {
    const server = stack.use(await ScriptedServer.listen(script));
    const harness = clientOf(server.url, options);
    stack.use(harness.client);
    return { server, ...harness };
  }
  const echo: Script = (request, response) =>
    answerJson(response, 200, request.body === '' ? OBJECT : JSON.parse(request.body));

  describe('requests', () => {
    it('ask for what the API calls it', async () => {
      const { server, client } = await setUp(echo);
      await client.get(CONFIG_MAPS, KEY, { signal });
      await client.create(CONFIG_MAPS, OBJECT, { signal });
      await client.update(CONFIG_MAPS, OBJECT, { signal });
      await client.updateStatus(CONFIG_MAPS, OBJECT, { signal });
      await client.delete(CONFIG_MAPS, KEY, { uid: 'u', resourceVersion: '7' }, { signal });
      const object = '/api/v1/namespaces/default/configmaps/a';
      expect(server.requests.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
        `GET ${object}`,
        'POST /api/v1/namespaces/default/configmaps',
        `PUT ${object}`,
        `PUT ${object}/status`,
        `DELETE ${object}`,
      ]);
    });

    it('tell the server how long the caller waits, with writes', async () => {
      const { server, client } = await setUp(echo, { clock: new FakeClock() });
      await client.get(CONFIG_MAPS, KEY, { signal });
      await client.create(CONFIG_MAPS, OBJECT, { signal, timeoutMs: 2500 });
      expect(server.requests.map(({ query }) => query.get('timeout'))).to.deep.equal([null, '2500ms']);
    });

    it('carry the kind, and no managedFields in a PUT', async () => {
      const { server, client } = await setUp(echo);
      const answer = await client.update(CONFIG_MAPS, OBJECT, { signal });
      const { managedFields: _managedFields, ...metadata } = OBJECT.metadata;
      const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: OBJECT.data };
      expect(JSON.parse(server.requests[0]?.body ?? '')).to.deep.equal(sent);
      expect(answer).to.deep.equal(sent);
      expect(server.requests[0]?.headers).to.include({
        'content-type': 'application/json',
        'user-agent': 'rynxs',
      });
    });

    it('never PUT what has no uid or no resourceVersion', async () => {
      const { server, client } = await setUp(echo);
      for (const metadata of [
        { ...KEY, uid: 'u' },
        { ...KEY, resourceVersion: '7' },
      ]) {
        expect((await errorOf(client.update(CONFIG_MAPS, { metadata }, { signal }))).reason).to.equal(
          'invalid',
        );
        expect((await errorOf(client.updateStatus(CONFIG_MAPS, { metadata }, { signal }))).reason).to.equal(
          'invalid',
        );
      }
      expect(server.requests).to.deep.equal([]);
    });

    it('delete in the background, with both preconditions, and are content when the object is gone', async () => {
      const { server, client } = await setUp((_request, response) =>
        answerJson(response, 404, statusObject(404, 'NotFound', 'gone')),
      );
      await client.delete(CONFIG_MAPS, KEY, { uid: 'u', resourceVersion: '7' }, { signal });
      expect(JSON.parse(server.requests[0]?.body ?? '')).to.include({ propagationPolicy: 'Background' });
      expect(JSON.parse(server.requests[0]?.body ?? '').preconditions).to.deep.equal({
        uid: 'u',
        resourceVersion: '7',
      });
    });

    it('go below the path of the server’s address', async () => {
      const server = stack.use(await ScriptedServer.listen(echo));
      const { client } = clientOf(`${server.url}/k8s/clusters/c-1/`);
      stack.use(client);
      await client.get(CONFIG_MAPS, KEY, { signal });
      expect(server.requests[0]?.path).to.equal('/k8s/clusters/c-1/api/v1/namespaces/default/configmaps/a');
    });

    it('are counted by status, method and host', async () => {
      const { server, client, telemetry } = await setUp((_request, response) =>
        answerJson(response, 404, statusObject(404, 'NotFound', 'gone')),
      );
      await errorOf(client.get(CONFIG_MAPS, KEY, { signal }));
      const host = `127.0.0.1:${server.port}`;
      const total = (code: string, method: string) =>
        telemetry.value('rest_client_requests_total', { code, method, host });
      expect([total('404', 'GET'), total('200', 'GET'), total('<error>', 'PUT')]).to.deep.equal([1, 0, 0]);
      expect(
        telemetry.observations('rest_client_request_duration_seconds', { verb: 'GET', host }),
      ).to.have.lengthOf(1);
    });

    it('keep connections alive, after a DELETE too', async () => {
      const { server, client } = await setUp(echo, { limits: { maxConnections: 1 } });
      for (let count = 0; count < 5; count += 1) {
        await client.create(CONFIG_MAPS, OBJECT, { signal });
        await client.delete(CONFIG_MAPS, KEY, { uid: 'u', resourceVersion: '7' }, { signal });
      }
      expect(server.connectionCount).to.equal(1);
    });
  });

  describe('list', () => {
    it('reads all pages and gives items their kind', async () => {
      const collection = new WatchedCollection();
      for (let count = 0; count < 1201; count += 1) collection.put(`object-${count}`, {});
      const { server, client } = await setUp((request, response) => collection.answer(request, response));
      const listed = await client.list(CONFIG_MAPS, { signal, namespace: 'default', labelSelector: 'a=b' });
      expect(listed).to.have.lengthOf(1201);
      expect(listed[1200]).to.include({ apiVersion: 'v1', kind: 'ConfigMap' });
      expect(server.requests).to.have.lengthOf(3);
      expect(server.requests[2]?.query.get('labelSelector')).to.equal('a=b');
    });

    it('reads everything at once when the server has forgotten the list between two pages', async () => {
      const collection = new WatchedCollection();
      for (let count = 0; count < 600; count += 1) collection.put(`object-${count}`, {});
      const { server, client } = await setUp((request, response) => {
        collection.answer(request, response);
        if (server.requests.length === 1) {
          collection.skipVersions(5);
          collection.forget();
        }
      });
      expect(await client.list(CONFIG_MAPS, { signal })).to.have.lengthOf(600);
      expect(server.requests.map(({ query }) => query.get('limit'))).to.deep.equal(['500', '500', null]);
    });
  });

  describe('slots', () => {
    it('are never exceeded, as the server sees it, and are given in order', async () => {
      let underWay = 0;
      let most = 0;
      const held: ServerResponse[] = [];
      const { server, client } = await setUp(
        (_request, response) => {
          underWay += 1;
          most = Math.max(most, underWay);
          held.push(response);
        },
        { limits: { maxConnections: 3 } },
      );
      const names = Array.from({ length: 12 }, (_, index) => `object-${index}`);
      const done = names.map((name) => client.get(CONFIG_MAPS, { ...KEY, name }, { signal }));
      for (let answered = 0; answered < names.length; answered += 1) {
        await eventually('the server has a request', () => held.length > 0);
        underWay -= 1;
        const response = held.shift();
        if (response !== undefined) answerJson(response, 200, OBJECT);
      }
      await Promise.all(done);
      expect(most).to.equal(3);
      expect(server.connectionCount).to.equal(3);
      // The three of one batch may arrive in any order, each on a connection of its own.
      const order = server.requests.map(({ path }) => Number(path.split('-').at(-1)));
      order.forEach((number, position) => {
        expect(Math.abs(number - position)).to.be.below(3);
      });
    });

    it('of other requests never hold up a Lease', async () => {
      const { server, client } = await setUp(
        (request, response) => {
          if (request.path.includes('leases')) answerJson(response, 200, OBJECT);
        },
        { limits: { maxConnections: 1 } },
      );
      const stuck = errorOf(client.get(CONFIG_MAPS, KEY, { signal }));
      await eventually('the only slot is taken', () => server.requests.length === 1);
      await client.update(LEASES, OBJECT, { signal });
      await client.update(LEASES, OBJECT, { signal });
      expect(server.connectionCount).to.equal(2);
      await client[Symbol.asyncDispose]();
      expect((await stuck).reason).to.equal('ambiguous');
    });

    it('come back after every kind of outcome', async () => {
      const outcomes: Script[] = [
        (_request, response) => answerJson(response, 500, {}),
        (request) => request.socket.resetAndDestroy(),
        (_request, response) => response.end('no JSON'),
        (request) => request.socket.end(),
      ];
      let turn = 0;
      const { client } = await setUp((request, response) => (outcomes[turn++] ?? echo)(request, response), {
        limits: { maxConnections: 1 },
      });
      for (const _ of outcomes) await errorOf(client.create(CONFIG_MAPS, OBJECT, { signal }));
      const beforeSend = () => {
        throw new Error('no');
      };
      await client.create(CONFIG_MAPS, OBJECT, { signal, beforeSend }).catch(() => undefined);
      await client.create(CONFIG_MAPS, OBJECT, { signal });
    });
  });

  describe('deadlines', () => {
    it('end a request that was sent as ambiguous, and cut its connection', async () => {
      const clock = new FakeClock();
      const { server, client } = await setUp(() => undefined, { clock });
      const error = errorOf(client.create(CONFIG_MAPS, OBJECT, { signal, timeoutMs: 3000 }));
      await eventually('the server has the request', () => server.requests.length === 1);
      await clock.advance(3000);
      expect(await error).to.include({ reason: 'ambiguous' });
      expect((await error).message).to.contain('deadline');
      await eventually('the connection is cut', () => server.sockets.size === 0);
      expect(clock.pending).to.equal(0);
    });

    it('count the time of waiting for a slot, and send nothing when that was too long', async () => {
      const clock = new FakeClock();
      const { server, client } = await setUp(() => undefined, { clock, limits: { maxConnections: 1 } });
      const first = errorOf(client.get(CONFIG_MAPS, KEY, { signal, timeoutMs: 9000 }));
      await eventually('the slot is taken', () => server.requests.length === 1);
      const second = errorOf(client.create(CONFIG_MAPS, OBJECT, { signal, timeoutMs: 2000 }));
      await clock.advance(2000);
      expect((await second).reason).to.equal('unavailable');
      await clock.advance(7000);
      expect((await first).reason).to.equal('ambiguous');
      expect(server.requests).to.have.lengthOf(1);
    });

    it('default to the setting', async () => {
      const clock = new FakeClock();
      const { server, client } = await setUp(() => undefined, { clock, limits: { requestTimeout: 700 } });
      const error = errorOf(client.get(CONFIG_MAPS, KEY, { signal }));
      await eventually('the server has the request', () => server.requests.length === 1);
      await clock.advance(700);
      expect((await error).reason).to.equal('ambiguous');
    });
  });

  describe('signals', () => {
    it('that have aborted let nothing be sent', async () => {
      const { server, client } = await setUp(echo);
      const error = await errorOf(client.create(CONFIG_MAPS, OBJECT, { signal: AbortSignal.abort() }));
      expect(error.reason).to.equal('aborted');
      expect(server.requests).to.deep.equal([]);
    });

    it('that abort in the queue let nothing be sent', async () => {
      const { server, client } = await setUp(() => undefined, { limits: { maxConnections: 1 } });
      const controller = new AbortController();
      const first = errorOf(client.get(CONFIG_MAPS, KEY, { signal }));
      await eventually('the slot is taken', () => server.requests.length === 1);
      const second = errorOf(client.create(CONFIG_MAPS, OBJECT, { signal: controller.signal }));
      controller.abort();
      expect((await second).reason).to.equal('aborted');
      server.cut();
      expect((await first).reason).to.equal('ambiguous');
      expect(server.requests).to.have.lengthOf(1);
    });

    it('that abort while a connection is being made let nothing be sent', async () => {
      const { server, client } = await setUp(echo);
      const controller = new AbortController();
      const error = errorOf(client.create(CONFIG_MAPS, OBJECT, { signal: controller.signal }));
      await once(server.server, 'connection');
      // The server knows of the connection before the client does.
      if (server.requests.length === 0) controller.abort();
      expect((await error).reason).to.equal('aborted');
      await client.get(CONFIG_MAPS, KEY, { signal });
      expect(server.requests.map(({ method }) => method)).to.deep.equal(['GET']);
    });

    it('that abort after sending leave it open what happened', async () => {
      const { server, client } = await setUp(() => undefined);
      const controller = new AbortController();
      const error = errorOf(client.create(CONFIG_MAPS, OBJECT, { signal: controller.signal }));
      await eventually('the server has the request', () => server.requests.length === 1);
      controller.abort();
      expect((await error).reason).to.equal('ambiguous');
    });

    it('get one listener, however many calls share them', async () => {
      const { client } = await setUp(echo);
      const { signal: shared } = new AbortController();
      const get = () => client.get(CONFIG_MAPS, KEY, { signal: shared });
      await Promise.all(Array.from({ length: 20 }, get));
      await Promise.all(Array.from({ length: 20 }, get));
      expect(getEventListeners(shared, 'abort')).to.have.lengthOf(1);
    });
  });

  describe('beforeSend', () => {
    it('that throws lets nothing be sent, and its own error through', async () => {
      const { server, client } = await setUp(echo);
      const refused = new Error('not the leader');
      const beforeSend = () => {
        throw refused;
      };
      const outcome = client
        .create(CONFIG_MAPS, OBJECT, { signal, beforeSend })
        .catch((error: unknown) => error);
      expect(await outcome).to.equal(refused);
      await client.get(CONFIG_MAPS, KEY, { signal });
      expect(server.requests.map(({ method }) => method)).to.deep.equal(['GET']);
    });

    it('is called once there is a slot and a connection, and not before', async () => {
      const held: ServerResponse[] = [];
      const { client } = await setUp((_request, response) => void held.push(response), {
        limits: { maxConnections: 1 },
      });
      const first = client.get(CONFIG_MAPS, KEY, { signal });
      await eventually('the slot is taken', () => held.length === 1);
      const calls: number[] = [];
      const second = client.create(CONFIG_MAPS, OBJECT, {
        signal,
        beforeSend: () => void calls.push(held.length),
      });
      await new Promise(setImmediate);
      expect(calls).to.deep.equal([]);
      answerJson(held[0] as ServerResponse, 200, OBJECT);
      await first;
      await eventually('the second is sent', () => held.length === 2);
      expect(calls).to.deep.equal([1]);
      answerJson(held[1] as ServerResponse, 200, OBJECT);
      await second;
    });
  });

  describe('failures', () => {
    const cases: readonly [what: string, script: Script, reason: ClusterErrorReason][] = [
      ['a reset after sending', (request) => request.socket.resetAndDestroy(), 'ambiguous'],
      [
        'an answer that is cut off',
        (_request, response) => {
          response.writeHead(200, { 'content-length': '1000' });
          response.write('{"metadata":', () => response.destroy());
        },
        'ambiguous',
      ],
      ['an answer that is no JSON', (_request, response) => response.end('{"metadata":'), 'ambiguous'],
      ['a 500', (_request, response) => answerJson(response, 500, {}), 'unavailable'],
      ['a 504', (_request, response) => answerJson(response, 504, {}), 'ambiguous'],
      ['a redirect', (_request, response) => response.writeHead(302, { location: '/' }).end(), 'unavailable'],
    ];
    for (const [what, script, reason] of cases) {
      it(`${what} is ${reason}`, async () => {
        const { client } = await setUp(script);
        expect((await errorOf(client.create(CONFIG_MAPS, OBJECT, { signal }))).reason).to.equal(reason);
      });
    }

    it('a refused connection is unavailable, and says what to check', async () => {
      const { server, client } = await setUp(echo);
      await server[Symbol.asyncDispose]();
      const error = await errorOf(client.create(CONFIG_MAPS, OBJECT, { signal }));
      expect(error.reason).to.equal('unavailable');
      expect(error.message).to.equal(
        `cannot create configmaps default/a at ${client.server}: connection refused; check that the API server runs and that the kubeconfig has its address`,
      );
    });

    it('a certificate of an unknown authority is unavailable, and nothing is sent', async () => {
      const server = stack.use(await ScriptedServer.listen(echo, { scheme: 'https' }));
      const { client } = clientOf(server.url);
      stack.use(client);
      const error = await errorOf(client.create(CONFIG_MAPS, OBJECT, { signal }));
      expect(error.reason).to.equal('unavailable');
      expect(error.message).to.contain('certificate-authority');
      expect(server.requests).to.deep.equal([]);
    });

    it('none for a certificate that the kubeconfig’s authority has signed', async () => {
      const server = stack.use(await ScriptedServer.listen(echo, { scheme: 'https' }));
      const caData = Buffer.from(LOOPBACK_CERTIFICATE).toString('base64');
      const { client } = clientOf(server.url, {
        access: { cluster: { name: 'tls', server: server.url, skipTLSVerify: false, caData } },
      });
      stack.use(client);
      expect(await client.get(CONFIG_MAPS, KEY, { signal })).to.deep.equal(OBJECT);
    });
  });

  describe('throttling', () => {
    const throttle = (response: ServerResponse, status: number, retryAfter?: string) =>
      answerJson(response, status, statusObject(status, 'TooManyRequests', 'slow down'), {
        ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
      });

    for (const status of [429, 503]) {
      it(`sends a read again when the server (${status}) wishes, within the deadline`, async () => {
        const clock = new FakeClock();
        const { server, client } = await setUp(
          (request, response) =>
            server.requests.length < 3 ? throttle(response, status, '2') : echo(request, response),
          { clock },
        );
        const read = client.get(CONFIG_MAPS, KEY, { signal });
        for (const sent of [1, 2]) {
          await eventually('the server has answered', () => server.requests.length === sent);
          await clock.waitForTimers(2);
          await clock.advance(1999);
          expect(server.requests).to.have.lengthOf(sent);
          await clock.advance(1);
        }
        expect(await read).to.deep.equal(OBJECT);
      });
    }

    it('gives a read up at once when the wish is beyond the deadline', async () => {
      const { server, client } = await setUp((_request, response) => throttle(response, 429, '60'));
      const error = await errorOf(client.get(CONFIG_MAPS, KEY, { signal }));
      expect(error).to.include({ reason: 'throttled', retryAfterMs: 60_000, status: 429 });
      expect(server.requests).to.have.lengthOf(1);
    });

    it('sends a write again that was not looked at (429), asking before each time', async () => {
      const clock = new FakeClock();
      let asked = 0;
      const { server, client } = await setUp(
        (request, response) =>
          server.requests.length === 1 ? throttle(response, 429, '3') : echo(request, response),
        { clock },
      );
      const beforeSend = () => {
        asked += 1;
      };
      const created = client.create(CONFIG_MAPS, OBJECT, { signal, beforeSend });
      await eventually('the server has answered', () => server.requests.length === 1);
      await clock.waitForTimers(2);
      await clock.advance(3000);
      await created;
      expect(asked).to.equal(2);
      expect(server.requests.map(({ query }) => query.get('timeout'))).to.deep.equal(['10000ms', '7000ms']);
    });

    it('asks ever less often of a server that wishes for no time at all', async () => {
      const clock = new FakeClock();
      const { server, client } = await setUp((_request, response) => throttle(response, 429, '0'), { clock });
      const error = errorOf(client.create(CONFIG_MAPS, OBJECT, { signal }));
      for (const [sent, pauseMs] of [100, 200, 400, 800, 1600, 3200].entries()) {
        await eventually('the server has answered', () => server.requests.length === sent + 1);
        await clock.waitForTimers(2);
        await clock.advance(pauseMs - 1);
        expect(server.requests).to.have.lengthOf(sent + 1);
        await clock.advance(1);
      }
      expect((await error).reason).to.equal('throttled');
      expect(server.requests).to.have.lengthOf(7);
    });

    it('never sends a write again after a 503: it may have happened', async () => {
      const { server, client } = await setUp((_request, response) => throttle(response, 503, '1'));
      const error = await errorOf(client.create(CONFIG_MAPS, OBJECT, { signal }));
      expect(error).to.include({ reason: 'throttled', retryAfterMs: 1000 });
      expect(server.requests).to.have.lengthOf(1);
    });

    it('does not hold a slot while it waits', async () => {
      const clock = new FakeClock();
      const { server, client } = await setUp(
        (request, response) =>
          server.requests.length === 1 ? throttle(response, 429, '5') : echo(request, response),
        { clock, limits: { maxConnections: 1 } },
      );
      const read = client.get(CONFIG_MAPS, KEY, { signal });
      await eventually('the server has answered', () => server.requests.length === 1);
      await clock.waitForTimers(2);
      await client.create(CONFIG_MAPS, OBJECT, { signal });
      await clock.advance(5000);
      await read;
    });
  });

  it('says who the cluster is', async () => {
    const { server, client } = await setUp((request, response) =>
      answerJson(response, 200, request.path === '/version' ? { gitVersion: 'v1.34.4' } : OBJECT),
    );
    expect(await client.info(signal)).to.deep.equal({ uid: 'u', version: 'v1.34.4', server: server.url });
    expect(server.requests.map(({ path }) => path)).to.have.members([
      '/version',
      '/api/v1/namespaces/kube-system',
    ]);
  });

  it('keeps one cache per resource and options', async () => {
    const collection = new WatchedCollection();
    const { client } = await setUp((request, response) => collection.answer(request, response));
    const transform = (object: KubernetesObject) => object;
    expect(client.cache(CONFIG_MAPS)).to.equal(client.cache(CONFIG_MAPS));
    expect(client.cache(CONFIG_MAPS, { namespace: 'x' })).not.to.equal(client.cache(CONFIG_MAPS));
    expect(client.cache(CONFIG_MAPS, { transform })).to.equal(client.cache(CONFIG_MAPS, { transform }));
    expect(client.cache(CONFIG_MAPS, { transform })).not.to.equal(client.cache(CONFIG_MAPS));
  });

  it('may be disposed of by a listener, between the first list and the watch', async () => {
    const collection = new WatchedCollection();
    collection.put('a', {});
    const failures: unknown[] = [];
    const onFailure = (error: unknown) => failures.push(error);
    process.on('unhandledRejection', onFailure);
    stack.defer(() => void process.off('unhandledRejection', onFailure));
    const { server, client } = await setUp((request, response) => collection.answer(request, response));
    const disposed = Promise.withResolvers<void>();
    client.cache(CONFIG_MAPS).subscribe(() => disposed.resolve(client[Symbol.asyncDispose]()));
    await disposed.promise;
    await new Promise(setImmediate);
    expect(failures).to.deep.equal([]);
    expect(server.requests).to.have.lengthOf(1);
  });

  it('when disposed of ends caches, requests and connections', async () => {
    const collection = new WatchedCollection();
    const { server, client } = await setUp((request, response) => {
      if (!request.path.endsWith('/a')) collection.answer(request, response);
    });
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    const request = errorOf(client.get(CONFIG_MAPS, KEY, { signal }));
    await eventually('all is under way', () => server.requests.length === 3);
    await client[Symbol.asyncDispose]();
    expect((await request).reason).to.equal('ambiguous');
    expect((await errorOf(client.get(CONFIG_MAPS, KEY, { signal }))).reason).to.equal('unavailable');
    expect(() => client.cache(CONFIG_MAPS)).to.throw(ClusterError);
    await eventually('nothing is connected', () => server.sockets.size === 0);
  });
});
