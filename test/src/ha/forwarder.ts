import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Passes connections on to a server on the loopback interface: the end of a replica's cable. */
export class Forwarder implements AsyncDisposable {
  readonly #port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isStalled = false;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((near) => this.#pass(near));
  }

  /** Listens on `address`, for the server at `port`. */
  static async start(address: string, port: number): Promise<Forwarder> {
    const forwarder = new Forwarder(port);
    forwarder.#server.listen(0, address);
    await once(forwarder.#server, 'listening');
    return forwarder;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Passes nothing on any more, and tells nobody: for a network that cannot be cut itself. */
  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Passes on again, also what has come meanwhile. */
  resume(): void {
    this.#isStalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(near: Socket): void {
    const far = connect(this.#port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay();
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause();
      });
      to.on('drain', () => {
        if (!this.#isStalled) from.resume();
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        // What it has sent last may still be on its way: not `destroy`.
        to.end();
      });
      if (this.#isStalled) from.pause();
    }
  }
}
