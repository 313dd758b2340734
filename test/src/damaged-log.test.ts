import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  ANY_PORTS,
  BASIC_AGENT,
  RYNXS,
  RynxsProcess,
  runRynxs,
  settingsOfDev,
  TestDirectory,
} from './rynxs-process.js';

describe('rynxs start on a damaged log', function () {
  this.timeout(30_000);
  let directory: TestDirectory;
  let env: Readonly<Record<string, string>>;

  before(async () => {
    directory = new TestDirectory();
    env = settingsOfDev(directory.path);
    const { code, stderr } = await runRynxs(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], directory.path);
    expect(code, stderr).to.equal(0);
    const file = join(directory.path, '.rynxs/logs/operator-events.log');
    const bytes = readFileSync(file);
    const at = bytes.indexOf('EpochStarted');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  });
  after(() => directory[Symbol.dispose]());

  it('still serves its metrics before it ends, so that somebody hears of it, and ends at once when it is told to', async () => {
    await using operator = new RynxsProcess([...RYNXS, 'start'], directory.path, env);
    await operator.printed('metrics are still served for a while');
    const metrics = /"metrics":"([^"]+)"/.exec(operator.output)?.[1] ?? '';
    expect(await (await fetch(metrics)).text()).to.match(/^rynxs_log_chain_broken 1$/m);
    operator.signal('SIGTERM');
    const { code, stderr } = await operator.ended();
    expect(code).to.equal(1);
    expect(stderr).to.include('RYNXS_LOG_DAMAGED');
  });

  it('ends by itself after LOG_DAMAGE_LINGER, or at once', async () => {
    for (const LOG_DAMAGE_LINGER of ['50ms', '0s']) {
      const { code, stderr } = await runRynxs(['start'], directory.path, { ...env, LOG_DAMAGE_LINGER });
      expect(code).to.equal(1);
      expect(stderr).to.include('RYNXS_LOG_DAMAGED');
      expect(stderr.includes('metrics are still served'), LOG_DAMAGE_LINGER).to.equal(
        LOG_DAMAGE_LINGER !== '0s',
      );
    }
  });
});
