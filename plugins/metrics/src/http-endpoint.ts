import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rynxsError } from '@rynxs/kernel';

/** What a page answers. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Pages by path. Each is made anew for every request. */
export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
  /** Environment variable that sets the port, for the remedy when the port is taken. */
  readonly portVariable: string;
}

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/** A small HTTP server of read-only pages. */
export class HttpEndpoint {
  readonly #server: Server;
  readonly #underWay: ReadonlySet<Promise<void>>;

  private constructor(
    server: Server,
    underWay: ReadonlySet<Promise<void>>,
    /** `http://<host>:<port>`, with a loopback address where the server listens on all. */
    readonly url: string,
  ) {
    this.#server = server;
    this.#underWay = underWay;
  }

  /** Listens; throws RYNXS_METRICS_PORT when the address cannot be had. Later troubles go to `onError`. */
  static async listen(
    address: EndpointAddress,
    pages: Pages,
    onError: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<HttpEndpoint> {
    signal.throwIfAborted();
    const underWay = new Set<Promise<void>>();
    const server = createServer((request, response) => {
      const answered = answer(pages, request, response).finally(() => underWay.delete(answered));
      underWay.add(answered);
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.headersTimeout = REQUEST_TIMEOUT_MS;
    server.listen({ host: address.host, port: address.port });
    try {
      // Rejects on the server's 'error' event too.
      await once(server, 'listening', { signal });
    } catch (cause) {
      server.close();
      signal.throwIfAborted();
      throw rynxsError(
        'RYNXS_METRICS_PORT',
        {
          address: authority(address.host, address.port),
          variable: address.portVariable,
          detail: explain(cause),
        },
        { cause },
      );
    }
    // Out of file descriptors, for one: this connection is lost, the server goes on.
    server.on('error', onError);
    const { port } = server.address() as AddressInfo;
    return new HttpEndpoint(server, underWay, `http://${authority(reachable(address.host), port)}`);
  }

  /** Stops listening and waits for answers under way; cuts them off when `signal` aborts. */
  async close(signal: AbortSignal): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cut = (): void => this.#server.closeAllConnections();
    signal.addEventListener('abort', cut, { once: true });
    if (signal.aborted) cut();
    await Promise.all(this.#underWay);
    // What is left has asked for nothing.
    cut();
    await closed;
    signal.removeEventListener('abort', cut);
  }
}

async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = await pageFor(pages, request);
  response.writeHead(page.status, {
    'content-type': page.contentType,
    'content-length': Buffer.byteLength(page.body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : page.body);
  // Also when the client went away, which is its own business.
  await new Promise<void>((resolve) => response.once('close', resolve));
}

async function pageFor(pages: Pages, request: IncomingMessage): Promise<Page> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return text(405, 'only GET and HEAD are served here\n');
  }
  const path = request.url?.split('?', 1)[0] ?? '/';
  const make = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (make === undefined) return text(404, `no such page; there is ${Object.keys(pages).join(', ')}\n`);
  try {
    return await make();
  } catch (error) {
    return text(500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

/** A page of plain text. */
export function text(status: number, body: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function explain(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return 'another process listens there';
  if (code === 'EACCES') return 'listening there is not permitted';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address';
  return cause instanceof Error ? cause.message : String(cause);
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function authority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
