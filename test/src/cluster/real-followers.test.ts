import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { CountingProxy } from '../ha/counting-proxy.js';
import { leaseHolder, NAMESPACE } from '../ha/lease.js';
import { commitOf } from '../ha/terms.js';
import { settingsOf, TIMINGS } from '../ha/timings.js';
import { runRynxs } from '../rynxs-process.js';
import { CONTROLLERS, eventually, Fleet } from './fault-fleet.js';
import { FollowedOperator } from './followed-operator.js';
import { RealCluster } from './real-cluster.js';
import { CREDENTIALS, S3Server } from './s3-server.js';
import { makeUser, type UserCredentials } from './s3-users.js';

const MINUTE_MS = 60_000;
/** From SIGTERM to the first event of the next leader; the best of the rounds, as the machine may be busy. */
const HANDOVER_MS = 1_000;
const ROUNDS = 3;
const LEADING = 'rynxs_leader_election_status';
const AVAILABLE = 'rynxs_log_available';

describe('operators and their log', function () {
  this.timeout(5 * MINUTE_MS);
  let cluster: RealCluster;
  let s3: S3Server;
  let user: UserCredentials;
  let fleets = 0;

  before(async () => {
    cluster = await RealCluster.start({ crds: true, controllers: CONTROLLERS });
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    s3 = await S3Server.start('versitygw');
    user = await makeUser('versitygw', s3, '');
  });
  after(async () => {
    await s3?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const fleet = (size: number) => {
    fleets += 1;
    return Fleet.make(cluster, `fleet-${fleets}`, size);
  };
  const policy = async (bucket: string, actions: readonly string[]) => {
    const Principal = { AWS: [user.AWS_ACCESS_KEY_ID] };
    const statements = [
      { Sid: 'List', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
      { Sid: 'Use', Action: actions, Resource: `arn:aws:s3:::${bucket}/*` },
    ];
    const Statement = statements.map((one) => ({ ...one, Effect: 'Allow', Principal }));
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await s3.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  };
  const makeBucket = async () => {
    const bucket = await s3.createBucket();
    await policy(bucket, ['s3:GetObject', 's3:PutObject']);
    return bucket;
  };
  /** Each bucket has a log, a Lease and an anchor of its own. */
  const settings = (bucket: string, credentials: UserCredentials = user, endpoint = s3.endpoint) => ({
    ...credentials,
    ...settingsOf(TIMINGS.short),
    POD_NAMESPACE: NAMESPACE,
    LEADERSHIP_TYPE: 'lease',
    EVENT_STORE_TYPE: 's3',
    S3_BUCKET: bucket,
    S3_ENDPOINT: endpoint,
  });
  const verified = async (bucket: string) => {
    const store = ['--store', `s3://${bucket}/events`];
    const env = { ...CREDENTIALS, S3_ENDPOINT: s3.endpoint };
    const run = await runRynxs(['log', 'verify', ...store], cluster.directory, env);
    expect(run.code, `${run.stdout}${run.stderr}`).to.equal(0);
  };
  /** The anchor and the Lease of a test would be those of the next one's log. */
  const forget = async () => {
    for (const path of ['/api/v1/namespaces/', '/apis/coordination.k8s.io/v1/namespaces/'])
      for (const plural of ['configmaps', 'leases'])
        await cluster.api.send('DELETE', `${path}${NAMESPACE}/${plural}`);
  };
  afterEach(forget);

  for (const [what, agents] of [
    ['an idle leader', 0],
    ['a leader under load', 120],
  ] as const) {
    it(`hand over within a second when ${what} is told to end`, async () => {
      const bucket = await makeBucket();
      const proxies = [await CountingProxy.start(s3.endpoint), await CountingProxy.start(s3.endpoint)];
      const replicas: (FollowedOperator | undefined)[] = [];
      const start = (index: number) => {
        const endpoint = `http://127.0.0.1:${proxies[index]?.port}`;
        return FollowedOperator.start(`replica-${index}`, cluster, settings(bucket, user, endpoint));
      };
      try {
        for (const index of proxies.keys()) {
          replicas[index] = await start(index);
          if (index === 0) await replicas[0]?.untilLeading();
        }
        await replicas[1]?.untilReady();
        const tookMs: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const [from, to] = round % 2 === 0 ? [0, 1] : [1, 0];
          await using load = await fleet(agents);
          const began = Date.now();
          replicas[from]?.process.signal('SIGTERM');
          const first = () =>
            proxies[to]?.writes.find((write) => write.atMs > began && commitOf(write) !== undefined);
          await eventually('the next one has begun a term', async () =>
            first() === undefined ? ['no commit'] : [],
          );
          tookMs.push((first()?.atMs ?? 0) - began);
          expect((await replicas[from]?.process.ended())?.code).to.equal(0);
          await load.settled();
          replicas[from] = await start(from);
          await replicas[from]?.untilReady();
        }
        console.log(`      SIGTERM to the next leader's first durable event: ${tookMs.join(', ')} ms`);
        expect(Math.min(...tookMs)).to.be.below(HANDOVER_MS);
        await verified(bucket);
      } finally {
        for (const replica of replicas) await replica?.[Symbol.asyncDispose]();
        for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
      }
    });
  }

  it('stop acting when the log may not be written, give the Lease up, and go on by themselves', async () => {
    const bucket = await makeBucket();
    await using operator = await FollowedOperator.start('denied', cluster, settings(bucket));
    await operator.untilLeading();
    await policy(bucket, ['s3:GetObject']);
    await using agents = await fleet(3);
    await operator.untilMetric(AVAILABLE, 0);
    expect(await operator.unreadiness()).to.contain('cannot be used');
    await operator.process.printed('the event log cannot be used: nothing is done until it can');
    await operator.untilMetric(LEADING, 0);
    await eventually('nobody holds the Lease', async () => {
      const holder = await leaseHolder(cluster.api);
      return holder === undefined ? [] : [holder];
    });
    const { items } = await cluster.api.must<{ items: unknown[] }>('GET', agents.children('Deployment'));
    expect(items).to.deep.equal([]);
    await policy(bucket, ['s3:GetObject', 's3:PutObject']);
    await agents.settled();
    await operator.untilReady();
    expect(await operator.metric(AVAILABLE)).to.equal(1);
    await operator[Symbol.asyncDispose]();
    await verified(bucket);
  });

  it('bear it that the S3 server dies, for less and for longer than they hope', async () => {
    const bucket = await makeBucket();
    await using operator = await FollowedOperator.start('crashed', cluster, settings(bucket));
    await operator.untilLeading();
    for (const isLong of [false, true]) {
      await s3.crash();
      await using agents = await fleet(3);
      await operator.untilMetric(AVAILABLE, 0);
      if (isLong) await operator.untilMetric(LEADING, 0);
      else expect(await operator.metric(LEADING)).to.equal(1);
      await s3.restart();
      await agents.settled();
      await operator.untilReady();
    }
    operator.process.signal('SIGTERM');
    expect((await operator.process.ended()).code).to.equal(0);
    await verified(bucket);
  });

  it('refuse a bucket that was removed and made again, now and after a restart', async () => {
    const bucket = await makeBucket();
    // Of a bucket that it does not own, versitygw forgets who may do what.
    const root = { ...CREDENTIALS };
    await using operator = await FollowedOperator.start('removed', cluster, settings(bucket, root));
    await operator.untilLeading();
    await using first = await fleet(3);
    await first.settled();
    const { Versions = [] } = await s3.client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const Objects = Versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
    await s3.client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
    await s3.client.send(new DeleteBucketCommand({ Bucket: bucket }));
    await using second = await fleet(3);
    await operator.untilMetric(LEADING, 0);
    await s3.client.send(new CreateBucketCommand({ Bucket: bucket }));
    const ended = await operator.process.ended();
    expect(ended.code).to.equal(1);
    expect(ended.stderr).to.contain('RYNXS_LOG_ROLLED_BACK');
    const { items } = await cluster.api.must<{ items: unknown[] }>('GET', second.children('Deployment'));
    expect(items).to.deep.equal([]);

    await using again = await FollowedOperator.start('removed', cluster, settings(bucket, root));
    const { code, stderr } = await again.process.ended();
    expect(code).to.equal(1);
    expect(stderr).to.contain('RYNXS_LOG_ROLLED_BACK');
    const { Versions: written = [] } = await s3.client.send(
      new ListObjectVersionsCommand({ Bucket: bucket }),
    );
    expect(written.map(({ Key }) => Key)).to.deep.equal([]);
  });

  it('wait while the disk is full, and go on when it is not', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const disk = join(cluster.directory, 'small-disk');
    const filler = join(disk, 'filler');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      await using operator = await FollowedOperator.start('full', cluster, {
        POD_NAMESPACE: NAMESPACE,
        LOG_DIR: join(disk, 'logs'),
      });
      await operator.untilLeading();
      fill(filler);
      await using agents = await fleet(30);
      await operator.untilMetric(AVAILABLE, 0);
      expect(await operator.unreadiness()).to.contain('no space');
      expect(await operator.metric(LEADING), 'nobody else could').to.equal(1);
      const { items } = await cluster.api.must<{ items: unknown[] }>('GET', agents.children('Deployment'));
      // What is left of the last page holds a few events.
      expect(items.length).to.be.below(5);
      rmSync(filler);
      await agents.settled();
      await operator.untilReady();
      operator.process.signal('SIGTERM');
      expect((await operator.process.ended()).code).to.equal(0);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});

/** Writes until there is no space left. */
function fill(file: string): void {
  for (const size of [1_048_576, 65_536, 4_096]) {
    for (;;) {
      try {
        writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        break;
      }
    }
  }
}
