import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { SystemClock } from '@rynxs/kernel';
import { expect } from 'chai';
import { Connector } from './connector.js';
import type { TlsMaterial } from './credentials.js';
import { Exchange } from './exchange.js';
import { eventually } from './testing/client-harness.test.js';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './testing/loopback-certificate.js';
import { ScriptedServer } from './testing/scripted-server.js';
import { Transport } from './transport.js';

const ANONYMOUS: TlsMaterial = { ca: Buffer.from(LOOPBACK_CERTIFICATE) };
const KNOWN: TlsMaterial = { ...ANONYMOUS, cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY };

describe('Transport', () => {
  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  async function setUp() {
    const held: ServerResponse[] = [];
    const options = { scheme: 'https', requestsClientCertificate: true } as const;
    const server = stack.use(
      await ScriptedServer.listen((_request, response) => void held.push(response), options),
    );
    const clock = new SystemClock();
    const transport = new Transport(server.url, new Connector(new URL(server.url), undefined, clock), 8);
    stack.defer(() => transport.close());
    const send = (tls: TlsMaterial) =>
      new Promise<string>((resolve, reject) => {
        const exchange = new Exchange({
          maxAnswerBytes: 1000,
          beforeSend: undefined,
          onAnswer: ({ body }) => resolve(body),
          onUnanswered: reject,
          onFreed: () => undefined,
        });
        transport.dispatch('requests', tls, { method: 'GET', path: '/' }, exchange);
      });
    /** Answers with the name in the client's certificate. */
    const answer = (response: ServerResponse) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate();
      response.end(String(subject?.CN ?? 'nobody'));
    };
    return { server, transport, held, send, answer };
  }

  it('makes new connections for a new client certificate, and ends what is under way on the old ones', async () => {
    const { server, held, send, answer } = await setUp();
    const first = send(ANONYMOUS);
    await eventually('the first is under way', () => held.length === 1);
    const second = send(KNOWN);
    await eventually('the second is under way', () => held.length === 2);
    answer(held[1]!);
    answer(held[0]!);
    expect([await first, await second]).to.deep.equal(['nobody', 'loopback']);
    await eventually('the old connection is closed', () => server.sockets.size === 1);
  });

  it('cuts old connections too when it is closed', async () => {
    const { server, transport, held, send } = await setUp();
    const outcomes = [send(ANONYMOUS), send(KNOWN)].map((sent) => sent.catch(() => 'cut'));
    await eventually('both are under way', () => held.length === 2);
    await transport.close();
    expect(await Promise.all(outcomes)).to.deep.equal(['cut', 'cut']);
    await eventually('all are closed', () => server.sockets.size === 0);
  });
});
