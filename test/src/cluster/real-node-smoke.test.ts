import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Ended, ROOT, RynxsProcess } from '../rynxs-process.js';
import { ChartCluster, type ChartUser } from './chart/chart-cluster.js';
import { CHART, WAIT } from './chart/commands.js';
import { programOf } from './real-cluster/programs.js';
import type { ApiObject } from './real-cluster.js';

const PAGE = 'docs/DOCTOR.md';
const NAMESPACE = 'rynxs';
const RELEASE = ['--release', 'rynxs', '--namespace', NAMESPACE] as const;
const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const ROLE = `${ROLES}/rynxs-operator`;
const TWO_MINUTES = 120;

interface Report {
  readonly passed: boolean;
  readonly seconds: number;
  readonly steps: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly detail: string | null;
  }[];
  readonly problems: readonly string[];
}

interface Role extends ApiObject {
  readonly rules: readonly { readonly resources?: readonly string[] }[];
}

/** As docs/DOCTOR.md tells it, on a release with the chart's defaults. */
describe('npm run smoke on a real cluster', function () {
  this.timeout(150_000);
  let chart: ChartCluster;
  let user: ChartUser;

  before(async () => {
    chart = await ChartCluster.start();
    user = await chart.namespace(NAMESPACE);
    await user.helm(4, 'install', 'rynxs', CHART, ...WAIT);
  });
  after(() => chart?.[Symbol.asyncDispose]());

  function start(...options: readonly string[]): RynxsProcess {
    const env = {
      KUBECONFIG: user.kubeconfig,
      KUBECTL: programOf('RYNXS_TEST_KUBECTL'),
      HELM: programOf('RYNXS_TEST_HELM4'),
      HOME: user.home,
    };
    return new RynxsProcess([process.execPath, 'scripts/smoke.mjs', ...RELEASE, ...options], ROOT, env);
  }

  async function run(...options: readonly string[]): Promise<Ended> {
    await using process = start(...options);
    return await process.ended();
  }

  const leftovers = async () => {
    const { items } = await user.api.must<{ items: readonly ApiObject[] }>('GET', '/api/v1/namespaces');
    return items.map(({ metadata }) => metadata.name).filter((name) => name.includes('smoke'));
  };

  it('says go, in less than two minutes, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await run('--output', 'json');
    expect(code, stderr).to.equal(0);
    const { passed, seconds, steps, problems } = JSON.parse(stdout) as Report;
    expect({ passed, problems }).to.deep.equal({ passed: true, problems: [] });
    expect(seconds).to.be.below(TWO_MINUTES);
    expect(steps.filter((step) => !step.passed)).to.deep.equal([]);
    const told = steps.map(({ name, detail }) => `${name}: ${detail}`).join('\n');
    expect(told)
      .to.include('operator available: 1 of 1 ready')
      .and.match(/rynxs doctor: .*\d+ ok/)
      .and.include('its children: ConfigMap, PersistentVolumeClaim, NetworkPolicy, Deployment')
      .and.include('contained as its spec says: as the Agent asks')
      .and.match(/log verified: .* records in/);
    expect(told).to.not.include('failed');
    expect(await leftovers()).to.deep.equal([]);
  });

  it('is what the doctor in the operator’s pod says, who disturbs nothing', async () => {
    const [, command = ''] = /^\$ (.*)$/m.exec(readFileSync(join(ROOT, PAGE), 'utf8')) ?? [];
    const text = await user.shell(command);
    expect(text)
      .to.match(/^ok +permissions +all \d+ permissions/m)
      .and.match(/^ok +crds +agents\.universe\.ai is installed, with the schema of this version/m)
      .and.match(/^ok +store +file:\/\/\/var\/lib\/rynxs\/logs can be read/m)
      .and.match(/^ok +keys +checkpoints are signed by/m)
      .and.match(/^ok +ports +an operator serves its metrics/m);
    expect(text).to.not.match(/^failed/m);
  });

  it('ends when it is interrupted, and removes what it made first', async () => {
    await using process = start();
    await process.printed('rynxs doctor:');
    process.signal('SIGINT');
    const { code, stdout } = await process.ended();
    expect(code, stdout).to.equal(130);
    expect(stdout).to.include('INTERRUPTED');
    expect(await leftovers()).to.deep.equal([]);
  });

  it('says no-go where a permission is missing, and names it', async () => {
    const role = await user.api.must<Role>('GET', ROLE);
    const rules = role.rules.filter(({ resources = [] }) => !resources.includes('networkpolicies'));
    await user.api.must('PUT', ROLE, { ...role, rules });
    const { code, stdout } = await run();
    expect(code).to.equal(1);
    expect(stdout)
      .to.include('NO-GO')
      .and.match(/permissions: may not .* networkpolicies \(networking\.k8s\.io\)/)
      .and.include('resources: [networkpolicies]');
  });
});
