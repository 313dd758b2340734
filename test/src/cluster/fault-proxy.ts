import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What happens to a request: `reset` ends the connection before the server sees it, `lost` after the server has
 * answered; `hang` leaves it without an answer; `delayMs` passes it on so much later; a status is answered instead of the
 * server, as S3 says errors, and `late` has the server carry the request out before.
 */
export type ProxyFault =
  | 'reset'
  | 'lost'
  | 'hang'
  | { readonly delayMs: number }
  | { readonly status: number; readonly code: string; readonly late?: boolean };

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** Stands between the store and a real server, and spoils what it is told to. */
export class FaultProxy implements AsyncDisposable {
  /** Asked for each request. */
  fault: (request: ProxiedRequest) => ProxyFault | undefined = () => undefined;
  readonly requests: ProxiedRequest[] = [];
  readonly #target: URL;
  readonly #server: Server;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, response) => {
      this.#pass(incoming, response).catch(() => response.destroy());
    });
  }

  /** A proxy for the server at `target`, an http URL. */
  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Spoils the next PUT whose path contains `part`, once. */
  spoilNextPut(part: string, fault: ProxyFault): void {
    const before = this.fault;
    this.fault = (seen) => {
      if (seen.method !== 'PUT' || !seen.path.includes(part)) return before(seen);
      this.fault = before;
      return fault;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers: sent } = incoming;
    const seen = { method, path, headers: sent };
    this.requests.push(seen);
    const fault = this.fault(seen);
    if (fault === 'hang') return;
    if (fault === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (isRefusal(fault) && fault.late !== true) {
      refuse(response, fault.status, fault.code);
      return;
    }
    if (typeof fault === 'object' && 'delayMs' in fault) await delay(fault.delayMs);
    const { status, headers, body } = await this.#forward(incoming, Buffer.concat(chunks));
    if (fault === 'lost') incoming.socket.resetAndDestroy();
    else if (isRefusal(fault)) refuse(response, fault.status, fault.code);
    else response.writeHead(status, headers).end(body);
  }

  /** The signature covers the Host header, so that it is passed on as it came. */
  async #forward(
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
    const outgoing = request({
      host: this.#target.hostname,
      port: this.#target.port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) };
  }
}

function isRefusal(fault: ProxyFault | undefined): fault is Extract<ProxyFault, { readonly status: number }> {
  return typeof fault === 'object' && 'status' in fault;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>as told</Message></Error>`);
}
