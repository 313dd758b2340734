import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ClusterError, SystemClock } from '@rynxs/kernel';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { Connector } from './connector.js';
import { CHANNEL, channelFrame } from './exec-channels.js';
import { accessTo, CONFIG_MAPS, clientOf, eventually } from './testing/client-harness.test.js';
import { LOOPBACK_CERTIFICATE, OTHER_CERTIFICATE } from './testing/loopback-certificate.js';
import { ProxyServer } from './testing/proxy-server.js';
import { answerJson, ScriptedServer } from './testing/scripted-server.js';
import { WatchedCollection } from './testing/watched-collection.js';

const { signal } = new AbortController();
const KEY = { namespace: 'default', name: 'a' };
const base64 = (words: string) => Buffer.from(words).toString('base64');

describe('Connector', () => {
  const trusted = getCACertificates('default');
  // A proxy is verified by the authorities of the system, as with client-go.
  before(() => setDefaultCACertificates([...trusted, LOOPBACK_CERTIFICATE]));
  after(() => setDefaultCACertificates(trusted));

  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  /** An API server with one object, a watch, and a pod in which every command says hello. */
  async function apiServer(): Promise<ScriptedServer> {
    const collection = new WatchedCollection();
    collection.put('a', {});
    const server = await ScriptedServer.listen(
      (request, response) =>
        request.path.endsWith('/a')
          ? answerJson(response, 200, { metadata: KEY })
          : collection.answer(request, response),
      { scheme: 'https' },
    );
    const sockets = new WebSocketServer({ noServer: true });
    server.server.on('upgrade', (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (opened) => {
        opened.send(channelFrame(CHANNEL.stdout, Buffer.from('hello')));
        opened.send(channelFrame(CHANNEL.status, Buffer.from('{"status":"Success"}')));
      });
    });
    return stack.use(server);
  }

  function clientThrough(proxy: URL | undefined, host = 'k8s.example:6443', cluster = {}) {
    const access = {
      cluster: {
        ...accessTo(`https://${host}`).cluster,
        caData: base64(LOOPBACK_CERTIFICATE),
        tlsServerName: 'localhost',
        ...cluster,
      },
      proxy,
    };
    const harness = clientOf(`https://${host}`, { access });
    stack.use(harness.client);
    return harness;
  }

  for (const [kind, scheme] of [
    ['connect', 'http'],
    ['connect over TLS', 'https'],
    ['socks5', 'socks5'],
    ['socks5', 'socks5h'],
  ] as const) {
    for (const proof of [undefined, 'me:p@ss'] as const) {
      it(`reaches the server through a proxy (${scheme}${proof ? ', with a password' : ''}): requests, watches and exec`, async () => {
        const server = await apiServer();
        const options = { kind, port: server.port, ...(proof === undefined ? {} : { proof }) };
        const proxy = stack.use(await ProxyServer.listen(options));
        const login = proof === undefined ? '' : 'me:p%40ss@';
        const { client } = clientThrough(new URL(`${scheme}://${login}127.0.0.1:${proxy.port}`));
        await client.get(CONFIG_MAPS, KEY, { signal });
        const cache = client.cache(CONFIG_MAPS);
        await cache.synced(signal);
        await eventually('it watches', () => server.requests.some(({ query }) => query.has('watch')));
        const stdout = new PassThrough();
        expect(await client.exec(KEY, { command: ['true'], stdout, signal })).to.equal(0);
        stdout.end();
        expect(await text(stdout)).to.equal('hello');
        expect(proxy.asked.length, 'tunnels for requests, the watch and exec').to.be.within(3, 4);
        expect(new Set(proxy.asked)).to.deep.equal(new Set(['k8s.example:6443']));
        expect(server.requests[0]?.headers.host).to.equal('k8s.example:6443');
        await client[Symbol.asyncDispose]();
        await eventually('all tunnels are closed', () => proxy.connections === 0);
      });
    }

    it(`says which proxy (${scheme}) refused, without its password, and sends nothing`, async () => {
      const server = await apiServer();
      const proxy = stack.use(await ProxyServer.listen({ kind, port: server.port, proof: 'me:right' }));
      const { client } = clientThrough(new URL(`${scheme}://me:wrong@127.0.0.1:${proxy.port}`));
      const error: unknown = await client
        .get(CONFIG_MAPS, KEY, { signal })
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'unavailable');
      expect((error as Error).message)
        .to.contain(`the proxy ${scheme}://127.0.0.1:${proxy.port} gives no connection`)
        .and.not.to.contain('wrong');
      expect(server.requests).to.deep.equal([]);
    });
  }

  it('says that the proxy cannot be reached', async () => {
    const server = await apiServer();
    const { port } = server;
    await server[Symbol.asyncDispose]();
    const { client } = clientThrough(new URL(`http://127.0.0.1:${port}`));
    const error: unknown = await client.get(CONFIG_MAPS, KEY, { signal }).catch((reason: unknown) => reason);
    expect((error as Error).message)
      .to.contain(`the proxy http://127.0.0.1:${port}`)
      .and.to.contain('ECONNREFUSED');
  });

  it('verifies the server by tls-server-name, not by the address', async () => {
    const server = await apiServer();
    const { client } = clientThrough(undefined, `127.0.0.1:${server.port}`, {
      tlsServerName: 'wrong.example',
    });
    const error: unknown = await client.get(CONFIG_MAPS, KEY, { signal }).catch((reason: unknown) => reason);
    expect((error as Error).message).to.contain('tls-server-name');
    expect(server.requests).to.deep.equal([]);
  });

  it('verifies nothing with insecure-skip-tls-verify, and warns of it', async () => {
    const server = await apiServer();
    const cluster = { caData: base64(OTHER_CERTIFICATE), skipTLSVerify: true };
    const { client, logger } = clientThrough(undefined, `127.0.0.1:${server.port}`, cluster);
    await client.get(CONFIG_MAPS, KEY, { signal });
    expect(logger.lines.filter(({ level }) => level === 'warn')).to.have.lengthOf(1);
    expect(logger.lines[0]?.fields).to.deep.equal({
      server: client.server,
      setting: 'insecure-skip-tls-verify',
    });
  });

  it('resumes the TLS session of the connection before', async () => {
    const server = await apiServer();
    const connector = new Connector(new URL(server.url), undefined, new SystemClock());
    const tls = { ca: Buffer.from(LOOPBACK_CERTIFICATE) };
    const isResumed = async () => {
      const socket = await connector.connect(tls, signal);
      const isReused = 'isSessionReused' in socket && (socket.isSessionReused as () => boolean)();
      socket.write('GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      await new Promise((resolve) => socket.resume().once('close', resolve));
      return isReused;
    };
    expect([await isResumed(), await isResumed()]).to.deep.equal([false, true]);
  });

  it('gives up after 10 s, and at once when it is told to', async () => {
    const clock = new FakeClock();
    // It takes connections and never says a word of TLS.
    const silent = stack.use(await ScriptedServer.listen());
    const connector = new Connector(new URL(`https://127.0.0.1:${silent.port}`), undefined, clock);
    const controller = new AbortController();
    const attempts = [connector.connect({}, signal), connector.connect({}, controller.signal)].map(
      (attempt) =>
        attempt.then(
          () => 'connected',
          (error: Error) => error.message,
        ),
    );
    controller.abort(new Error('told to'));
    expect(await attempts[1]).to.equal('told to');
    await clock.advance(10_000);
    expect(await attempts[0]).to.equal(`no connection to 127.0.0.1:${silent.port} within 10 s`);
    await eventually('both are closed', () => silent.sockets.size === 0);
    expect(clock.pending).to.equal(0);
  });
});
