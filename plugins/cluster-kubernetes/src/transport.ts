import type { Clock } from '@rynxs/kernel';
import type { TlsMaterial } from './credentials.js';
import type { Connector } from './http/connector.js';
import { HttpConnection, type HttpRequest, type ResponseHandler } from './http/http-connection.js';

/** Where a request goes. Each lane has connections of its own, so that a full one never holds up another. */
export type Lane = 'requests' | 'leases' | WatchLane;
/** One per watch, so that a watch is one connection, kept when it is opened again. */
export type WatchLane = `watch ${number}`;

// Below the idle time-outs of the API server (90 s) and of cloud load balancers (60 s).
const MAX_IDLE_MS = 30_000;

interface IdleConnection {
  readonly connection: HttpConnection;
  readonly sinceMs: number;
}

/** Connections of one set of TLS material that wait for a request, by lane; those used last stand last. */
interface Generation {
  readonly tls: TlsMaterial;
  readonly idle: Map<Lane, IdleConnection[]>;
}

/**
 * The connections to one API server: HTTP/1.1, kept alive, one request at a time on each. How many there are follows
 * from how many requests are given at a time: a free connection of the lane is used first, else a new one is made.
 */
export class Transport {
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #open = new Set<HttpConnection>();
  #current: Generation | undefined;

  constructor(connector: Connector, clock: Clock) {
    this.#connector = connector;
    this.#clock = clock;
  }

  /** Sends a request in a lane, on a connection made with `tls`. Throws when the transport is closed. */
  dispatch(lane: Lane, tls: TlsMaterial, request: HttpRequest, handler: ResponseHandler): void {
    this.#closing.signal.throwIfAborted();
    const generation = this.#generation(tls);
    const idle = this.#takeIdle(generation, lane);
    if (idle !== undefined) idle.send(request, handler);
    else void this.#connect(generation, lane, request, handler);
  }

  /** Cuts all connections; what is under way fails. */
  close(): void {
    const error = new Error('the client is closed');
    this.#closing.abort(error);
    for (const connection of [...this.#open]) connection.destroy(error);
  }

  /** A connection keeps the client certificate that it was made with; what is under way ends on the old ones. */
  #generation(tls: TlsMaterial): Generation {
    if (this.#current?.tls === tls) return this.#current;
    const old = [...(this.#current?.idle.values() ?? [])].flat();
    this.#current = { tls, idle: new Map() };
    for (const { connection } of old) connection.destroy(replacedError());
    return this.#current;
  }

  /** The one that was used last, so that the others grow old and end when there is less to do. */
  #takeIdle(generation: Generation, lane: Lane): HttpConnection | undefined {
    const idle = generation.idle.get(lane) ?? [];
    const last = idle.pop();
    if (last === undefined) return undefined;
    if (this.#clock.monotonic() - last.sinceMs < MAX_IDLE_MS) return last.connection;
    // Those before it are older still.
    for (const { connection } of [...idle, last]) connection.destroy(new Error('idle for too long'));
    return undefined;
  }

  async #connect(
    generation: Generation,
    lane: Lane,
    request: HttpRequest,
    handler: ResponseHandler,
  ): Promise<void> {
    let connection: HttpConnection;
    try {
      const socket = await this.#connector.connect(generation.tls, this.#closing.signal);
      connection = new HttpConnection(socket, {
        onFree: () => this.#onFree(generation, lane, connection),
        onClose: () => this.#onClose(generation, lane, connection),
      });
      this.#open.add(connection);
    } catch (error) {
      handler.onError(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    connection.send(request, handler);
  }

  #onFree(generation: Generation, lane: Lane, connection: HttpConnection): void {
    if (generation !== this.#current) {
      connection.destroy(replacedError());
      return;
    }
    const idle = generation.idle.get(lane);
    const entry = { connection, sinceMs: this.#clock.monotonic() };
    if (idle === undefined) generation.idle.set(lane, [entry]);
    else idle.push(entry);
  }

  #onClose(generation: Generation, lane: Lane, connection: HttpConnection): void {
    this.#open.delete(connection);
    const idle = generation.idle.get(lane);
    const index = idle?.findIndex((entry) => entry.connection === connection) ?? -1;
    if (index !== -1) idle?.splice(index, 1);
  }
}

function replacedError(): Error {
  return new Error('the credentials of the connection were replaced');
}
