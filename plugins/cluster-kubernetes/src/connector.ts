import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Clock } from '@rynxs/kernel';
import type { TlsMaterial } from './credentials.js';
import { hostOf, openTunnel } from './tunnel.js';

const CONNECT_TIMEOUT_MS = 10_000;
// Below the idle time-outs of cloud load balancers (60 s).
const KEEP_ALIVE_MS = 30_000;

/** What connections made with the same material share: parsed certificates, and a session that saves a full handshake. */
interface TlsState {
  readonly context: SecureContext;
  session: Buffer | undefined;
}

/** Makes connections to one server, directly or through a proxy. */
export class Connector {
  readonly #server: URL;
  readonly #proxy: URL | undefined;
  readonly #clock: Clock;
  readonly #tlsStates = new WeakMap<TlsMaterial, TlsState>();

  constructor(server: URL, proxy: URL | undefined, clock: Clock) {
    this.#server = server;
    this.#proxy = proxy;
    this.#clock = clock;
  }

  /** Resolves to a socket that requests can be written to. Rejects with what failed, or with `signal.reason`. */
  async connect(tls: TlsMaterial, signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const late = new AbortController();
    const timer = this.#clock.schedule(CONNECT_TIMEOUT_MS, () => late.abort(this.#lateError()));
    const onAbort = () => late.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const socket = await this.#open(tls, late.signal);
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
      return socket;
    } finally {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #open(tls: TlsMaterial, signal: AbortSignal): Promise<Socket> {
    const isTls = this.#server.protocol === 'https:';
    const host = hostOf(this.#server);
    const port = this.#server.port === '' ? (isTls ? 443 : 80) : Number(this.#server.port);
    const tunnel = this.#proxy && (await openTunnel(this.#proxy, { host, port }, signal));
    if (isTls)
      return this.#secured(tls, { host, port, ...(tunnel === undefined ? {} : { socket: tunnel }) }, signal);
    return tunnel ?? opened(connectTcp({ host, port }), 'connect', signal);
  }

  #secured(tls: TlsMaterial, to: ConnectionOptions & { readonly host: string }, signal: AbortSignal) {
    const state = this.#tlsState(tls);
    const socket: TLSSocket = connectTls({
      ...to,
      secureContext: state.context,
      session: state.session,
      // An address is no name (RFC 6066, 3).
      servername: tls.servername ?? (isIP(to.host) === 0 ? to.host : ''),
      rejectUnauthorized: tls.rejectUnauthorized ?? true,
      ALPNProtocols: ['http/1.1'],
    });
    socket.on('session', (session: Buffer) => {
      state.session = session;
    });
    return opened(socket, 'secureConnect', signal);
  }

  #tlsState(tls: TlsMaterial): TlsState {
    let state = this.#tlsStates.get(tls);
    if (state === undefined) {
      const { ca, cert, key } = tls;
      state = { context: createSecureContext({ ca, cert, key }), session: undefined };
      this.#tlsStates.set(tls, state);
    }
    return state;
  }

  #lateError(): Error {
    const message = `no connection to ${this.#server.host} within ${CONNECT_TIMEOUT_MS / 1000} s`;
    return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
  }
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      signal.removeEventListener('abort', onAbort);
      socket.off(event, onOpen).off('error', settle).off('close', onClose);
      if (error === undefined) {
        resolve(socket);
        return;
      }
      // What fails while it is being torn down is of no interest any more.
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const onOpen = () => settle();
    const onClose = () => settle(new Error('the connection was closed while it was being made'));
    const onAbort = () => settle(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on(event, onOpen).on('error', settle).on('close', onClose);
    if (signal.aborted) onAbort();
  });
}
