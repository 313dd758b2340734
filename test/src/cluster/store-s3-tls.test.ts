import { SystemClock } from '@rynxs/kernel';
import { S3ObjectStorage } from '@rynxs/store-s3';
import { expect } from 'chai';
import { CREDENTIALS, S3_SERVERS, S3Server } from './s3-server.js';
import { ServerCertificate } from './server-certificate.js';

const signal = (): AbortSignal => AbortSignal.timeout(10_000);

describe('the store in a bucket over TLS', () => {
  let certificate: ServerCertificate;
  const environment = { ...process.env };

  before(async () => {
    Object.assign(process.env, CREDENTIALS);
    certificate = await ServerCertificate.make();
  });

  after(() => {
    for (const name of Object.keys(CREDENTIALS)) {
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    }
    certificate[Symbol.dispose]();
  });

  for (const name of S3_SERVERS) {
    it(`trusts ${name} by the authority in S3_CA_FILE, and not without`, async () => {
      await using server = await S3Server.start(name, certificate);
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

      const trusting = storage(certificate.caFile);
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
