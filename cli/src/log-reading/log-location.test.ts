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
    expect(locate('file:///var/lib/rynxs/logs')).to.deep.equal({
      scheme: 'file',
      address: '/var/lib/rynxs/logs',
    });
    expect(locate('file://./logs').address).to.equal(join(directory.path, 'logs'));
    expect(locate('file:///with%20blank').address).to.equal('/with blank');
    expect(locate('s3://bucket/prefix')).to.deep.equal({ scheme: 's3', address: 'bucket/prefix' });
  });

  it('is that of `rynxs dev` in this directory otherwise, else LOG_DIR', () => {
    expect(locate(undefined, { LOG_DIR: '/logs' }).address).to.equal('/logs');
    mkdirSync(join(directory.path, '.rynxs/logs'), { recursive: true });
    expect(locate(undefined, { LOG_DIR: '/logs' }).address).to.equal(join(directory.path, '.rynxs/logs'));
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

  it('needs a driver that is there: the error names the package that is missing', async () => {
    expect((await refusal('s3://bucket')).message).to.include('@rynxs/store-s3');
    expect((await refusal('redis://host')).message).to.include('no driver reads redis: logs');
  });

  it('is not made by looking for it', async () => {
    expect(await refusal(`file://${directory.path}/nothing`)).to.include({
      code: 'RYNXS_LOG_NOT_FOUND',
      exitCode: 2,
    });
  });
});
