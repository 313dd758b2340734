import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { alertsOf, readRules } from './rules.js';

/** The page whose commands run here. */
const PAGE = 'docs/PROMETHEUS_ALERTS.md';
const COMMAND = /^npm run simulate-alert -- (.+)$/gm;

describe('npm run simulate-alert', function () {
  this.timeout(30_000);

  /** Without a cluster. */
  async function simulate(...args: readonly string[]) {
    using directory = new TestDirectory();
    const script = join(ROOT, 'scripts/simulate-alert.mjs');
    const env = { KUBECONFIG: join(directory.path, 'none'), KUBECTL: join(directory.path, 'kubectl') };
    await using process_ = new RynxsProcess([process.execPath, script, ...args], directory.path, env);
    return await process_.ended();
  }

  it('lists every alert: how it is simulated, or why it cannot be', async () => {
    const { code, stdout } = await simulate('--list');
    expect(code).to.equal(0);
    const listed = stdout.split('\n').filter((line) => /^\w/.test(line));
    expect(listed).to.have.members(alertsOf(readRules()).map(({ alert }) => alert));
  });

  it('works as the document says it', async () => {
    const commands = [...readFileSync(join(ROOT, PAGE), 'utf8').matchAll(COMMAND)];
    expect(commands.length).to.be.at.least(2);
    for (const [, args = ''] of commands) {
      const { code, stdout, stderr } = await simulate(...args.split(' '));
      expect(code, stderr).to.equal(0);
      expect(stdout).to.include('RynxsNoLeader').and.include('scales the Deployment to 0 replicas');
    }
  });

  it('says why an alert cannot be simulated, before it asks any cluster', async () => {
    const { code, stderr } = await simulate('RynxsChainBroken');
    expect(code).to.equal(2);
    expect(stderr).to.match(
      /^error: RynxsChainBroken cannot be simulated on a cluster\n {2}remedy: By hand: /,
    );
  });

  for (const [args, what] of [
    [['RynxsNothing'], 'there is no alert RynxsNothing'],
    [[], 'name one alert'],
    [['RynxsNoLeader', 'RynxsLeaderFlap'], 'name one alert'],
    [['RynxsNoLeader', '--for', 'ever'], '--for must be a number of seconds'],
    [['RynxsNoLeader', '--prometheus', 'there'], '--prometheus must be an http or https URL'],
    [['RynxsNoLeader', '--nonsense'], 'nonsense'],
    [['RynxsNoLeader'], 'kubectl cannot be run'],
  ] as const) {
    it(`refuses ${args.join(' ') || 'nothing'}`, async () => {
      const { code, stdout, stderr } = await simulate(...args);
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.include(what).and.include('remedy: ');
    });
  }
});
