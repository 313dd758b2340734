import { hasCode, settingsFrom } from '@rynxs/kernel';
import { expect } from 'chai';
import { configuredPrefix, storageOptions } from './configured-storage.js';
import { openS3Log } from './open-s3-log.js';
import { s3StoreSettings } from './settings.js';

function configured(env: Readonly<Record<string, string>>) {
  return settingsFrom('store-s3', s3StoreSettings, { S3_BUCKET: 'my-bucket', ...env });
}

describe('settings of the store in a bucket', () => {
  it('have AWS as the server, and the bucket in the host name', () => {
    expect(storageOptions(configured({}))).to.deep.equal({
      bucket: 'my-bucket',
      region: 'us-east-1',
      endpoint: undefined,
      forcePathStyle: false,
      caFile: undefined,
      connectTimeoutMs: 3_000,
      requestTimeoutMs: 10_000,
      maxConnections: 32,
    });
    expect(configuredPrefix(configured({}))).to.equal('events');
  });

  it('put the bucket into the path of another server, unless told otherwise', () => {
    const S3_ENDPOINT = '127.0.0.1:9000';
    expect(storageOptions(configured({ S3_ENDPOINT }))).to.deep.include({
      endpoint: new URL('http://127.0.0.1:9000'),
      forcePathStyle: true,
    });
    const virtual = configured({ S3_ENDPOINT, S3_FORCE_PATH_STYLE: 'false' });
    expect(storageOptions(virtual).forcePathStyle).to.equal(false);
    expect(storageOptions(configured({ S3_FORCE_PATH_STYLE: 'true' })).forcePathStyle).to.equal(true);
  });

  for (const [env, setting, text] of [
    [{ S3_BUCKET: 'logs--use1-az4--x-s3' }, 'store-s3.bucket', 'directory bucket'],
    [{ S3_BUCKET: 'no/bucket' }, 'store-s3.bucket', 'not the name of a bucket'],
    [{ S3_PREFIX: 'a//b' }, 'store-s3.prefix', 'empty parts'],
    [{ S3_PREFIX: 'a b' }, 'store-s3.prefix', 'characters'],
    [{ S3_ENDPOINT: 'ftp://x' }, 'store-s3.endpoint', 'must be an http or https URL'],
    [{ S3_ENDPOINT: 'https://me:topsecret@x' }, 'store-s3.endpoint', 'must hold no credentials'],
  ] as const) {
    it(`are refused with ${Object.entries(env).join()}`, () => {
      let refusal: unknown;
      try {
        const settings = configured(env);
        storageOptions(settings);
        configuredPrefix(settings);
      } catch (error) {
        refusal = error;
      }
      expect(hasCode(refusal, 'RYNXS_CONFIG_INVALID')).to.equal(true);
      expect((refusal as Error).message)
        .to.contain(setting)
        .and.to.contain(text)
        .and.not.to.contain('topsecret');
    });
  }

  it('take slashes around a prefix for nothing', () => {
    expect(configuredPrefix(configured({ S3_PREFIX: '/a/b/' }))).to.equal('a/b');
  });

  for (const [address, location] of [
    ['my-logs/team/a', 's3://my-logs/team/a at http://127.0.0.1:9000'],
    ['my-logs/team/a/', 's3://my-logs/team/a at http://127.0.0.1:9000'],
    ['my-logs', 's3://my-logs/of-env at http://127.0.0.1:9000'],
  ] as const) {
    it(`are completed by the address ${address}`, async () => {
      const env = { S3_ENDPOINT: '127.0.0.1:9000', S3_PREFIX: 'of-env', S3_BUCKET: 'of-env' };
      const store = openS3Log({ address, env });
      expect(store.location).to.equal(location);
      await store.close();
    });
  }
});
