import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SystemClock } from '@rynxs/kernel';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { ObjectStorageError } from './object-storage.js';
import { S3ObjectStorage } from './s3-object-storage.js';
import type { S3StorageOptions } from './s3-storage-options.js';
import { StubS3Server } from './testing/stub-s3-server.js';

const BYTES = Buffer.from('{"a":1}\n');
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test-key', AWS_SECRET_ACCESS_KEY: 'test-secret' };

describe('S3ObjectStorage', function () {
  // The SDK is loaded by the first test.
  this.timeout(10_000);
  let stub: StubS3Server;
  let open: S3ObjectStorage[];
  const environment: Record<string, string | undefined> = {};

  before(() => {
    for (const [name, value] of Object.entries(CREDENTIALS)) {
      environment[name] = process.env[name];
      process.env[name] = value;
    }
  });

  after(() => {
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  beforeEach(async () => {
    stub = await StubS3Server.start();
    open = [];
  });

  afterEach(async () => {
    for (const storage of open) storage.close();
    await stub[Symbol.asyncDispose]();
  });

  function storage(options: Partial<S3StorageOptions> = {}): S3ObjectStorage {
    const made = new S3ObjectStorage({
      bucket: 'my-bucket',
      region: 'eu-central-1',
      endpoint: new URL(`http://127.0.0.1:${stub.port}`),
      forcePathStyle: true,
      caFile: undefined,
      connectTimeoutMs: 1_000,
      requestTimeoutMs: 5_000,
      maxConnections: 4,
      clock: new SystemClock(),
      ...options,
    });
    open.push(made);
    return made;
  }

  const signal = (): AbortSignal => AbortSignal.timeout(5_000);

  async function failureOf(work: Promise<unknown>): Promise<ObjectStorageError> {
    const error: unknown = await work.then(
      () => expect.fail('it was done'),
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ObjectStorageError);
    expect((error as Error).message).not.to.contain(CREDENTIALS.AWS_SECRET_ACCESS_KEY);
    return error as ObjectStorageError;
  }

  it('creates objects only if they are absent, with a checksum and a signature for the region', async () => {
    await storage().putIfAbsent('events/0000000000.json', BYTES, signal());
    const [{ method, url, headers, body }] = stub.requests as [(typeof stub.requests)[0]];
    expect(method).to.equal('PUT');
    expect(url.pathname).to.equal('/my-bucket/events/0000000000.json');
    expect(headers['if-none-match']).to.equal('*');
    expect(headers.expect).to.equal(undefined);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(BYTES));
    expect(headers['x-amz-checksum-crc32']).to.equal(checksum.toString('base64'));
    expect(headers.authorization).to.match(/Credential=test-key\/\d+\/eu-central-1\/s3\/aws4_request/);
    expect(body).to.deep.equal(BYTES);
  });

  it('sends each request once', async () => {
    for (const [status, code] of [
      [500, 'InternalError'],
      [503, 'SlowDown'],
      [409, 'ConditionalRequestConflict'],
    ] as const) {
      stub.requests.length = 0;
      stub.refuse(status, code);
      await failureOf(storage().putIfAbsent('k', BYTES, signal()));
      expect(stub.requests, code).to.have.length(1);
    }
  });

  it('reads an object, no further than it may', async () => {
    stub.answer = (_request, response) => response.end(BYTES);
    expect(Buffer.from((await storage().get('k', BYTES.length, signal())) ?? [])).to.deep.equal(BYTES);
    expect((await failureOf(storage().get('k', BYTES.length - 1, signal()))).kind).to.equal('too_large');
  });

  it('does not take altered bytes', async () => {
    stub.answer = (_request, response) => {
      response.setHeader('x-amz-checksum-crc32', 'AAAAAA==');
      response.end(BYTES);
    };
    expect((await failureOf(storage().get('k', 100, signal()))).kind).to.equal('unavailable');
  });

  it('tells a missing object from a missing bucket', async () => {
    stub.refuse(404, 'NoSuchKey');
    expect(await storage().get('k', 100, signal())).to.equal(undefined);
    stub.refuse(404, 'NoSuchBucket');
    const failure = await failureOf(storage().get('k', 100, signal()));
    expect(failure.kind).to.equal('no_bucket');
    expect(failure.message).to.contain('correct S3_BUCKET');
  });

  it('lists a page', async () => {
    stub.answer = (_request, response) =>
      response.end(
        '<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>' +
          '<Contents><Key>events/0000000001.json</Key><Size>12</Size></Contents></ListBucketResult>',
      );
    const query = { prefix: 'events/', startAfter: 'events/0000000000.json', limit: 1 };
    expect(await storage().list(query, signal())).to.deep.equal({
      objects: [{ key: 'events/0000000001.json', size: 12 }],
      isTruncated: true,
    });
    const { searchParams } = stub.requests[0]?.url ?? new URL('http://none');
    expect(Object.fromEntries(searchParams)).to.include({
      'list-type': '2',
      prefix: 'events/',
      'start-after': 'events/0000000000.json',
      'max-keys': '1',
    });
  });

  it('tells the server’s time, also where it refuses', async () => {
    const time = Date.parse('2026-01-01T12:00:00Z');
    const dated = new Date(time).toUTCString();
    stub.answer = (_request, response) => {
      response.setHeader('date', dated);
      response.end('<?xml version="1.0"?><ListBucketResult></ListBucketResult>');
    };
    expect(await storage().serverTime(signal())).to.equal(time);
    stub.answer = (_request, response) => {
      response.writeHead(403, { date: dated, 'content-type': 'application/xml' });
      response.end('<?xml version="1.0"?><Error><Code>RequestTimeTooSkewed</Code></Error>');
    };
    expect(await storage().serverTime(signal())).to.equal(time);
    stub.answer = (_request, response) => {
      response.sendDate = false;
      response.end('<?xml version="1.0"?><ListBucketResult></ListBucketResult>');
    };
    expect(await storage().serverTime(signal())).to.equal(undefined);
    stub.answer = (_request, response) => response.destroy();
    expect((await failureOf(storage().serverTime(signal()))).kind).to.equal('unavailable');
  });

  for (const [status, code, kind, text] of [
    [412, 'PreconditionFailed', 'exists', 'the object exists'],
    [409, 'ConditionalRequestConflict', 'in_progress', 'creating the same object'],
    [403, 'AccessDenied', 'denied', 'allow s3:PutObject on my-bucket'],
    [403, 'InvalidAccessKeyId', 'denied', 'check AWS_ACCESS_KEY_ID'],
    [403, 'SignatureDoesNotMatch', 'denied', 'check AWS_SECRET_ACCESS_KEY'],
    [403, 'RequestTimeTooSkewed', 'denied', 'set the clock'],
    [400, 'ExpiredToken', 'denied', 'renew AWS_SESSION_TOKEN'],
    [400, 'AuthorizationHeaderMalformed', 'denied', 'set S3_REGION'],
    [301, 'PermanentRedirect', 'other', 'set S3_REGION'],
    [404, 'NoSuchBucket', 'no_bucket', 'correct S3_BUCKET'],
    [429, 'TooManyRequests', 'throttled', 'too many requests'],
    [503, 'SlowDown', 'throttled', 'too many requests'],
    [503, 'ServiceUnavailable', 'ambiguous', '503 ServiceUnavailable'],
    [500, 'InternalError', 'ambiguous', '500 InternalError'],
    [501, 'NotImplemented', 'other', 'If-None-Match'],
    [507, 'XMinioStorageFull', 'full', 'make room'],
    [400, 'RequestTimeout', 'ambiguous', '400 RequestTimeout'],
    [400, 'EntityTooLarge', 'other', '400 EntityTooLarge'],
  ] as const) {
    it(`takes ${status} ${code} for ${kind}, and says what, where and the remedy`, async () => {
      stub.refuse(status, code, 'in the server’s words');
      const failure = await failureOf(storage().putIfAbsent('k', BYTES, signal()));
      expect(failure).to.include({ kind, answered: true });
      expect(failure.message).to.contain(text);
      expect(failure.message).to.contain(`s3:PutObject of my-bucket/k at http://127.0.0.1:${stub.port}`);
    });
  }

  it('says what 403 may mean for an object that may be missing', async () => {
    stub.refuse(403, 'AccessDenied');
    const failure = await failureOf(storage().get('k', 100, signal()));
    expect(failure.message).to.contain('s3:ListBucket if the object may be missing');
  });

  it('takes a failing server for one that cannot be reached when it only reads', async () => {
    stub.refuse(500, 'InternalError');
    expect((await failureOf(storage().get('k', 100, signal()))).kind).to.equal('unavailable');
  });

  it('takes a page of something else for no answer of S3', async () => {
    stub.answer = (_request, response) => response.writeHead(502).end('<html>Bad gateway</html>');
    expect((await failureOf(storage().putIfAbsent('k', BYTES, signal()))).kind).to.equal('ambiguous');
  });

  it('does not know of a write whose connection broke', async () => {
    stub.answer = (_request, response) => response.destroy();
    const failure = await failureOf(storage().putIfAbsent('k', BYTES, signal()));
    expect(failure).to.include({ kind: 'ambiguous', answered: false });
    expect((await failureOf(storage().get('k', 100, signal()))).kind).to.equal('unavailable');
  });

  it('knows that nothing was written where nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    server.close();
    await once(server, 'close');
    const gone = storage({ endpoint: new URL(`http://127.0.0.1:${port}`) });
    const failure = await failureOf(gone.putIfAbsent('k', BYTES, signal()));
    expect(failure).to.include({ kind: 'unavailable', answered: false });
    expect(failure.message).to.contain('nothing listens there: check S3_ENDPOINT');
  });

  it('ends a request at its deadline, also in the middle of the answer', async () => {
    for (const begin of [false, true]) {
      const clock = new FakeClock();
      const late = storage({ clock, requestTimeoutMs: 1_000 });
      const arrived = new Promise<void>((resolve) => {
        stub.answer = (_request, response) => {
          if (begin) response.writeHead(200, { 'content-length': '8' }).write('{');
          resolve();
        };
      });
      const reading = failureOf(late.get('k', 100, signal()));
      await arrived;
      await clock.advance(1_000);
      const failure = await reading;
      expect(failure.kind).to.equal('unavailable');
      expect(failure.message).to.contain('raise S3_REQUEST_TIMEOUT');
    }
  });

  it('does not know of a write that had no answer in time', async () => {
    const clock = new FakeClock();
    const arrived = new Promise<void>((resolve) => {
      stub.answer = () => resolve();
    });
    const late = storage({ clock, requestTimeoutMs: 1_000 });
    const writing = failureOf(late.putIfAbsent('k', BYTES, signal()));
    await arrived;
    await clock.advance(1_000);
    expect((await writing).kind).to.equal('ambiguous');
  });

  it('ends a request with the reason of a signal that aborts', async () => {
    const controller = new AbortController();
    const reason = new Error('the caller gave up');
    stub.answer = () => controller.abort(reason);
    expect(
      await storage()
        .get('k', 100, controller.signal)
        .catch((error: unknown) => error),
    ).to.equal(reason);
  });

  it('says when there are no credentials', async () => {
    const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const others = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nowhere',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
    };
    for (const name of names) delete process.env[name];
    Object.assign(process.env, others);
    try {
      const failure = await failureOf(storage().get('k', 100, signal()));
      expect(failure.kind).to.equal('denied');
      expect(failure.message).to.contain('no credentials: set AWS_ACCESS_KEY_ID');
      expect(stub.requests).to.have.length(0);
    } finally {
      for (const name of Object.keys(others)) delete process.env[name];
      Object.assign(process.env, CREDENTIALS);
    }
  });

  it('says when the file of certificates cannot be used', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'store-s3-'));
    try {
      const caFile = join(directory, 'ca.pem');
      const missing = await failureOf(storage({ caFile }).get('k', 100, signal()));
      expect(missing.message).to.match(/S3_CA_FILE cannot be read: ENOENT/);
      writeFileSync(caFile, 'no certificate');
      const wrong = await failureOf(storage({ caFile }).get('k', 100, signal()));
      expect(wrong.message).to.contain('holds no PEM certificate');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('refuses requests after closing', async () => {
    const closed = storage();
    closed.close();
    closed.close();
    expect((await failureOf(closed.get('k', 100, signal()))).kind).to.equal('unavailable');
  });
});
