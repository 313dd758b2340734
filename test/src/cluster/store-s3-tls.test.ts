import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '@rynxs/kernel';
import { S3ObjectStorage } from '@rynxs/store-s3';
import { expect } from 'chai';
import { generate } from 'selfsigned';
import { CREDENTIALS, S3_SERVERS, S3Server } from './s3-server.js';

const signal = (): AbortSignal => AbortSignal.timeout(10_000);

describe('the store in a bucket over TLS', () => {
  let directory: string;
  let ca: string;
  const environment = { ...process.env };

  before(async () => {
    Object.assign(process.env, CREDENTIALS);
    directory = mkdtempSync(join(tmpdir(), 'rynxs-tls-'));
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
    ca = authority.cert;
    // The names that MinIO looks for.
    writeFileSync(join(directory, 'public.crt'), server.cert);
    writeFileSync(join(directory, 'private.key'), server.private);
    writeFileSync(join(directory, 'ca.pem'), ca);
  });

  after(() => {
    for (const name of Object.keys(CREDENTIALS)) {
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    }
    rmSync(directory, { recursive: true, force: true });
  });

  for (const name of S3_SERVERS) {
    it(`trusts ${name} by the authority in S3_CA_FILE, and not without`, async () => {
      const certFile = join(directory, 'public.crt');
      const keyFile = join(directory, 'private.key');
      await using server = await S3Server.start(name, { certFile, keyFile, ca });
      const bucket = await server.createBucket();
      const storage = (caFile: string | undefined, endpoint = server.endpoint): S3ObjectStorage =>
        new S3ObjectStorage({
          bucket,
          caFile,
          endpoint: new URL(endpoint),
          region: 'us-east-1',
          forcePathStyle: true,
          connectTimeoutMs: 3_000,
          requestTimeoutMs: 5_000,
          maxConnections: 4,
          clock: new SystemClock(),
        });

      const trusting = storage(join(directory, 'ca.pem'));
      await trusting.putIfAbsent('k', Buffer.from('x'), signal());
      expect(Buffer.from((await trusting.get('k', 10, signal())) ?? []).toString()).to.equal('x');
      trusting.close();

      const doubting = storage(undefined);
      const doubt = await doubting.putIfAbsent('k2', Buffer.from('x'), signal()).catch((e: unknown) => e);
      expect(doubt).to.include({ kind: 'unavailable', answered: false });
      expect(String(doubt)).to.contain('name its authority’s certificate in S3_CA_FILE');
      doubting.close();

      const plain = storage(undefined, server.endpoint.replace('https:', 'http:'));
      const failure = await plain.putIfAbsent('k3', Buffer.from('x'), signal()).catch((e: unknown) => e);
      expect(failure).to.have.property('name', 'ObjectStorageError');
      plain.close();
    });
  }

  it('says that a server does not speak TLS', async () => {
    await using server = await S3Server.start('versitygw');
    const storage = new S3ObjectStorage({
      bucket: 'bucket',
      endpoint: new URL(server.endpoint.replace('http:', 'https:')),
      region: 'us-east-1',
      caFile: undefined,
      forcePathStyle: true,
      connectTimeoutMs: 3_000,
      requestTimeoutMs: 5_000,
      maxConnections: 4,
      clock: new SystemClock(),
    });
    const failure = await storage.get('k', 10, signal()).catch((error: unknown) => error);
    storage.close();
    expect(String(failure)).to.contain('does not speak TLS there');
  });
});
