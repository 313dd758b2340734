import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for a server on 127.0.0.1, and the authority that vouches for it, in a directory of their own. */
export class ServerCertificate implements Disposable {
  readonly certFile: string;
  readonly keyFile: string;
  /** What S3_CA_FILE and AWS_CA_BUNDLE name. */
  readonly caFile: string;
  readonly #directory: string;

  private constructor(
    directory: string,
    /** The authority's certificate, as PEM text. */
    readonly ca: string,
  ) {
    this.#directory = directory;
    // The first two are the names that MinIO looks for.
    this.certFile = join(directory, 'public.crt');
    this.keyFile = join(directory, 'private.key');
    this.caFile = join(directory, 'ca.pem');
  }

  static async make(): Promise<ServerCertificate> {
    const base = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
    const authority = await generate([{ name: 'commonName', value: 'test authority' }], {
      ...base,
      extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
    });
    const server = await generate([{ name: 'commonName', value: 'test server' }], {
      ...base,
      ca: { key: authority.private, cert: authority.cert },
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const made = new ServerCertificate(mkdtempSync(join(tmpdir(), 'rynxs-tls-')), authority.cert);
    writeFileSync(made.certFile, server.cert);
    writeFileSync(made.keyFile, server.private);
    writeFileSync(made.caFile, authority.cert);
    return made;
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
