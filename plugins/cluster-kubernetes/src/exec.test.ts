import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ClusterError, type ExecOptions } from '@rynxs/kernel';
import { expect } from 'chai';
import { type WebSocket, WebSocketServer } from 'ws';
import { CHANNEL, channelFrame, outcomeOf } from './exec-channels.js';
import { clientOf, eventually } from './testing/client-harness.test.js';
import { ScriptedServer, statusObject } from './testing/scripted-server.js';

const POD = { namespace: 'team', name: 'web-0' };
const SUCCESS = JSON.stringify({ kind: 'Status', status: 'Success' });
const exitStatus = (code: number) =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });

describe('exec', () => {
  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  /** A pod's exec subresource whose far end the test plays. */
  async function setUp(
    onOpen: (socket: WebSocket) => void,
    protocols: readonly string[] = ['v5.channel.k8s.io'],
  ) {
    const server = stack.use(await ScriptedServer.listen());
    const handleProtocols = (offered: Set<string>) =>
      protocols.find((protocol) => offered.has(protocol)) ?? false;
    const sockets = new WebSocketServer({ noServer: true, handleProtocols });
    const urls: URL[] = [];
    server.server.on('upgrade', (request, socket, head) => {
      urls.push(new URL(request.url ?? '', server.url));
      sockets.handleUpgrade(request, socket, head, (opened) => onOpen(opened));
    });
    const { client } = clientOf(server.url);
    stack.use(client);
    const run = (options: Partial<ExecOptions> = {}) =>
      client.exec(POD, { command: ['sh'], signal: new AbortController().signal, ...options });
    return { server, client, run, urls };
  }

  const say = (socket: WebSocket, channel: number, words: string) =>
    socket.send(channelFrame(channel, Buffer.from(words)));

  it('runs a command with its arguments and hands its output on', async () => {
    const { run, urls } = await setUp((socket) => {
      say(socket, CHANNEL.stdout, 'out');
      say(socket, CHANNEL.stderr, 'err');
      say(socket, CHANNEL.stdout, 'put');
      say(socket, CHANNEL.status, SUCCESS);
    });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    expect(await run({ command: ['sh', '-c', 'a & b'], container: 'main', stdout, stderr })).to.equal(0);
    stdout.end();
    stderr.end();
    expect([await text(stdout), await text(stderr)]).to.deep.equal(['output', 'err']);
    expect(urls[0]?.pathname).to.equal('/api/v1/namespaces/team/pods/web-0/exec');
    expect(urls[0]?.searchParams.getAll('command')).to.deep.equal(['sh', '-c', 'a & b']);
    expect(Object.fromEntries(urls[0]?.searchParams ?? [])).to.include({
      container: 'main',
      stdin: 'false',
      stdout: 'true',
      stderr: 'true',
      tty: 'false',
    });
  });

  it('resolves to the exit code', async () => {
    const { run } = await setUp((socket) => say(socket, CHANNEL.status, exitStatus(42)));
    expect(await run()).to.equal(42);
  });

  it('loses no output that comes together with the answer to the handshake', async () => {
    for (let count = 0; count < 20; count += 1) {
      const { run } = await setUp((socket) => {
        say(socket, CHANNEL.stdout, 'early');
        say(socket, CHANNEL.status, SUCCESS);
        socket.close();
      });
      const stdout = new PassThrough();
      expect(await run({ stdout })).to.equal(0);
      expect(stdout.read()?.toString()).to.equal('early');
    }
  });

  it('feeds the input and closes it (v5)', async () => {
    const received: Buffer[] = [];
    const { run } = await setUp((socket) => {
      socket.on('message', (data: Buffer) => {
        received.push(data);
        if (data[0] === CHANNEL.close) say(socket, CHANNEL.status, SUCCESS);
      });
    });
    const stdin = new PassThrough();
    stdin.end('input');
    expect(await run({ stdin })).to.equal(0);
    expect(received.map((data) => [...data])).to.deep.equal([
      [0, ...Buffer.from('input')],
      [255, 0],
    ]);
  });

  it('speaks v4 where v5 is unknown, and does not close the input there', async () => {
    const received: number[] = [];
    const { run } = await setUp(
      (socket) => {
        expect(socket.protocol).to.equal('v4.channel.k8s.io');
        socket.on('message', (data: Buffer) => {
          received.push(data[0] ?? -1);
          say(socket, CHANNEL.status, SUCCESS);
        });
      },
      ['v4.channel.k8s.io'],
    );
    const stdin = new PassThrough();
    stdin.end('input');
    expect(await run({ stdin })).to.equal(0);
    expect(received).to.deep.equal([CHANNEL.stdin]);
  });

  it('holds the socket up while the reader is slow', async () => {
    let socket: WebSocket | undefined;
    const { run } = await setUp((opened) => {
      socket = opened;
      for (let count = 0; count < 64; count += 1)
        opened.send(channelFrame(CHANNEL.stdout, Buffer.alloc(1 << 20)));
      say(opened, CHANNEL.status, SUCCESS);
    });
    let bytes = 0;
    let goOn: (() => void) | undefined;
    const stdout = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _encoding, done) => {
        bytes += chunk.length;
        if (goOn === undefined) goOn = done;
        else done();
      },
    });
    const exitCode = run({ stdout });
    await eventually('the reader is stuck', () => goOn !== undefined);
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(socket?.bufferedAmount).to.be.above(32 << 20);
    expect(stdout.listenerCount('drain')).to.equal(1);
    goOn?.();
    expect(await exitCode).to.equal(0);
    expect(bytes).to.equal(64 << 20);
  });

  it('is ambiguous when the connection ends before the exit code', async () => {
    const { run } = await setUp((socket) => socket.terminate());
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'ambiguous');
    expect((error as Error).message).to.match(/^cannot exec into pods team\/web-0 at http:/);
  });

  it('is ambiguous when the caller gives up, and ends the connection', async () => {
    let opened: WebSocket | undefined;
    const { run } = await setUp((socket) => {
      opened = socket;
    });
    const controller = new AbortController();
    const outcome = run({ signal: controller.signal }).catch((reason: unknown) => reason);
    await eventually('it runs', () => opened !== undefined);
    const closed = once(opened as WebSocket, 'close');
    controller.abort();
    expect(await outcome).to.be.instanceOf(ClusterError);
    await closed;
  });

  it('is aborted when the signal has aborted before', async () => {
    const { run, urls } = await setUp(() => undefined);
    const error: unknown = await run({ signal: AbortSignal.abort() }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'aborted');
    expect(urls).to.deep.equal([]);
  });

  it('reports what the node says when it cannot run the command', async () => {
    const failure = JSON.stringify({
      status: 'Failure',
      reason: 'InternalError',
      message: 'no such file: nope',
    });
    const { run } = await setUp((socket) => say(socket, CHANNEL.status, failure));
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'unavailable');
    expect((error as Error).message).to.contain('no such file: nope');
  });

  it('reports a refused handshake as any other answer', async () => {
    const { server, client } = await setUp(() => undefined);
    server.server.removeAllListeners('upgrade');
    server.script = (_request, response) => {
      const body = JSON.stringify(statusObject(404, 'NotFound', 'pods "web-0" not found'));
      response.writeHead(404).end(body);
    };
    server.server.on('upgrade', (_request, socket) => {
      const body = JSON.stringify(statusObject(404, 'NotFound', 'pods "web-0" not found'));
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const { signal } = new AbortController();
    const error: unknown = await client
      .exec(POD, { command: ['sh'], signal })
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'missing');
    expect((error as Error).message).to.contain('pods "web-0" not found');
  });
});

describe('the status at the end of a command', () => {
  it('that is no Status is shown as it is', () => {
    expect(outcomeOf('container not running')).to.deep.equal({
      kind: 'failed',
      message: 'container not running',
    });
  });
});
