import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ANY_PORTS, BASIC_AGENT, RYNXS, RynxsProcess, runRynxs, TestDirectory } from './rynxs-process.js';

/** Bytes that are changed, one at a time and others in each run. */
const CHANGED_BYTES = process.env.RYNXS_TEST_THOROUGH === '1' ? 12 : 4;

describe('rynxs log, on the log of a real run', function () {
  this.timeout(60_000);
  let directory: TestDirectory;
  let file: string;

  before(async () => {
    directory = new TestDirectory();
    file = join(directory.path, '.rynxs/logs/operator-events.log');
    const { code, stderr } = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path);
    expect(code, stderr).to.equal(0);
  });

  after(() => directory[Symbol.dispose]());

  const log = (...args: string[]) => runRynxs(['log', ...args], directory.path);

  it('verifies, and exits with 0', async () => {
    const { code, stdout } = await log('verify');
    expect(code, stdout).to.equal(0);
    expect(stdout)
      .to.match(/^intact/)
      .and.match(/signed_to +none/);
  });

  it('tells the story of an agent', async () => {
    const { stdout } = await log('tail', '-n', '100');
    expect(stdout)
      .to.match(/EpochStarted +log epoch 1 by /)
      .and.match(/AgentObserved +agents\/default\/my-agent generation 1/)
      .and.match(/ActionsDecided +agents\/default\/my-agent create ConfigMap\/my-agent, /)
      .and.match(/ActionApplied +agents\/default\/my-agent create Deployment\/my-agent/)
      .and.match(/EpochEnded +log epoch 1: /);
  });

  it('reads a log by its URL from anywhere', async () => {
    const { code, stdout } = await runRynxs(
      ['log', 'verify', '--store', `file://${directory.path}/.rynxs/logs`],
      '/',
    );
    expect(code, stdout).to.equal(0);
  });

  it('exits with 1 for a log in which any single byte was changed', async () => {
    const original = readFileSync(file);
    const step = Math.ceil(original.length / CHANGED_BYTES);
    try {
      for (let at = Math.floor(Math.random() * step); at < original.length; at += step) {
        const changed = Buffer.from(original);
        changed[at]! ^= 1;
        writeFileSync(file, changed);
        const { code, stdout } = await log('verify', '--output', 'json');
        expect(code, `byte ${at}: ${stdout}`).to.equal(1);
        expect(JSON.parse(stdout).damage.first_bad_seq).to.be.a('number');
      }
    } finally {
      writeFileSync(file, original);
    }
  });

  it('is refused by the operator when it was changed in the middle, and nothing is lost of it', async () => {
    const original = readFileSync(file, 'utf8');
    const changed = original.replace('"generation":1', '"generation":2');
    expect(changed).not.to.equal(original);
    writeFileSync(file, changed);
    try {
      const { code, stderr } = await runRynxs(['dev', ...ANY_PORTS, '--once'], directory.path);
      expect(code).to.equal(1);
      expect(stderr)
        .to.include('RYNXS_LOG_DAMAGED')
        .and.match(/at seq \d+: hash_mismatch/);
      expect(readFileSync(file, 'utf8')).to.equal(changed);
    } finally {
      writeFileSync(file, original);
    }
  });

  it('exits with 2 for what is not there, or does not answer', async () => {
    expect((await log('verify', '--store', 'file:///nowhere')).code).to.equal(2);
    const env = {
      S3_ENDPOINT: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    const s3 = await runRynxs(['log', 'verify', '--store', 's3://bucket/prefix'], directory.path, env);
    expect(s3.code).to.equal(2);
    expect(s3.stderr)
      .to.include('RYNXS_LOG_UNAVAILABLE')
      .and.include('127.0.0.1:1')
      .and.not.include('secret');
  });

  describe('with the key of the user', () => {
    let vkey: string;

    before(async () => {
      vkey = (await runRynxs(['keys', 'show'], directory.path)).stdout.trim();
      expect(vkey).to.match(/^rynxs\+[0-9a-f]{8}\+/);
    });

    it('is proven complete to its end, which a clean stop has signed', async () => {
      const { code, stdout, stderr } = await log('verify', '--key', vkey, '--output', 'json');
      expect(code, stderr).to.equal(0);
      const report = JSON.parse(stdout);
      expect(report).to.include({ unsigned_tail: 0, trust: 'key', completeness: 'proven up to proven_to' });
      expect(report.signed_to).to.equal(report.records - 1);
      expect(stderr).to.equal('');
    });

    it('gives a receipt that is checked where there is nothing but the key', async () => {
      const { code, stderr } = await log('proof', '4', '--key', vkey, '--out', 'receipt');
      expect(code, stderr).to.equal(0);
      const checked = await log('check-proof', 'receipt', '--key', vkey);
      expect(checked.code, checked.stderr).to.equal(0);
      expect(checked.stdout).to.include('valid: seq 4');
      writeFileSync(
        join(directory.path, 'bad'),
        readFileSync(join(directory.path, 'receipt'), 'utf8').replace('4', '5'),
      );
      expect((await log('check-proof', 'bad', '--key', vkey)).code).to.equal(1);
    });

    it('is not proven by another key', async () => {
      await runRynxs(['keys', 'generate', '--out', 'other.key'], directory.path);
      const other = (await runRynxs(['keys', 'show', '--key', 'other.key'], directory.path)).stdout.trim();
      expect((await log('verify', '--key', other)).code).to.equal(2);
    });

    it('is found to be cut, and goes on only when the loss is accepted', async () => {
      const kept = readFileSync(file, 'utf8');
      const ends = [...kept.matchAll(/"end":true.*\n/g)].map(({ index, 0: { length } }) => index + length);
      writeFileSync(file, kept.slice(0, ends.at(-2)));
      expect((await log('verify')).code).to.equal(0);
      const cut = await log('verify', '--key', vkey);
      expect(cut.code).to.equal(1);
      expect(cut.stdout).to.match(/damage +truncated/);

      const refused = await runRynxs(['dev', ...ANY_PORTS, '--once'], directory.path);
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.include('RYNXS_LOG_ROLLED_BACK').and.include('rynxs log recover');

      const told = await log('recover');
      expect(told.code, told.stderr).to.equal(1);
      expect(told.stdout).to.match(/^nothing was changed/);
      const accepted = await log('recover', '--accept-loss', '--reason', 'a test took it', '-o', 'json');
      expect(accepted.code, accepted.stderr).to.equal(0);
      expect(JSON.parse(accepted.stdout).anchor).to.include('rynxs-log-anchor');
      expect((await log('verify', '--key', vkey)).stdout).to.include('a test took it');
      const again = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path);
      expect(again.code, again.stderr).to.equal(0);
    });
  });

  it('compares with the anchor in the cluster', async () => {
    await using operator = new RynxsProcess([...RYNXS, 'dev', ...ANY_PORTS], directory.path);
    await operator.printed('Ctrl-C stops it');
    const { code, stdout, stderr } = await log('verify', '--anchor', '--output', 'json');
    expect(code, stderr).to.equal(0);
    const report = JSON.parse(stdout);
    expect(report.anchored_to).to.be.within(0, report.records - 1);
    operator.signal('SIGINT');
    expect((await operator.ended()).code).to.equal(0);
  });

  it('follows a running operator, and ends well with Ctrl-C', async () => {
    await using tail = new RynxsProcess([...RYNXS, 'log', 'tail', '-f', '-n', '0'], directory.path);
    await using operator = new RynxsProcess([...RYNXS, 'dev', ...ANY_PORTS], directory.path);
    await operator.printed('Ctrl-C stops it');
    await tail.printed('EpochStarted');
    operator.signal('SIGINT');
    await tail.printed('EpochEnded');
    tail.signal('SIGINT');
    expect((await tail.ended()).code).to.equal(0);
  });

  it('stops quietly when nobody reads on', async () => {
    const script = `"$0" "$@" | head -n 1`;
    await using process = new RynxsProcess(
      ['sh', '-c', script, ...RYNXS, 'log', 'tail', '-n', '100'],
      directory.path,
    );
    const { code, stderr } = await process.ended();
    expect(code).to.equal(0);
    expect(stderr).to.equal('');
  });
});
