import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-certificate.js';

export interface ProxyOptions {
  readonly kind: 'connect' | 'connect over TLS' | 'socks5';
  /** `name:password` that it asks for. */
  readonly proof?: string;
  /** Where all tunnels end, whatever they are asked for. */
  readonly port: number;
}

/** A proxy on loopback, whose tunnels all end at one port there: so it reaches names that do not exist. */
export class ProxyServer implements AsyncDisposable {
  /** What tunnels were asked for, as `host:port`. */
  readonly asked: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #options: ProxyOptions;

  private constructor(options: ProxyOptions) {
    this.#options = options;
    this.#server = options.kind === 'socks5' ? this.#socksServer() : this.#connectServer(options.kind);
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
  }

  static async listen(options: ProxyOptions): Promise<ProxyServer> {
    const proxy = new ProxyServer(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The open connections to it. */
  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
  }

  #connectServer(kind: 'connect' | 'connect over TLS'): Server {
    const tls = { cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY };
    const server = kind === 'connect' ? createHttpServer() : createTlsServer(tls);
    const { proof } = this.#options;
    const expected = proof === undefined ? undefined : `Basic ${Buffer.from(proof).toString('base64')}`;
    return server.on('connect', (request, client: Socket) => {
      this.asked.push(request.url ?? '');
      if (request.headers['proxy-authorization'] === expected) {
        this.#join(client, () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
      } else client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
  }

  /** RFC 1928 and 1929, for messages that come in one piece each, as they do on loopback. */
  #socksServer(): Server {
    return createServer((client) => void this.#serveSocks(client).catch(() => client.destroy()));
  }

  async #serveSocks(client: Socket): Promise<void> {
    const read = async () => ((await once(client, 'data')) as [Buffer])[0];
    const { proof } = this.#options;
    await read();
    client.write(Buffer.from([5, proof === undefined ? 0 : 2]));
    if (proof !== undefined) {
      const answer = await read();
      const nameLength = answer[1] ?? 0;
      const name = answer.toString('utf8', 2, 2 + nameLength);
      const isRight = `${name}:${answer.toString('utf8', 3 + nameLength)}` === proof;
      client.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return;
    }
    const request = await read();
    const [isName, length] = [request[3] === 3, request[4] ?? 0];
    const host = isName ? request.toString('utf8', 5, 5 + length) : request.subarray(4, 8).join('.');
    this.asked.push(`${host}:${request.readUInt16BE(isName ? 5 + length : 8)}`);
    this.#join(client, () => client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])));
  }

  #join(client: Socket, onConnected: () => void): void {
    const server = connect({ host: '127.0.0.1', port: this.#options.port }, () => {
      onConnected();
      client.pipe(server).pipe(client);
    });
    this.#keep(server);
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  }
}
