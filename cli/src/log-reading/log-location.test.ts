import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { logLocation } from './log-location.js';
import { openLogForReading } from './open-log.js';

describe('the log that a command means', () => {
  let directory: TemporaryDirectory;

  beforeEach(() => {
    directory = new TemporaryDirectory();
  });

  afterEach(() => directory[Symbol.dispose]());

  const locate = (store?: string, env: Readonly<Record<string, string>> = {}) =>
    logLocation(store, { env, cwd: directory.path });

  it('is the one that --store names, from where the user is', () => {
    expect(locate('file:///var/lib/rynxs/logs')).to.include({
      scheme: 'file',
      address: '/var/lib/rynxs/logs',
    });
    expect(locate('file://./logs').address).to.equal(join(directory.path, 'logs'));
    expect(locate('file:///with%20blank').address).to.equal('/with blank');
    expect(locate('s3://bucket/prefix')).to.include({ scheme: 's3', address: 'bucket/prefix' });
  });

  it('is that of `rynxs dev` in this directory otherwise, else LOG_DIR', () => {
    expect(locate(undefined, { LOG_DIR: '/logs' }).address).to.equal('/logs');
    mkdirSync(join(directory.path, '.rynxs/logs'), { recursive: true });
    expect(locate(undefined, { LOG_DIR: '/logs' }).address).to.equal(join(directory.path, '.rynxs/logs'));
  });

  it('is that of the operator’s own environment in its pod', () => {
    const env = { EVENT_STORE_TYPE: 's3', S3_BUCKET: 'bucket', LOG_DIR: '/logs' };
    expect(locate(undefined, env)).to.include({ scheme: 's3', address: 'bucket/events' });
    expect(locate(undefined, { ...env, S3_PREFIX: 'a/b' }).address).to.equal('bucket/a/b');
    expect(locate(undefined, { ...env, EVENT_STORE_TYPE: 'file' }).address).to.equal('/logs');
  });

  it('must be somewhere', () => {
    expect(() => locate())
      .to.throw()
      .with.property('code', 'RYNXS_LOG_NOT_FOUND');
    for (const url of ['logs', '/var/logs', 'file:', 'file://', 'file://%']) {
      expect(() => locate(url), url)
        .to.throw()
        .with.property('code', 'RYNXS_STORE_URL');
    }
  });

  async function refusal(url: string): Promise<Error> {
    return openLogForReading(locate(url)).then(
      () => expect.fail(`${url} was opened`),
      (error: Error) => error,
    );
  }

  it('is read by the driver of its scheme', async () => {
    const env = {
      S3_ENDPOINT: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    const store = await openLogForReading(locate('s3://bucket/prefix', env));
    expect(store.location).to.include('s3://bucket/prefix').and.not.include('secret');
    await store.close();
    expect((await refusal('redis://host')).message).to.include('no driver reads redis: logs');
  });

  it('is not made by looking for it', async () => {
    expect(await refusal(`file://${directory.path}/nothing`)).to.include({
      code: 'RYNXS_LOG_NOT_FOUND',
      exitCode: 2,
    });
  });
});
