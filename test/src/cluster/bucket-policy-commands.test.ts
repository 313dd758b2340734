import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { type Ended, ROOT, RynxsProcess, runRynxs, TestDirectory } from '../rynxs-process.js';
import { blockOf, POLICY_PAGE, policyPage, policyText } from '../s3-policies.js';
import { BUCKET, NAMES, ONCE, STORE } from './log-bucket.js';
import { CREDENTIALS, S3_SERVERS, S3Server } from './s3-server.js';
import { makeUser, type UserCredentials } from './s3-users.js';
import { ServerCertificate } from './server-certificate.js';

const page = policyPage();
const OPERATOR_SECRET = 'the-secret-of-the-operator';
const READER_SECRET = 'the-secret-of-the-reader';

/** A shell in a directory that has the examples, with the AWS CLI set up for a server. */
class Shell implements Disposable {
  readonly #directory = new TestDirectory();
  /** Variables of the page, and of the AWS CLI. */
  readonly env: Record<string, string>;

  constructor(env: Readonly<Record<string, string>>) {
    symlinkSync(join(ROOT, 'examples'), this.file('examples'));
    mkdirSync(this.file('bin'));
    this.env = {
      PATH: `${this.file('bin')}:${process.env.PATH}`,
      // Some installations of the AWS CLI look for themselves there; its configuration is not taken from it.
      HOME: process.env.HOME ?? '',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: this.file('credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
      BUCKET,
      PREFIX: 'events',
      OPERATOR: NAMES.LOG_OPERATOR_ARN,
      ADMIN: NAMES.LOG_ADMIN_ARN,
      ...env,
    };
  }

  get directory(): string {
    return this.#directory.path;
  }

  file(name: string): string {
    return join(this.#directory.path, name);
  }

  /** Makes a command of its own, which `code` is. */
  command(name: string, code: string): void {
    writeFileSync(this.file(`bin/${name}`), `#!/bin/sh\n${code}\n`);
    chmodSync(this.file(`bin/${name}`), 0o755);
  }

  /** Writes the profiles that `--profile` names. */
  profiles(users: Readonly<Record<string, UserCredentials>>): void {
    const sections = Object.entries(users).map(([name, credentials]) => {
      const lines = Object.entries(credentials).map(([key, value]) => `${key.toLowerCase()} = ${value}`);
      return `[${name}]\n${lines.join('\n')}\n`;
    });
    writeFileSync(this.file('credentials'), sections.join(''), { mode: 0o600 });
  }

  /** Runs the page's block to its end, or to the first command that fails where `options` say so. */
  async run(title: string, env: Readonly<Record<string, string>> = {}, options = '-eu'): Promise<Ended> {
    const command = ['sh', options, '-c', blockOf(page, title)];
    await using shell = new RynxsProcess(command, this.directory, { ...this.env, ...env });
    return await shell.ended();
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

for (const name of S3_SERVERS) {
  describe(`the commands of ${POLICY_PAGE} on ${name}`, function () {
    this.timeout(120_000);
    let certificate: ServerCertificate;
    let server: S3Server;
    let shell: Shell;
    let asReader: Readonly<Record<string, string>>;
    let asOperator: Readonly<Record<string, string>>;

    before(async function () {
      needProgram(this, 'aws');
      certificate = await ServerCertificate.make();
      server = await S3Server.start(name, certificate);
      shell = new Shell({
        ...CREDENTIALS,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_CA_BUNDLE: certificate.caFile,
        OPERATOR_SECRET,
        READER_SECRET,
      });
    });

    after(async () => {
      shell?.[Symbol.dispose]();
      await server?.[Symbol.asyncDispose]();
      certificate?.[Symbol.dispose]();
    });

    it('make a bucket that keeps versions, and users of it', async () => {
      const made = await succeed('bucket');
      expect(made).to.match(/"Status": "Enabled"[\s\S]*"Mode": "GOVERNANCE"/);
      await succeed('fill');
      const [operator, reader] = await users();
      shell.profiles({ 'log-operator': operator, 'log-reader': reader });
      const place = { S3_ENDPOINT: server.endpoint, S3_CA_FILE: certificate.caFile };
      asOperator = { ...operator, ...place, EVENT_STORE_TYPE: 's3', S3_BUCKET: BUCKET };
      asReader = { ...reader, ...place };
      const run = await runRynxs(ONCE, shell.directory, asOperator);
      expect(run.code, run.stderr).to.equal(0);
    });

    it('find nothing where only Rynxs has written', async () => {
      for (const title of ['deleted', 'overwritten', 'strangers']) {
        expect((await succeed(title)).trim(), title).to.be.oneOf(['', 'None']);
      }
    });

    it('show what the policies allow, and that they cannot require the condition here', async () => {
      const { stdout, stderr, code } = await shell.run('try', {}, '-u');
      const denials = [...stderr.matchAll(/An error occurred \((\w+)\) when calling the (\w+)/g)];
      expect(denials.map(([, error, operation]) => `${operation} ${error}`)).to.deep.equal([
        'PutObject PreconditionFailed',
        'DeleteObject AccessDenied',
        'PutObject AccessDenied',
      ]);
      expect(code, 'the last command is not denied').to.equal(0);
      expect([...stdout.matchAll(/"ETag"/g)]).to.have.length(2);
      expect(await succeed('strangers')).to.equal('events/objects/policy-check\n');
    });

    it('find a deleted commit, and bring it back', async () => {
      const KEY = 'events/0000000003.json';
      const { VersionId: VERSION = '' } = await object(KEY);
      await server.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: KEY }));
      expect(await verify()).to.equal(1);
      const [key, marker = ''] = (await succeed('deleted')).split('\t');
      expect(key).to.equal(KEY);
      expect(await succeed('overwritten')).to.include(`${KEY}\t${VERSION}\t`);
      if (name === 'MinIO') await succeed('restore', { KEY, VERSION });
      else await succeed('restore-by-removal', { KEY, BAD_VERSION: marker });
      expect(await verify()).to.equal(0);
    });

    it('find an overwritten commit, whose lock keeps both versions', async () => {
      const KEY = 'events/0000000004.json';
      const { VersionId: VERSION = '' } = await object(KEY);
      await server.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'another' }));
      expect(await verify()).to.equal(1);
      expect(await succeed('overwritten')).to.include(`${KEY}\t${VERSION}\t`);
      for (const BAD_VERSION of [VERSION, (await object(KEY)).VersionId ?? '']) {
        const { code, stderr } = await shell.run('restore-by-removal', { KEY, BAD_VERSION });
        expect(code).not.to.equal(0);
        expect(stderr).to.match(/object lock|WORM protected/i);
      }
    });

    async function succeed(title: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
      const { code, stdout, stderr } = await shell.run(title, env);
      expect(code, `${title}: ${stdout}${stderr}`).to.equal(0);
      return stdout;
    }

    /** On versitygw by the page's own commands. */
    async function users(): Promise<readonly [UserCredentials, UserCredentials]> {
      if (name === 'MinIO') {
        const policies = ['operator-policy', 'reader-policy'].map((file) =>
          readFileSync(shell.file(`${file}.json`), 'utf8'),
        );
        const [operator = '', reader = ''] = policies;
        expect(operator).to.equal(policyText('operator-policy', NAMES));
        return [await makeUser(name, server, operator), await makeUser(name, server, reader)];
      }
      shell.command('versitygw', `exec '${process.env.RYNXS_TEST_VERSITYGW}' "$@"`);
      await succeed('versitygw', {
        ADMIN_ACCESS_KEY: CREDENTIALS.AWS_ACCESS_KEY_ID,
        ADMIN_SECRET_KEY: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
        ADMIN_ENDPOINT_URL: server.endpoint,
        ADMIN_ALLOW_INSECURE: 'true',
      });
      return [
        { AWS_ACCESS_KEY_ID: 'rynxs-operator', AWS_SECRET_ACCESS_KEY: OPERATOR_SECRET },
        { AWS_ACCESS_KEY_ID: 'log-reader', AWS_SECRET_ACCESS_KEY: READER_SECRET },
      ];
    }

    async function object(Key: string): Promise<{ readonly VersionId?: string | undefined }> {
      const { VersionId, Body } = await server.client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      await Body?.transformToByteArray();
      return { VersionId };
    }

    async function verify(): Promise<number | null> {
      return (await runRynxs(['log', 'verify', '--store', STORE], shell.directory, asReader)).code;
    }
  });
}

describe(`the commands of ${POLICY_PAGE} for AWS only`, function () {
  this.timeout(120_000);
  const titles = [...page.matchAll(/^```sh title=(aws-only\S+)$/gm)].map(([, title = '']) => title);

  /** The AWS CLI checks its arguments and sends nothing; lists of principals have one. */
  const CHECKED = `case "$1 $2" in
  'iam list-roles' | 'iam list-users') echo arn:aws:iam::111122223333:role/one ;;
  *) PATH=\${PATH#*:}; exec aws "$@" --generate-cli-skeleton output ;;
esac`;

  let shell: Shell;
  before(async function () {
    needProgram(this, 'aws');
    needProgram(this, 'jq');
    shell = new Shell({ TRAIL: 'trail' });
    shell.command('aws', CHECKED);
    const { code, stderr } = await shell.run('fill');
    expect(code, stderr).to.equal(0);
  });
  after(() => shell?.[Symbol.dispose]());

  for (const title of titles) {
    it(`are understood by the AWS CLI: ${title}`, async () => {
      const { code, stdout, stderr } = await shell.run(title);
      expect(code, stdout + stderr).to.equal(0);
      expect(stderr).to.equal('');
    });
  }

  it('grant an operator of another account what its own policy allows, besides all denials', () => {
    const { Statement: statements } = JSON.parse(
      readFileSync(shell.file('bucket-policy-granting.json'), 'utf8'),
    );
    const [denials, grants] = ['bucket-policy', 'operator-policy'].map(
      (file) => JSON.parse(readFileSync(shell.file(`${file}.json`), 'utf8')).Statement,
    );
    expect(denials.length).to.be.above(0);
    expect(statements.slice(0, denials.length)).to.deep.equal(denials);
    expect(statements.slice(denials.length)).to.deep.equal(
      grants.map((grant: object) => ({ ...grant, Principal: { AWS: NAMES.LOG_OPERATOR_ARN } })),
    );
  });
});

function needProgram(context: Mocha.Context, program: string): void {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status === 0) return;
  console.log(`      skipped: there is no ${program} on PATH`);
  context.skip();
}
