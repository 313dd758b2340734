import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, ExecOptions } from '@rynxs/kernel';
import type WebSocket from 'ws';
import { describeConnectionError, errorOfAnswer, errorOfConnection, failure } from './cluster-errors.js';
import type { Connector } from './connector.js';
import type { Credentials } from './credentials.js';
import { EXEC_PROTOCOLS } from './exec-channels.js';
import { ExecSession } from './exec-session.js';
import type { Subject } from './subject.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Runs a command in a pod over a WebSocket and resolves to its exit code. `url` is the pod's exec subresource. Rejects
 * with ClusterError: as for any request while connecting, `ambiguous` when the connection ends before the command does
 * (also when the caller gives up), `unavailable` when the node could not run the command.
 */
export async function execInPod(
  url: URL,
  options: ExecOptions,
  credentials: Credentials,
  connector: Connector,
  subject: Subject,
  clock: Clock,
): Promise<number> {
  const { signal } = options;
  if (signal.aborted) throw failure('aborted', subject, 'given up before it was sent', signal.reason);
  const { default: WebSocketClient } = await import('ws');
  const connection = await connected(connector, credentials, signal, subject);
  const socket = new WebSocketClient(withQuery(url, options), [...EXEC_PROTOCOLS], {
    createConnection: () => connection,
    headers: headerMap(credentials.headers),
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  const session = new ExecSession(socket, options, subject);
  await opened(socket, signal, subject, clock);
  return session.run();
}

async function connected(
  connector: Connector,
  { tls }: Credentials,
  signal: AbortSignal,
  subject: Subject,
): Promise<Socket> {
  try {
    return await connector.connect(tls, signal);
  } catch (error) {
    if (signal.aborted) throw failure('aborted', subject, 'given up while connecting', signal.reason);
    throw errorOfConnection(error, subject, false);
  }
}

function opened(socket: WebSocket, signal: AbortSignal, subject: Subject, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
      socket.terminate();
    };
    const onAbort = () => fail(failure('aborted', subject, 'given up while connecting', signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('open', () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    // Without a listener of its own an error during `terminate` would end the process.
    socket.on('error', (error) =>
      fail(failure('unavailable', subject, describeConnectionError(error), error)),
    );
    socket.once('unexpected-response', (_request, response) => {
      refusalOf(response, subject, clock).then(fail, fail);
    });
  });
}

async function refusalOf(response: IncomingMessage, subject: Subject, clock: Clock): Promise<Error> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  const answer = {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    body: Buffer.concat(chunks).toString('utf8'),
    isWrite: true,
  };
  return errorOfAnswer(answer, subject, clock.now());
}

function withQuery(url: URL, { command, container, stdin, stdout, stderr, tty }: ExecOptions): URL {
  const target = new URL(url);
  target.protocol = target.protocol === 'https:' ? 'wss:' : 'ws:';
  for (const part of command) target.searchParams.append('command', part);
  if (container !== undefined) target.searchParams.set('container', container);
  target.searchParams.set('stdin', String(stdin !== undefined));
  target.searchParams.set('stdout', String(stdout !== undefined));
  // A terminal has one output.
  target.searchParams.set('stderr', String(stderr !== undefined && tty !== true));
  target.searchParams.set('tty', String(tty === true));
  return target;
}

function headerMap(headers: readonly string[]): Record<string, string | string[]> {
  const map: Record<string, string | string[]> = { 'user-agent': 'rynxs' };
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2);
    const known = map[name];
    map[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return map;
}
