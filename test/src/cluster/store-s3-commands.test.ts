import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { ANY_PORTS, BASIC_AGENT, type Ended, runRynxs, TestDirectory } from '../rynxs-process.js';
import { CREDENTIALS, S3Server } from './s3-server.js';

describe('the log commands on a bucket', function () {
  this.timeout(120_000);
  let server: S3Server;
  let directory: TestDirectory;
  let env: Readonly<Record<string, string>>;
  let bucket: string;
  let vkey: string;
  let lines: readonly string[];

  before(async () => {
    server = await S3Server.start('versitygw');
    directory = new TestDirectory();
    bucket = await server.createBucket();
    env = { ...CREDENTIALS, S3_ENDPOINT: server.endpoint };
    const operator = { ...env, EVENT_STORE_TYPE: 's3', S3_BUCKET: bucket, S3_PREFIX: 'some/log' };
    const run = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path, operator);
    expect(run.code, run.stderr).to.equal(0);
    vkey = (await good('keys', 'show')).stdout.trim();
    lines = (await log('export')).stdout.trimEnd().split('\n');
  });

  after(async () => {
    directory?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const store = (): string => `s3://${bucket}/some/log`;
  const run = (...args: string[]): Promise<Ended> => runRynxs(args, directory.path, env);

  /** Runs a command that has to succeed. */
  async function good(...args: string[]): Promise<Ended> {
    const ended = await run(...args);
    expect(ended.code, `rynxs ${args.join(' ')}: ${ended.stdout}${ended.stderr}`).to.equal(0);
    return ended;
  }

  const log = (command: string, ...args: string[]): Promise<Ended> =>
    good('log', command, '--store', store(), ...args);

  it('read it', async () => {
    expect(lines).to.have.length.above(10);
    expect((await log('tail', '-n', '3')).stdout.trimEnd().split('\n')).to.have.length(3);
    expect((await log('query', '--agent', 'my-agent', '--type', 'AgentObserved')).stdout).to.include(
      'AgentObserved',
    );
    expect((await log('inspect', '3')).stdout).to.include('"seq": 3');
    expect(JSON.parse((await log('stats', '-o', 'json')).stdout)).to.include({ records: lines.length });
    expect(JSON.parse((await log('epochs', '-o', 'json')).stdout)).to.have.length(1);
  });

  it('verify it up to the last record, from its start or a later one', async () => {
    const report = JSON.parse((await log('verify', '--key', vkey, '-o', 'json')).stdout);
    expect(report).to.include({ intact: true, records: lines.length, unsigned_tail: 0 });
    expect(JSON.parse((await log('verify', '--from', '5', '-o', 'json')).stdout)).to.include({
      checked: 'part',
    });
    await log('verify', '--chain-only');
  });

  it('prove its records, and export it', async () => {
    await log('proof', '7', '--key', vkey, '--out', 'receipt');
    expect((await good('log', 'check-proof', 'receipt', '--key', vkey)).stdout).to.include('valid: seq 7');
    await log('consistency', '2', '--key', vkey, '--out', 'growth');
    await good('log', 'check-proof', 'growth', '--key', vkey);
    await log('export', '--format', 'tlog-tiles', 'tiles');
    const bundle = readFileSync(join(directory.path, `tiles/tile/entries/000.p/${lines.length}`), 'utf8');
    expect(bundle).to.include(lines[7]);
    await good('replay', '--store', store());
    await good('keys', 'show', '--store', store());
  });

  it('find an object that was deleted at its end, and accept the loss', async () => {
    const { Contents = [] } = await server.client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'some/log/0' }),
    );
    const Key = Contents.at(-1)?.Key;
    await server.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    await log('verify');
    const found = await run('log', 'verify', '--store', store(), '--key', vkey, '-o', 'json');
    expect(found.code, found.stderr).to.equal(1);
    expect(JSON.parse(found.stdout).damage).to.include({ kind: 'truncated', known_size: lines.length });

    const told = await run('log', 'recover', '--store', store(), '--no-anchor');
    expect(told.code, told.stderr).to.equal(1);
    expect(told.stdout).to.match(/^nothing was changed/);
    await log('recover', '--no-anchor', '--accept-loss', '--reason', 'deleted by a test');
    expect((await log('verify', '--key', vkey)).stdout).to.include('deleted by a test');
  });

  it('say what they cannot reach, without the credentials', async () => {
    const cases: [string, Readonly<Record<string, string>>, string][] = [
      ['s3://no-such-bucket/log', env, 'no-such-bucket'],
      [store(), { ...env, AWS_SECRET_ACCESS_KEY: 'wrong-secret' }, 'RYNXS_LOG_UNAVAILABLE'],
      [`s3://${bucket}/nothing`, env, 'RYNXS_LOG_NOT_FOUND'],
    ];
    for (const [url, wrong, text] of cases) {
      const ended = await runRynxs(['log', 'verify', '--store', url], directory.path, wrong);
      expect(ended.code, url).to.equal(2);
      expect(ended.stderr).to.include(text).and.not.include('wrong-secret');
      expect(ended.stderr).not.to.include(CREDENTIALS.AWS_SECRET_ACCESS_KEY);
    }
  });
});
