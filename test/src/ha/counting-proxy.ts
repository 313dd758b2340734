import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that may have changed something, as the server answered it. */
export interface CountedWrite {
  readonly method: string;
  /** Bucket and key. */
  readonly path: string;
  readonly status: number;
  /** When the server answered, in milliseconds of `Date.now()`. */
  readonly atMs: number;
}

/** Stands before an S3 server and writes down what a replica changes there; answers that nobody waits for, too. */
export class CountingProxy implements AsyncDisposable {
  /** In the order of the answers. */
  readonly writes: CountedWrite[] = [];
  /** Told of each write. */
  onWrite: (write: CountedWrite) => void = () => undefined;
  readonly #target: URL;
  // A connection that is used again may be closed by the server at that moment, which would be a fault that nobody ordered.
  readonly #agent = new Agent({ keepAlive: false });
  readonly #server: Server;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, response) => this.#pass(incoming, response));
  }

  /** A proxy on the loopback interface for the server at `target`, an http URL. */
  static async start(target: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** The signature covers the Host header, so that it is passed on as it came. */
  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = incoming;
    const { hostname: host, port } = this.#target;
    const outgoing = request({ host, port, method, path: url, headers, agent: this.#agent });
    outgoing.once('response', (answer) => {
      this.#count(method, url, answer.statusCode ?? 0);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    outgoing.once('error', () => response.destroy());
    // What came only in part is not a request.
    incoming.once('close', () => {
      if (!incoming.complete) outgoing.destroy();
    });
    incoming.pipe(outgoing);
  }

  #count(method: string, url: string, status: number): void {
    if (method === 'GET' || method === 'HEAD') return;
    const write = { method, path: url.split('?')[0] ?? '', status, atMs: Date.now() };
    this.writes.push(write);
    this.onWrite(write);
  }
}
