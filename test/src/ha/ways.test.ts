import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { TestDirectory } from '../rynxs-process.js';
import { AuditTail } from './audit-tail.js';
import { CountingProxy } from './counting-proxy.js';
import { Forwarder } from './forwarder.js';

describe('the way of a replica to a server', () => {
  it('counts what changes something, with the answer, also when nobody waits for it', async () => {
    await using server = await startServer(201);
    await using proxy = await CountingProxy.start(`http://127.0.0.1:${server.port}`);
    const counted = Promise.withResolvers<void>();
    await ask(proxy.port, 'GET', '/bucket/key');
    await ask(proxy.port, 'PUT', '/bucket/key?x-id=PutObject', 'bytes');
    proxy.onWrite = () => counted.resolve();
    server.hold();
    const gone = request({ port: proxy.port, method: 'PUT', path: '/bucket/late', agent: false });
    gone.on('error', () => undefined).end('bytes');
    await server.asked('/bucket/late');
    gone.destroy();
    server.release();
    await counted.promise;
    expect(proxy.writes.map(({ method, path, status }) => `${method} ${path} ${status}`)).to.deep.equal([
      'PUT /bucket/key 201',
      'PUT /bucket/late 201',
    ]);
  });

  it('passes nothing on while it is stalled, and all of it after', async () => {
    await using server = await startServer(200);
    await using forwarder = await Forwarder.start('127.0.0.1', server.port);
    using agent = new DisposableAgent();
    expect(await ask(forwarder.port, 'GET', '/before', undefined, agent)).to.equal('200 /before');
    forwarder.stall();
    const [onOpen, onNew] = [
      ask(forwarder.port, 'GET', '/open', undefined, agent),
      ask(forwarder.port, 'GET', '/new'),
    ];
    // A request around the forwarder, sent later, comes before.
    await ask(server.port, 'GET', '/around');
    expect(server.paths).to.deep.equal(['/before', '/around']);
    forwarder.resume();
    expect([await onOpen, await onNew]).to.deep.equal(['200 /open', '200 /new']);
  });
});

describe('the tail of an audit log', () => {
  it('reads each line once, and none in part', async () => {
    using directory = new TestDirectory();
    const file = join(directory.path, 'audit.log');
    writeFileSync(file, '{"verb":"get"}\n{"verb":"up');
    const tail = new AuditTail(file);
    expect(await tail.next()).to.deep.equal([{ verb: 'get' }]);
    expect(await tail.next()).to.deep.equal([]);
    appendFileSync(file, 'date"}\n');
    expect(await tail.next()).to.deep.equal([{ verb: 'update' }]);
  });
});

class DisposableAgent extends Agent implements Disposable {
  constructor() {
    super({ keepAlive: true, maxSockets: 1 });
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Answers with a status, and the path that was asked for. */
async function startServer(status: number) {
  const paths: string[] = [];
  let held: Promise<void> = Promise.resolve();
  let release: () => void = () => undefined;
  let onAsk: () => void = () => undefined;
  const server = createServer(async (incoming, response) => {
    await text(incoming);
    paths.push(incoming.url ?? '');
    onAsk();
    await held;
    response.writeHead(status).end(incoming.url);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    paths,
    /** Answers nothing until `release`. */
    hold() {
      ({ promise: held, resolve: release } = Promise.withResolvers<void>());
    },
    release: () => release(),
    async asked(path: string): Promise<void> {
      while (!paths.includes(path))
        await new Promise<void>((resolve) => {
          onAsk = resolve;
        });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function ask(
  port: number,
  method: string,
  path: string,
  body?: string,
  agent?: Agent,
): Promise<string> {
  const sent = request({ port, method, path, agent: agent ?? false });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  return `${answer.statusCode} ${await text(answer)}`;
}
