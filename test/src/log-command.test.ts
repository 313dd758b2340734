import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ANY_PORTS, BASIC_AGENT, RYNXS, RynxsProcess, runRynxs, TestDirectory } from './rynxs-process.js';

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
    const step = Math.max(1, Math.floor(original.length / 12));
    try {
      for (let at = 0; at < original.length; at += step) {
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

  it('exits with 2 for what is not there, and names the package for other stores', async () => {
    expect((await log('verify', '--store', 'file:///nowhere')).code).to.equal(2);
    const s3 = await log('verify', '--store', 's3://bucket/prefix');
    expect(s3.code).to.equal(2);
    expect(s3.stderr).to.include('@rynxs/store-s3');
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
