import { PassThrough } from 'node:stream';
import type { ResourceType } from '@rynxs/kernel';
import { expect } from 'chai';
import { type WebSocket, WebSocketServer } from 'ws';
import { CHANNEL, channelFrame } from './exec-channels.js';
import { accessTo, CONFIG_MAPS, clientOf, eventually, LEASES } from './testing/client-harness.test.js';
import { LOOPBACK_CERTIFICATE } from './testing/loopback-certificate.js';
import { answerJson, ScriptedServer } from './testing/scripted-server.js';
import { WatchedCollection } from './testing/watched-collection.js';

const { signal } = new AbortController();
const AT_A_TIME = 200;
const ROUNDS = 2;
const WATCHED: readonly ResourceType[] = ['pods', 'configmaps', 'secrets', 'services', 'endpoints'].map(
  (plural) => ({
    ...CONFIG_MAPS,
    plural,
  }),
);

describe('connections to the API server', () => {
  it(`are 8 for ${AT_A_TIME} requests at a time, 1 for the Lease, 1 for each watch, 1 for each exec`, async () => {
    await using server = await ScriptedServer.listen(
      (request, response) => {
        if (request.method === 'GET') collection.answer(request, response);
        else answerJson(response, 200, JSON.parse(request.body));
      },
      { scheme: 'https' },
    );
    const collection = new WatchedCollection();
    const commands: WebSocket[] = [];
    const sockets = new WebSocketServer({ noServer: true });
    server.server.on('upgrade', (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (opened) => void commands.push(opened));
    });
    let most = 0;
    server.server.on('connection', () => {
      most = Math.max(most, server.sockets.size);
    });
    const caData = Buffer.from(LOOPBACK_CERTIFICATE).toString('base64');
    const cluster = { ...accessTo(server.url).cluster, caData };
    await using client = clientOf(server.url, { access: { cluster } }).client;

    const caches = WATCHED.map((resource) => client.cache(resource));
    await Promise.all(caches.map((cache) => cache.synced(signal)));
    await eventually('all are watched', () => collection.watcherCount === WATCHED.length);
    const pod = { namespace: 'default', name: 'pod' };
    const stdout = new PassThrough().resume();
    const execs = [1, 2].map(() => client.exec(pod, { command: ['true'], stdout, signal }));
    await eventually('both commands run', () => commands.length === 2);
    const write = async (number: number) => {
      const metadata = { namespace: 'default', name: `a-${number}`, uid: 'u', resourceVersion: '1' };
      if (number % 10 === 0) await client.update(LEASES, { metadata }, { signal });
      else await client.create(CONFIG_MAPS, { metadata }, { signal });
    };
    await Promise.all(
      Array.from({ length: AT_A_TIME }, async (_, worker) => {
        for (let round = 0; round < ROUNDS; round += 1) await write(worker * ROUNDS + round);
      }),
    );
    for (const command of commands)
      command.send(channelFrame(CHANNEL.status, Buffer.from('{"status":"Success"}')));
    expect(await Promise.all(execs)).to.deep.equal([0, 0]);

    expect(server.requests.filter(({ method }) => method !== 'GET')).to.have.lengthOf(AT_A_TIME * ROUNDS);
    expect(most).to.equal(8 + 1 + WATCHED.length + execs.length);
    expect(server.connectionCount, 'all were kept alive').to.equal(most);
  }).timeout(10_000);
});
