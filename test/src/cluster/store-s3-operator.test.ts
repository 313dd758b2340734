import { expect } from 'chai';
import { ANY_PORTS, BASIC_AGENT, RYNXS, RynxsProcess, runRynxs, TestDirectory } from '../rynxs-process.js';
import { CREDENTIALS, S3_SERVERS, S3Server } from './s3-server.js';

for (const name of S3_SERVERS) {
  describe(`an operator that keeps its log in a bucket of ${name}`, function () {
    this.timeout(60_000);
    let server: S3Server;
    let directory: TestDirectory;
    let env: Readonly<Record<string, string>>;

    before(async () => {
      server = await S3Server.start(name);
      directory = new TestDirectory();
      env = {
        ...CREDENTIALS,
        EVENT_STORE_TYPE: 's3',
        S3_BUCKET: await server.createBucket(),
        // Without its scheme: a loopback address is http.
        S3_ENDPOINT: server.endpoint.replace('http://', ''),
      };
    });

    after(async () => {
      directory?.[Symbol.dispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const store = (): string => `s3://${env.S3_BUCKET}/events`;

    it('brings an agent up, and its log is verified and read back by others', async () => {
      const run = await runRynxs(
        ['dev', ...ANY_PORTS, '--once', '--output', 'json', BASIC_AGENT],
        directory.path,
        env,
      );
      expect(run.code, run.stderr).to.equal(0);
      expect(JSON.parse(run.stdout)).to.include({ ready: true, verified: true });

      const verified = await runRynxs(
        ['log', 'verify', '--store', store(), '--output', 'json'],
        directory.path,
        env,
      );
      expect(verified.code, verified.stderr).to.equal(0);
      expect(JSON.parse(verified.stdout)).to.include({ intact: true });
      const tail = await runRynxs(
        ['log', 'tail', '--store', store(), '-n', '1', '--output', 'json'],
        directory.path,
        env,
      );
      expect(JSON.parse(tail.stdout)).to.include({ type: 'EpochEnded' });
    });

    it('goes on where it has ended, and counts what it writes', async () => {
      await using operator = new RynxsProcess(
        [...RYNXS, 'dev', ...ANY_PORTS, BASIC_AGENT],
        directory.path,
        env,
      );
      await operator.printed('Ctrl-C stops it');
      const endpoint = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(operator.output)?.[0];
      expect(endpoint, operator.output).not.to.equal(undefined);
      const metrics = await (await fetch(endpoint ?? '')).text();
      expect(Number(/^rynxs_s3_put_total (\d+)$/m.exec(metrics)?.[1])).to.be.above(0);
      for (const type of ['AccessDenied', 'PreconditionFailed', 'NoSuchBucket', 'NetworkError', 'Other']) {
        expect(metrics).to.contain(`rynxs_s3_put_errors_total{error_type="${type}"} 0`);
      }
      operator.signal('SIGINT');
      expect((await operator.ended()).code, operator.output).to.equal(0);
      const epochs = await runRynxs(
        ['log', 'epochs', '--store', store(), '--output', 'json'],
        directory.path,
        env,
      );
      expect(epochs.code, epochs.stderr).to.equal(0);
    });

    it('says what is missing when the bucket is not there', async () => {
      const run = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path, {
        ...env,
        S3_BUCKET: 'no-such-bucket',
      });
      expect(run.code, run.stderr).to.equal(2);
      expect(run.stderr).to.contain('no-such-bucket').and.to.contain('correct S3_BUCKET');
      expect(run.stderr).not.to.contain(CREDENTIALS.AWS_SECRET_ACCESS_KEY);
    });
  });
}
