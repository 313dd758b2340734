import type { Dispatcher, Pool as UndiciPool } from 'undici';
// The package's index also loads fetch, WebSocket and caches: 14 MB and 25 ms that nothing here uses.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Connector } from './connector.js';
import type { TlsMaterial } from './credentials.js';

/** Where a request goes. Each lane has connections of its own, so that a full one never holds up another. */
export type Lane = 'requests' | 'leases' | 'logs' | WatchLane;
/** One per watch, so that a watch is one connection, kept when it is opened again. */
export type WatchLane = `watch ${number}`;

// Below the idle time-outs of the API server (90 s) and of cloud load balancers (60 s).
const KEEP_ALIVE_MS = 30_000;

/** The connections to one API server: HTTP/1.1, kept alive, one request at a time on each. */
export class Transport {
  readonly #origin: string;
  readonly #connector: Connector;
  readonly #maxConnections: number;
  readonly #closing = new AbortController();
  #tls: TlsMaterial | undefined;
  readonly #pools = new Map<Lane, UndiciPool>();
  readonly #retired = new Set<UndiciPool>();

  /** `maxConnections` bounds the lane `requests`. */
  constructor(origin: string, connector: Connector, maxConnections: number) {
    this.#origin = origin;
    this.#connector = connector;
    this.#maxConnections = maxConnections;
  }

  /** Sends a request in a lane, on a connection made with `tls`. Throws when the transport is closed. */
  dispatch(
    lane: Lane,
    tls: TlsMaterial,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    this.#closing.signal.throwIfAborted();
    if (this.#tls !== tls) {
      // A connection keeps the client certificate that it was made with; what is under way ends on the old ones.
      this.#retire();
      this.#tls = tls;
    }
    let pool = this.#pools.get(lane);
    if (pool === undefined) {
      pool = this.#pool(tls, this.#connectionsOf(lane));
      this.#pools.set(lane, pool);
    }
    pool.dispatch(options, handler);
  }

  /** Cuts all connections; what is under way fails. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the client is closed'));
    const pools = [...this.#pools.values(), ...this.#retired];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /** Each open log has a connection; how many there are is up to who opens them. */
  #connectionsOf(lane: Lane): number | null {
    if (lane === 'logs') return null;
    return lane === 'requests' ? this.#maxConnections : 1;
  }

  #retire(): void {
    for (const pool of this.#pools.values()) {
      const forget = () => void this.#retired.delete(pool);
      this.#retired.add(pool);
      // Fails only when `close` destroys the pool first, and then there is nothing left to do.
      pool.close().then(forget, forget);
    }
    this.#pools.clear();
  }

  #pool(tls: TlsMaterial, connections: number | null): UndiciPool {
    return new Pool(this.#origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Each call has a deadline of its own, and a watch is silent for long.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        this.#connector.connect(tls, this.#closing.signal).then(
          (socket) => callback(null, socket),
          (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
        );
      },
    });
  }
}
