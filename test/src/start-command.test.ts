import { expect } from 'chai';
import { metricLists, missingSeries } from './metrics-document.js';
import {
  ANY_PORTS,
  BASIC_AGENT,
  RYNXS,
  RynxsProcess,
  runRynxs,
  settingsOfDev,
  TestDirectory,
} from './rynxs-process.js';

describe('rynxs start', function () {
  this.timeout(30_000);
  let directory: TestDirectory;
  let env: Readonly<Record<string, string>>;

  before(async () => {
    directory = new TestDirectory();
    env = settingsOfDev(directory.path);
    const { code, stderr } = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path);
    expect(code, stderr).to.equal(0);
  });

  after(() => directory[Symbol.dispose]());

  it('prints the plugin tree with times, logs in JSON, is ready, serves the metrics that are documented, and stops at a signal', async () => {
    await using operator = new RynxsProcess([...RYNXS, 'start'], directory.path, env);
    await operator.printed('"leading"');
    const health = /"health":"([^"]+)"/.exec(operator.output)?.[1];
    expect(await (await fetch(`${health}/livez`)).text()).to.equal('[+]ping ok\nlivez check passed\n');
    const readyz = await (await fetch(`${health}/readyz`)).text();
    for (const check of ['started', 'event-log', 'caches'])
      expect(readyz).to.match(new RegExp(`^\\[.\\]${check} `, 'm'));
    const metrics = /"metrics":"([^"]+)"/.exec(operator.output)?.[1] ?? '';
    const page = await (await fetch(metrics)).text();
    const { documented, served } = metricLists(page, /^(?!rynxs_s3_)/);
    expect(served).to.deep.equal(documented);
    expect(missingSeries(page, 'file'), 'that must be there from the start').to.deep.equal([]);
    operator.signal('SIGTERM');
    const { code, stdout, stderr } = await operator.ended();
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/EVENT_STORE\(file\) [\d.]+ ms/)
      .and.match(/CLUSTER\(embedded\) [\d.]+ ms/);
    for (const line of stderr.trimEnd().split('\n'))
      expect(JSON.parse(line)).to.include.keys('level', 'time', 'msg');
    const tail = await runRynxs(['log', 'tail', '-n', '1', '--output', 'json'], directory.path);
    expect(JSON.parse(tail.stdout)).to.include({ type: 'EpochEnded' });
  });

  it('reads rynxs.yaml, over which the environment wins', async () => {
    const { code, stderr } = await runRynxs(['start', '--config', 'missing.yaml'], directory.path, env);
    expect(code).to.equal(2);
    expect(stderr).to.include('RYNXS_CONFIG_FILE').and.include('missing.yaml');
  });

  it('names every wrong setting and every plugin that is not there', async () => {
    const wrong = { ...env, EVENT_STORE_TYPE: 'redis', METRICS_PORT: '10abc' };
    const { code, stderr } = await runRynxs(['start'], directory.path, wrong);
    expect(code).to.equal(2);
    expect(stderr).to.include('redis').and.include('METRICS_PORT');
  });

  it('tells logs and terminal alike when it cannot go on', async () => {
    await using first = new RynxsProcess([...RYNXS, 'dev', ...ANY_PORTS], directory.path);
    await first.printed('Ctrl-C stops it');
    const { code, stderr } = await runRynxs(['start'], directory.path, env);
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(/^\{.*the operator cannot go on.*\}$/m)
      .and.match(/^error RYNXS_\w+: /m);
    first.signal('SIGINT');
    expect((await first.ended()).code).to.equal(0);
  });
});
