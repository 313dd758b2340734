import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { type Ended, runRynxs, TestDirectory } from '../rynxs-process.js';
import { policyText } from '../s3-policies.js';
import { answer, BUCKET, NAMES, ONCE, put, STORE } from './log-bucket.js';
import { S3_SERVERS, S3Server } from './s3-server.js';
import { clientOf, makeUser, type UserCredentials } from './s3-users.js';
import { ServerCertificate } from './server-certificate.js';

for (const name of S3_SERVERS) {
  describe(`the policies of a bucket on ${name}`, function () {
    this.timeout(60_000);
    let certificate: ServerCertificate;
    let server: S3Server;
    let directory: TestDirectory;
    let asOperator: Readonly<Record<string, string>>;
    let asReader: Readonly<Record<string, string>>;
    let operator: S3Client;
    let reader: S3Client;
    let vkey: string;

    before(async () => {
      certificate = await ServerCertificate.make();
      server = await S3Server.start(name, certificate);
      directory = new TestDirectory();
      // With Object Lock comes versioning.
      await server.client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
      const users = await Promise.all(
        (['operator-policy', 'reader-policy'] as const).map((its) =>
          makeUser(name, server, policyText(its, NAMES)),
        ),
      );
      const [operatorUser, readerUser] = users as [UserCredentials, UserCredentials];
      if (name === 'versitygw') await grant(server, operatorUser, readerUser);
      const place = { EVENT_STORE_TYPE: 's3', S3_BUCKET: BUCKET, S3_ENDPOINT: server.endpoint };
      asOperator = { ...operatorUser, ...place, S3_CA_FILE: certificate.caFile };
      asReader = { ...readerUser, ...place, S3_CA_FILE: certificate.caFile };
      operator = clientOf(server, operatorUser, certificate.ca);
      reader = clientOf(server, readerUser, certificate.ca);
    });

    after(async () => {
      operator?.destroy();
      reader?.destroy();
      directory?.[Symbol.dispose]();
      await server?.[Symbol.asyncDispose]();
      certificate?.[Symbol.dispose]();
    });

    it('let an operator do all that it does, and a reader verify it', async () => {
      for (const run of ['a new log', 'one that is there']) {
        const { code, stdout, stderr } = await runRynxs(ONCE, directory.path, asOperator);
        expect(code, `${run}: ${stderr}`).to.equal(0);
        expect(JSON.parse(stdout), run).to.include({ ready: true, verified: true });
      }
      const shown = await runRynxs(['keys', 'show', '--store', STORE], directory.path, asReader);
      expect(shown.code, shown.stderr).to.equal(0);
      vkey = shown.stdout.trim();
      expect(await verified()).to.include({
        intact: true,
        trust: 'key',
        completeness: 'proven up to proven_to',
      });
    });

    it('let an operator create, and nothing be overwritten by whoever says so', async () => {
      const Key = 'events/objects/created';
      expect(await answer(operator.send(put(Key)))).to.equal('done');
      expect(await answer(operator.send(put(Key)))).to.equal('PreconditionFailed');
    });

    it('let an operator delete nothing, write nowhere else, and change nothing of the bucket', async () => {
      const Key = await newestCommit();
      const versioning = { Bucket: BUCKET, VersioningConfiguration: { Status: 'Suspended' as const } };
      const VersionId = await versionOf(Key);
      const requests = [
        () => operator.send(new DeleteObjectCommand({ Bucket: BUCKET, Key })),
        () => operator.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId })),
        () => operator.send(put('other/key')),
        () => operator.send(new PutBucketVersioningCommand(versioning)),
        () => operator.send(new DeleteBucketPolicyCommand({ Bucket: BUCKET })),
      ];
      for (const request of requests) {
        expect(await answer(request()), String(request)).to.equal('AccessDenied');
      }
      const many = { Bucket: BUCKET, Delete: { Objects: [{ Key }] } };
      const { Errors = [] } = await operator.send(new DeleteObjectsCommand(many));
      expect(Errors.map(({ Code }) => Code)).to.deep.equal(['AccessDenied']);
    });

    it('let a reader write nothing', async () => {
      expect(await answer(reader.send(put('events/9999999999.json')))).to.equal('AccessDenied');
      const { code, stderr } = await runRynxs(ONCE, directory.path, asReader);
      expect(code).not.to.equal(0);
      expect(stderr).to.include('AccessDenied').and.include('allow s3:PutObject on event-log');
    });

    for (const { commit, kind, refusal } of [
      { commit: -1, kind: 'truncated', refusal: 'RYNXS_LOG_ROLLED_BACK' },
      { commit: 1, kind: 'gap', refusal: 'RYNXS_LOG_DAMAGED' },
    ]) {
      it(`do not bind root: but a deleted commit leaves a marker, is found (${kind}), and comes back`, async () => {
        const Key = (await commits()).at(commit) ?? '';
        const bytes = await bytesOf(Key);
        const deleted = await server.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
        expect(deleted).to.include({ DeleteMarker: true });

        const { intact, damage } = await verified();
        expect([intact, damage.kind]).to.deep.equal([false, kind]);
        expect(damage.first_bad_seq).to.equal(Number(/\d{10}/.exec(Key)));
        const start = await runRynxs(ONCE, directory.path, asOperator);
        expect(start.code).to.equal(1);
        expect(start.stderr).to.include(refusal);

        // As the page says, versitygw does not create an object over a marker.
        const create = put(Key, bytes);
        const isCreated = (await answer(operator.send(create))) === 'done';
        expect(isCreated).to.equal(name === 'MinIO');
        const marker = { Bucket: BUCKET, Key, VersionId: deleted.VersionId };
        if (!isCreated) await server.client.send(new DeleteObjectCommand(marker));
        expect(await verified()).to.include({ intact: true });
      });
    }

    it('cannot require the condition here: what is overwritten keeps its version, and is found', async () => {
      const [Key = ''] = await commits();
      const before = await versionOf(Key);
      const bytes = await bytesOf(Key);
      const changed = Buffer.from(bytes).fill(0x30, 300, 310);
      const overwrite = { Bucket: BUCKET, Key, Body: changed };
      expect(await answer(operator.send(new PutObjectCommand(overwrite)))).to.equal('done');
      expect((await verified()).intact).to.equal(false);
      const kept = await reader.send(new GetObjectCommand({ Bucket: BUCKET, Key, VersionId: before }));
      expect(Buffer.from((await kept.Body?.transformToByteArray()) ?? [])).to.deep.equal(bytes);
      const bad = { Bucket: BUCKET, Key, VersionId: await versionOf(Key) };
      await server.client.send(new DeleteObjectCommand(bad));
      expect(await verified()).to.include({ intact: true });
    });

    async function verified(): Promise<Verification> {
      const args = ['log', 'verify', '--store', STORE, '--key', vkey, '--output', 'json'];
      const { code, stdout, stderr }: Ended = await runRynxs(args, directory.path, asReader);
      expect(code, stderr).to.be.oneOf([0, 1]);
      const report = JSON.parse(stdout) as Verification;
      expect(report.intact).to.equal(code === 0);
      return report;
    }

    async function commits(): Promise<readonly string[]> {
      const { Contents = [] } = await reader.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'events/0' }),
      );
      return Contents.map(({ Key = '' }) => Key);
    }

    async function newestCommit(): Promise<string> {
      return (await commits()).at(-1) ?? '';
    }

    async function versionOf(Key: string): Promise<string | undefined> {
      const { VersionId, Body } = await reader.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      await Body?.transformToByteArray();
      return VersionId;
    }

    async function bytesOf(Key: string): Promise<Buffer> {
      const { Body } = await reader.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    }
  });
}

interface Verification {
  readonly intact: boolean;
  readonly damage: { readonly kind: string; readonly first_bad_seq: number };
}

async function grant(server: S3Server, operator: UserCredentials, reader: UserCredentials): Promise<void> {
  const Policy = policyText('versitygw-bucket-policy', {
    ...NAMES,
    OPERATOR_ACCESS_KEY: operator.AWS_ACCESS_KEY_ID,
    READER_ACCESS_KEY: reader.AWS_ACCESS_KEY_ID,
  });
  await server.client.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy }));
}
