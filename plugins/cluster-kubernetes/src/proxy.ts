import { BlockList, isIP, isIPv6 } from 'node:net';
import { hostOf, PROXY_SCHEMES } from './tunnel.js';

/** The environment's word on proxies. Upper-case names win over lower-case ones. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy between here and `server`: the kubeconfig's `proxy-url`, else what HTTPS_PROXY or HTTP_PROXY (for an address
 * with http) and NO_PROXY say, by the rules of Go's golang.org/x/net/http/httpproxy, which client-go follows. Throws
 * Error for what is no proxy.
 */
export function proxyFor(
  server: URL,
  proxyUrl: string | undefined,
  environment: ProxyEnvironment,
): URL | undefined {
  if (proxyUrl !== undefined && proxyUrl !== '') return parseProxy(proxyUrl, 'its proxy-url');
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const text = variable(environment, name);
  if (text === undefined || isExempt(server, variable(environment, 'NO_PROXY') ?? '')) return undefined;
  return parseProxy(text, name);
}

function variable(environment: ProxyEnvironment, name: string): string | undefined {
  return environment[name] || environment[name.toLowerCase()] || undefined;
}

function parseProxy(text: string, source: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || url.hostname === '') throw new Error(`${source} is no URL with a host`);
  if (!PROXY_SCHEMES.includes(url.protocol)) {
    const known = PROXY_SCHEMES.map((scheme) => scheme.slice(0, -1)).join(', ');
    throw new Error(`${source} begins with ${url.protocol}//, which is not supported; use one of ${known}`);
  }
  return url;
}

/** NO_PROXY: names, which stand for their subdomains too, `.names` for these only, addresses, CIDRs, each with or without a port; or `*`. */
function isExempt(server: URL, list: string): boolean {
  const host = hostOf(server).toLowerCase();
  const port = server.port === '' ? (server.protocol === 'https:' ? '443' : '80') : server.port;
  if (host === 'localhost' || isLoopback(host)) return true;
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, host, port));
}

function isLoopback(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || host === '::1';
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInSubnet(entry, host);
  const [, name = '', entryPort] =
    /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIPv6(entry) ? `[${entry}]` : entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  if (isIP(name) !== 0)
    return isIP(host) === isIP(name) && isInSubnet(`${name}/${isIP(name) === 4 ? 32 : 128}`, host);
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isInSubnet(subnet: string, host: string): boolean {
  const [network = '', prefix = ''] = subnet.split('/');
  const family = isIP(network);
  const isSubnet = family !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
  if (!isSubnet || isIP(host) !== family) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), type);
  return list.check(host, type);
}
