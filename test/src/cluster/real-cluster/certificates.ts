import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

const BASE = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
/** The types of GeneralName (RFC 5280, 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** A certificate and its private key, as PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Who a client is: Kubernetes takes CN as the user and O as the groups. */
export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
  /** How long it is accepted; a day unless told otherwise. */
  readonly validMs?: number;
}

/** The authority of a cluster, kept in a directory, and what it vouches for. */
export class Authority {
  readonly certFile: string;

  private constructor(
    readonly directory: string,
    readonly pair: KeyPair,
  ) {
    this.certFile = join(directory, 'ca.crt');
  }

  /** Makes an authority and the key pair that service accounts' tokens are signed with. */
  static async make(directory: string): Promise<Authority> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'rynxs-test-cluster' }], {
      ...BASE,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
      ],
    });
    const authority = new Authority(directory, { cert, key });
    authority.#write('ca', { cert, key });
    const tokens = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    writeFileSync(authority.tokenPublicKeyFile, tokens.publicKey);
    writeFileSync(authority.tokenKeyFile, tokens.privateKey, { mode: 0o600 });
    return authority;
  }

  /** The authority that `make` left in the directory. */
  static read(directory: string): Authority {
    const [cert, key] = ['ca.crt', 'ca.key'].map((name) => readFileSync(join(directory, name), 'utf8'));
    return new Authority(directory, { cert: cert as string, key: key as string });
  }

  get tokenKeyFile(): string {
    return join(this.directory, 'service-accounts.key');
  }

  get tokenPublicKeyFile(): string {
    return join(this.directory, 'service-accounts.pub');
  }

  /** The private key that service accounts' tokens are signed with, as PEM text. */
  get tokenKey(): string {
    return readFileSync(this.tokenKeyFile, 'utf8');
  }

  /** Writes `NAME.crt` and `NAME.key` for a server at these addresses. */
  async writeServer(name: string, { ips, names }: { ips: readonly string[]; names: readonly string[] }) {
    const altNames = [
      ...ips.map((ip) => ({ type: IP_ADDRESS as typeof IP_ADDRESS, ip })),
      ...names.map((value) => ({ type: DNS_NAME as typeof DNS_NAME, value })),
    ];
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      ...BASE,
      ca: this.pair,
      extensions: [
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames },
      ],
    });
    return this.#write(name, { cert, key });
  }

  /** A client's certificate. */
  async client({ user, groups = [], validMs = 86_400_000 }: Identity): Promise<KeyPair> {
    const { cert, private: key } = await generate(
      [{ name: 'commonName', value: user }, ...groups.map((value) => ({ name: 'organizationName', value }))],
      {
        ...BASE,
        ca: this.pair,
        notAfterDate: new Date(Date.now() + validMs),
        extensions: [{ name: 'extKeyUsage', clientAuth: true }],
      },
    );
    return { cert, key };
  }

  /** Writes `NAME.crt` and `NAME.key` for a client. */
  async writeClient(name: string, identity: Identity) {
    return this.#write(name, await this.client(identity));
  }

  #write(name: string, { cert, key }: KeyPair): { readonly certFile: string; readonly keyFile: string } {
    const certFile = join(this.directory, `${name}.crt`);
    const keyFile = join(this.directory, `${name}.key`);
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    return { certFile, keyFile };
  }
}
