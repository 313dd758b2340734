import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ClusterError, type LogOptions } from '@rynxs/kernel';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { type ClientOptions, clientOf, eventually } from './testing/client-harness.test.js';
import { answerJson, type Script, ScriptedServer, statusObject } from './testing/scripted-server.js';

const POD = { namespace: 'team', name: 'web-0' };

describe('logs', () => {
  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  async function setUp(script: Script, options: ClientOptions = {}) {
    const server = stack.use(await ScriptedServer.listen(script));
    const harness = clientOf(server.url, options);
    stack.use(harness.client);
    const output = new PassThrough();
    const read = (wanted: Partial<LogOptions> = {}) =>
      harness.client.logs(POD, { output, signal: new AbortController().signal, ...wanted });
    return { server, output, read, ...harness };
  }

  async function errorOf(attempt: Promise<unknown>): Promise<ClusterError> {
    const error: unknown = await attempt.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError);
    return error as ClusterError;
  }

  it('ask for the part that is wanted, and hand it on without ending the output', async () => {
    const { server, output, read } = await setUp((_request, response) => response.end('one\ntwo\n'));
    await read({
      container: 'main',
      follow: true,
      previous: true,
      tailLines: 2,
      since: new Date('2026-01-01T00:00:00Z'),
    });
    await read();
    expect(output.writableEnded).to.equal(false);
    expect(await text(output.end())).to.equal('one\ntwo\none\ntwo\n');
    expect(server.requests.map(({ path }) => path)).to.deep.equal(
      Array(2).fill('/api/v1/namespaces/team/pods/web-0/log'),
    );
    expect(Object.fromEntries(server.requests[0]?.query ?? [])).to.deep.equal({
      container: 'main',
      follow: 'true',
      previous: 'true',
      tailLines: '2',
      sinceTime: '2026-01-01T00:00:00.000Z',
    });
    expect([...(server.requests[1]?.query ?? [])]).to.deep.equal([]);
  });

  it('come as they are written, for longer than any deadline', async () => {
    const clock = new FakeClock();
    const { read, output } = await setUp(
      (_request, response) =>
        void response.write('first\n', () => {
          held.push(() => response.end('last\n'));
        }),
      { clock },
    );
    const held: (() => void)[] = [];
    const done = read({ follow: true });
    await eventually('the first line is there', () => output.readableLength > 0);
    expect(String(output.read())).to.equal('first\n');
    await clock.advance(3_600_000);
    held[0]?.();
    await done;
    expect(String(output.read())).to.equal('last\n');
  });

  it('wait for a slow reader', async () => {
    const size = 32 << 20;
    const { server, read } = await setUp((_request, response) => response.end(Buffer.alloc(size)));
    let bytes = 0;
    let goOn: (() => void) | undefined;
    const output = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _encoding, done) => {
        bytes += chunk.length;
        if (goOn === undefined) goOn = done;
        else done();
      },
    });
    const done = read({ output });
    await eventually('the reader is stuck', () => goOn !== undefined);
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(server.requests[0]?.socket.writableLength).to.be.above(0);
    expect(output.listenerCount('drain')).to.equal(1);
    goOn?.();
    await done;
    await eventually('all is there', () => bytes === size);
  });

  for (const [what, script, reason] of [
    [
      'there is no such pod',
      (_request, response) => answerJson(response, 404, statusObject(404, 'NotFound', 'no pod')),
      'missing',
    ],
    [
      'the container is not named',
      (_request, response) =>
        answerJson(response, 400, statusObject(400, 'BadRequest', 'choose one of: a, b')),
      'invalid',
    ],
    ['the connection is cut', (request) => request.socket.resetAndDestroy(), 'ambiguous'],
  ] as const satisfies readonly (readonly [string, Script, string])[]) {
    it(`fail as ${reason} when ${what}`, async () => {
      const { read, output } = await setUp(script);
      const error = await errorOf(read());
      expect(error.reason).to.equal(reason);
      expect(error.message).to.contain('cannot read the log of pods team/web-0');
      expect(output.readableLength).to.equal(0);
    });
  }

  it('are given up when no answer begins in time', async () => {
    const clock = new FakeClock();
    const { server, read } = await setUp(() => undefined, { clock });
    const failed = errorOf(read());
    await eventually('the server has the request', () => server.requests.length === 1);
    await clock.advance(10_000);
    expect((await failed).message).to.contain('no answer before the deadline');
    await eventually('the connection is cut', () => server.sockets.size === 0);
  });

  it('end with the caller’s signal, the client, or the reader', async () => {
    for (const how of ['signal', 'client', 'reader'] as const) {
      let writing: (() => void) | undefined;
      const { client, server, read } = await setUp((_request, response) => {
        response.write('line\n');
        writing = () => void response.write('another\n');
      });
      const controller = new AbortController();
      const output = new PassThrough();
      const failed = errorOf(read({ follow: true, signal: controller.signal, output }));
      await eventually('the log begins', () => output.readableLength > 0);
      if (how === 'signal') controller.abort();
      else if (how === 'client') await client[Symbol.asyncDispose]();
      else {
        output.destroy();
        writing?.();
      }
      expect((await failed).reason, how).to.equal('aborted');
      await eventually('the connection is cut', () => server.sockets.size === 0);
    }
  });
});
