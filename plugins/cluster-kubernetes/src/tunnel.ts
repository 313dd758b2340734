import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Schemes of the proxies that `openTunnel` knows. */
export const PROXY_SCHEMES: readonly string[] = ['http:', 'https:', 'socks5:', 'socks5h:'];

const SOCKS_PORT = 1080;

/**
 * Opens a connection to `target` through a proxy: CONNECT (RFC 9110, 9.3.6) for http and https, RFC 1928 for socks5,
 * where the proxy looks names up, as with client-go. Rejects with what went wrong, naming the proxy without its password,
 * or with `signal.reason`.
 */
export async function openTunnel(proxy: URL, target: Target, signal: AbortSignal): Promise<Socket> {
  try {
    return proxy.protocol.startsWith('socks')
      ? await openSocks(proxy, target, signal)
      : await openConnect(proxy, target, signal);
  } catch (error) {
    signal.throwIfAborted();
    const detail = error instanceof Error ? error.message : String(error);
    throw new Error(`the proxy ${proxy.protocol}//${proxy.host} gives no connection: ${detail}`, {
      cause: error,
    });
  }
}

async function openConnect(proxy: URL, { host, port }: Target, signal: AbortSignal): Promise<Socket> {
  const request = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const proxyHost = hostOf(proxy);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const asking = request({
    host: proxyHost,
    // Otherwise Node takes the name in the Host header, which is the target's.
    servername: isIP(proxyHost) === 0 ? proxyHost : '',
    port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : proxy.port,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    signal,
  });
  asking.end();
  const [answer, socket, head] = (await once(asking, 'connect')) as [IncomingMessage, Socket, Buffer];
  if (answer.statusCode !== 200) {
    socket.destroy();
    throw new Error(`it answers ${answer.statusCode} ${answer.statusMessage ?? ''}`.trim());
  }
  if (head.length > 0) socket.unshift(head);
  return socket;
}

async function openSocks(proxy: URL, target: Target, signal: AbortSignal): Promise<Socket> {
  const { SocksClient } = await import('socks');
  const connecting = SocksClient.createConnection({
    proxy: {
      host: hostOf(proxy),
      port: proxy.port === '' ? SOCKS_PORT : Number(proxy.port),
      type: 5,
      ...(proxy.username === '' ? {} : { userId: decodeURIComponent(proxy.username) }),
      ...(proxy.password === '' ? {} : { password: decodeURIComponent(proxy.password) }),
    },
    command: 'connect',
    destination: { host: target.host, port: target.port },
  });
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return (await Promise.race([connecting, aborted.promise])).socket;
  } catch (error) {
    // Whoever gave up first: a connection that comes later is nobody's.
    connecting.then(({ socket }) => socket.destroy()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const proof = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(proof).toString('base64')}` };
}

/** The host of a URL as sockets take it: without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
