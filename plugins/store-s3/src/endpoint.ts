import { isIP } from 'node:net';

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const SERVICE_NAME = /\.svc(\.|$)/;

/**
 * The server that S3_ENDPOINT names. Without a scheme it is http for loopback addresses and names of Kubernetes
 * Services, which end in `.svc` or `.svc.` and the cluster's domain, and https for all others. Throws RangeError with
 * what is wrong: the text is no address, or has what an endpoint has not.
 */
export function parseEndpoint(text: string): URL {
  const hasScheme = SCHEME.test(text);
  if (!URL.canParse(hasScheme ? text : `https://${text}`)) throw new RangeError('must be a host, or a URL');
  const url = new URL(hasScheme ? text : `https://${text}`);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new RangeError('must be an http or https URL');
  if (url.username !== '' || url.password !== '') {
    throw new RangeError('must hold no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead');
  }
  if (url.search !== '' || url.hash !== '')
    throw new RangeError('must end with the host, the port or a path');
  return hasScheme || !isLocal(url.hostname) ? url : new URL(`http://${text}`);
}

function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost' || host.endsWith('.localhost') || SERVICE_NAME.test(host);
}
