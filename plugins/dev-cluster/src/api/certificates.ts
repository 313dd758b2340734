import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key and its certificate, in PEM. */
interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** What the API server identifies itself with. */
export interface ServerCertificate extends KeyPair {
  /** Certificate of the authority, for the kubeconfig. */
  readonly ca: string;
}

const DAY_MS = 86_400_000;
const AUTHORITY_LIFETIME_MS = 3_650 * DAY_MS;
const SERVER_LIFETIME_MS = 365 * DAY_MS;
/** Certificates are made anew this long before they end. */
const RENEWAL_MARGIN_MS = 30 * DAY_MS;

/**
 * The server's certificate for 127.0.0.1 and localhost. With `dir` the authority and the certificate are kept there
 * (mode 0600), so that a kubeconfig stays valid over restarts; without, they live as long as the process.
 */
export async function serverCertificate(dir: string | undefined, nowMs: number): Promise<ServerCertificate> {
  const kept = dir === undefined ? undefined : readKept(dir, nowMs);
  if (kept !== undefined) return kept;
  const made = await make(nowMs);
  if (dir !== undefined) keep(dir, made);
  return made;
}

async function make(nowMs: number): Promise<ServerCertificate> {
  const { generate } = await import('selfsigned');
  const base = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
  // A minute back, for clocks that disagree a little.
  const notBeforeDate = new Date(nowMs - 60_000);
  const authority = await generate([{ name: 'commonName', value: 'rynxs-dev-cluster-ca' }], {
    ...base,
    notBeforeDate,
    notAfterDate: new Date(nowMs + AUTHORITY_LIFETIME_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'rynxs-dev-cluster' }], {
    ...base,
    notBeforeDate,
    notAfterDate: new Date(nowMs + SERVER_LIFETIME_MS),
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { ca: authority.cert, key: server.private, cert: server.cert };
}

function paths(dir: string): { ca: string; key: string; cert: string } {
  const folder = join(dir, 'pki');
  return { ca: join(folder, 'ca.crt'), key: join(folder, 'server.key'), cert: join(folder, 'server.crt') };
}

function readKept(dir: string, nowMs: number): ServerCertificate | undefined {
  const files = paths(dir);
  try {
    const kept = {
      ca: readFileSync(files.ca, 'utf8'),
      key: readFileSync(files.key, 'utf8'),
      cert: readFileSync(files.cert, 'utf8'),
    };
    const certificate = new X509Certificate(kept.cert);
    const ends = Date.parse(certificate.validTo);
    const signed = certificate.verify(new X509Certificate(kept.ca).publicKey);
    return signed && ends - RENEWAL_MARGIN_MS > nowMs ? kept : undefined;
  } catch {
    // Absent, unreadable or damaged: all of it can be made anew, at the price of a new kubeconfig.
    return undefined;
  }
}

function keep(dir: string, made: ServerCertificate): void {
  const files = paths(dir);
  mkdirSync(join(dir, 'pki'), { recursive: true, mode: 0o700 });
  for (const name of ['ca', 'cert', 'key'] as const) writePrivately(files[name], made[name]);
}

/** Writes a file that only its owner may read, so that it is never seen half-written or open to others. */
export function writePrivately(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}
