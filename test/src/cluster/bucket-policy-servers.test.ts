import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { runRynxs, TestDirectory } from '../rynxs-process.js';
import { policy, policyPage, policyText, type Statement, tableOf } from '../s3-policies.js';
import { FaultProxy } from './fault-proxy.js';
import { answer, BUCKET, NAMES, ONCE, policyOf, put, STORE } from './log-bucket.js';
import { S3_SERVERS, S3Server, type S3ServerName } from './s3-server.js';
import { clientOf, makeUser } from './s3-users.js';

const page = policyPage();

for (const name of S3_SERVERS) {
  describe(`the bucket policy for AWS on ${name}`, () => {
    let server: S3Server;
    before(async () => {
      server = await S3Server.start(name);
      await server.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    });
    after(() => server?.[Symbol.asyncDispose]());

    it('is taken or refused, statement by statement, as the page says', async () => {
      const table = tableOf(page, 'What other servers enforce');
      const at = table[0]?.indexOf(name) ?? -1;
      const said = table
        .slice(1)
        .map((row) => [row[0]?.replaceAll('`', ''), /^\w+/.exec(row[at] ?? '')?.[0]]);
      const found: [string, string][] = [];
      for (const statement of policy('bucket-policy', NAMES).Statement) {
        const outcome = await answer(server.client.send(policyOf([statement])));
        expect(outcome).to.be.oneOf(['done', 'MalformedPolicy']);
        found.push([statement.Sid, outcome === 'done' ? 'accepted' : 'refused']);
      }
      expect(found).to.deep.equal(said);
    });
  });
}

describe('who is bound by a bucket policy', () => {
  const denial = (its: string): Statement => {
    const found = policy('bucket-policy', NAMES).Statement.find(({ Sid }) => Sid === its);
    if (found === undefined) throw new Error(`there is no statement ${its}`);
    return found;
  };

  it('on versitygw: users, of whom it does not know who they are in AWS', async () => {
    await using user = await UserWithBucket.make('versitygw');
    const grants = policy('versitygw-bucket-policy', {
      ...NAMES,
      OPERATOR_ACCESS_KEY: user.accessKey,
    }).Statement.filter(({ Sid }) => Sid === 'ReadAndCreate');
    expect(await user.createsUnder(grants)).to.equal('done');
    expect(await user.createsUnder([...grants, denial('OverTlsOnly')])).to.equal('AccessDenied');
    expect(await user.createsUnder([...grants, denial('OnlyTheOperatorWrites')])).to.equal('AccessDenied');
  });

  it('on MinIO: nobody who has credentials', async () => {
    await using user = await UserWithBucket.make('MinIO');
    expect(await user.createsUnder([denial('OverTlsOnly')])).to.equal('done');
  });
});

describe('the requests of an operator', function () {
  this.timeout(60_000);

  it('are those that the page lists', async () => {
    await using server = await S3Server.start('MinIO');
    await using proxy = await FaultProxy.start(server.endpoint);
    using directory = new TestDirectory();
    await server.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const env = {
      ...(await makeUser('MinIO', server, policyText('operator-policy', NAMES))),
      EVENT_STORE_TYPE: 's3',
      S3_BUCKET: BUCKET,
      S3_ENDPOINT: proxy.endpoint,
    };
    for (const args of [ONCE, ONCE, ['log', 'verify', '--store', STORE]]) {
      const { code, stderr } = await runRynxs(args, directory.path, env);
      expect(code, stderr).to.equal(0);
    }
    const rows = tableOf(page, 'What Rynxs calls').slice(1);
    const written = rows
      .filter(([call = '']) => call.startsWith('`PutObject`'))
      .map(([, , keys = '']) => keys);
    const keys = new RegExp(`^/${BUCKET}/(${written.map(keyPattern).join('|')})$`);
    const seen = new Set<string>();
    for (const { method, path, headers } of proxy.requests) {
      const { pathname, searchParams } = new URL(path, proxy.endpoint);
      const isListing = searchParams.get('list-type') === '2';
      if (!isListing) expect(pathname).to.match(keys);
      expect([...searchParams.keys()]).to.satisfy((names: string[]) =>
        names.every((one) => ['list-type', 'max-keys', 'prefix', 'start-after', 'x-id'].includes(one)),
      );
      if (method === 'PUT') expect(headers).to.include({ 'if-none-match': '*' });
      seen.add(isListing ? `${method} ListObjectsV2` : `${method} ${searchParams.get('x-id')}`);
    }
    expect(seen).to.deep.equal(new Set(['PUT PutObject', 'GET GetObject', 'GET ListObjectsV2']));
    const kinds = ['json$', 'checkpoints/', 'probe-'].map((kind) => new RegExp(kind));
    for (const kind of kinds) {
      expect(
        proxy.requests.some(({ method, path }) => method === 'PUT' && kind.test(path.split('?')[0] ?? '')),
      ).to.equal(true);
    }
  });
});

/** A user who may create objects in a bucket, over plain HTTP. */
class UserWithBucket implements AsyncDisposable {
  #created = 0;

  private constructor(
    readonly accessKey: string,
    readonly server: S3Server,
    readonly client: S3Client,
  ) {}

  static async make(name: S3ServerName): Promise<UserWithBucket> {
    const server = await S3Server.start(name);
    await server.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const user = await makeUser(name, server, policyText('operator-policy', NAMES));
    return new UserWithBucket(user.AWS_ACCESS_KEY_ID, server, clientOf(server, user));
  }

  /** What the server says to the user who creates an object, with these statements as the bucket's policy. */
  async createsUnder(statements: readonly Statement[]): Promise<string> {
    await this.server.client.send(policyOf(statements));
    this.#created += 1;
    return answer(this.client.send(put(`events/${this.#created}`)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.server[Symbol.asyncDispose]();
  }
}

/** What a cell of the page says of keys, as a regular expression. */
function keyPattern(cell: string): string {
  return cell
    .replaceAll('`', '')
    .replaceAll('.', '\\.')
    .replace('{10 digits}', '\\d{10}')
    .replace('{name}', '[a-z0-9.-]+')
    .replace('{uuid}', '[0-9a-f-]{36}');
}
