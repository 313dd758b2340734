import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-certificate.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly socket: Socket;
}

/** Answers a request, or leaves it unanswered. */
export type Script = (request: ReceivedRequest, response: ServerResponse) => void;

/** A real HTTP(S) server on loopback whose answers the test writes. */
export class ScriptedServer implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  /** Connections that are open. */
  readonly sockets = new Set<Socket>();
  /** Connections that were ever opened. */
  connectionCount = 0;
  script: Script;
  readonly server: Server;
  readonly #scheme: 'http' | 'https';

  private constructor(script: Script, scheme: 'http' | 'https', requestsClientCertificate: boolean) {
    this.script = script;
    this.#scheme = scheme;
    const tls = {
      cert: LOOPBACK_CERTIFICATE,
      key: LOOPBACK_KEY,
      ca: LOOPBACK_CERTIFICATE,
      requestCert: requestsClientCertificate,
      rejectUnauthorized: false,
    };
    this.server = scheme === 'https' ? createTlsServer(tls) : createServer();
    this.server.on('request', (request, response) => void this.#receive(request, response));
    this.server.on('connection', (socket: Socket) => {
      this.connectionCount += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    });
  }

  static async listen(
    script: Script = () => undefined,
    options: { readonly scheme?: 'http' | 'https'; readonly requestsClientCertificate?: boolean } = {},
  ): Promise<ScriptedServer> {
    const { scheme = 'http', requestsClientCertificate = false } = options;
    const scripted = new ScriptedServer(script, scheme, requestsClientCertificate);
    scripted.server.listen(0, '127.0.0.1');
    await once(scripted.server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** Cuts all connections, as a crash does. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The client went away while it was sending: there is nobody to answer.
      return;
    }
    const received: ReceivedRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      socket: request.socket,
    };
    this.requests.push(received);
    this.script(received, response);
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** The Status object of a failure. */
export function statusObject(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code };
}
