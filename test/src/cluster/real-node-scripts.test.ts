import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Ended, ROOT, RynxsProcess } from '../rynxs-process.js';
import { WatchedRelease } from './alerts/watched-release.js';
import { ChartCluster } from './chart/chart-cluster.js';
import { loadMinio } from './chart/images.js';
import { until } from './real-cluster/processes.js';
import { programOf } from './real-cluster/programs.js';
import type { ApiClient, ApiObject } from './real-cluster.js';

const PAGE = 'docs/SCRIPTS.md';
const HA = 'rynxs-ha';
/** An installation that a script has left there. */
const KEPT = ['--release', 'rynxs', '--namespace', HA] as const;
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const FAULT_BEGUN_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 120_000;

interface Report {
  readonly passed: boolean;
  readonly interrupted: boolean;
  readonly steps: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly detail: string | null;
  }[];
  readonly measured: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

interface Deployment extends ApiObject {
  readonly spec: { readonly replicas: number };
  readonly status: { readonly readyReplicas?: number };
}

interface Binding extends ApiObject {
  readonly subjects?: readonly { readonly name: string; readonly namespace?: string }[];
}

describe('the scripts for a cluster', function () {
  this.timeout(240_000);
  let chart: ChartCluster;
  let api: ApiClient;

  before(async () => {
    chart = await ChartCluster.start([loadMinio]);
    api = chart.cluster.api;
  });
  after(() => chart?.[Symbol.asyncDispose]());

  /** Starts a script as docs/SCRIPTS.md shows it, with more options, which count instead of those of the same name. */
  function start(script: string, ...options: readonly string[]): RynxsProcess {
    const env = {
      KUBECONFIG: chart.cluster.kubeconfig,
      KUBECTL: programOf('RYNXS_TEST_KUBECTL'),
      HELM: programOf('RYNXS_TEST_HELM4'),
      HOME: chart.directory,
    };
    return new RynxsProcess([process.execPath, ...documented(script), ...options], ROOT, env);
  }

  async function run(script: string, ...options: readonly string[]): Promise<Ended> {
    await using process = start(script, ...options);
    return await process.ended();
  }

  /** The report of a script that passes. */
  async function passing(script: string, ...options: readonly string[]): Promise<Report> {
    const { code, stdout, stderr } = await run(script, ...options, '--output', 'json');
    expect(code, stderr).to.equal(0);
    const report = JSON.parse(stdout) as Report;
    expect(report).to.include({ passed: true, interrupted: false });
    expect(report.problems).to.deep.equal([]);
    return report;
  }

  const names = async (path: string) => {
    const { items } = await api.must<{ items: readonly ApiObject[] }>('GET', path);
    return items.map(({ metadata }) => metadata.name);
  };
  const ours = async (path: string) => (await names(path)).filter((name) => /rynxs|universe\.ai/.test(name));
  const subjectsOfOperator = async () => {
    const { items } = await api.must<{ items: readonly Binding[] }>('GET', BINDINGS);
    const subjects = items.flatMap((binding) => binding.subjects ?? []);
    return subjects.filter(({ name }) => name === 'rynxs-operator');
  };

  it('e2e-s3: the log in the bucket verifies and goes on, and nothing is left', async () => {
    const { measured, steps } = await passing('e2e-s3');
    expect(measured.epochs).to.equal(2);
    expect(measured.records).to.be.above(10);
    const verified = steps.find(({ name }) => name === 'log in the bucket verified');
    expect(verified?.detail).to.match(
      /^s3:\/\/rynxs-events\/events(?: at \S+)?: \d+ records in \d+ commits, 1 epoch, signed to \d+/,
    );
    expect(await ours('/api/v1/namespaces')).to.deep.equal([]);
    expect(await ours('/apis/apiextensions.k8s.io/v1/customresourcedefinitions')).to.deep.equal([]);
    expect(await ours('/apis/rbac.authorization.k8s.io/v1/clusterroles')).to.deep.equal([]);
  });

  it('ha-failover: another replica leads in time after each end of a leader, and nothing is lost', async () => {
    const short = ['--rounds', '1', '--agents', '4', '--rate', '1'];
    const { measured, steps } = await passing('ha-failover', ...short, '--namespace', HA, '--keep');
    expect(measured.failover_killed_ms).to.be.above(0);
    expect(measured.failover_deleted_ms).to.be.above(0);
    const { failover_killed_ms: killed, failover_deleted_ms: deleted } = measured;
    process.stdout.write(
      `      another replica leads ${killed} ms after a kill, ${deleted} ms after a deletion\n`,
    );
    expect(steps.at(-1)?.detail).to.match(/^epoch 1 \w+, .*; epoch 2 \w+, .*; epoch \d+ open, /);
  });

  it('e2e-s3: refuses a cluster that has an operator already', async () => {
    const { code, stderr } = await run('e2e-s3');
    expect(code).to.equal(2);
    expect(stderr).to.include(`there is an operator in this cluster already: ${HA}/rynxs-operator`);
    expect(stderr).to.include(`--release rynxs --namespace ${HA}`);
  });

  it('stress-api-failures: everything becomes right again after each fault', async () => {
    const short = ['--seconds', '3', '--agents', '6', '--suspended'];
    const { measured, steps } = await passing('stress-api-failures', ...KEPT, ...short);
    expect(measured.skipped).to.deep.equal([]);
    for (const [fault, failure] of [
      ['rbac', '403'],
      ['webhook-gone', '500'],
      ['throttled', '429'],
    ] as const) {
      const step = steps.find(({ name }) => name.startsWith(`${fault}: `));
      expect(step?.detail, fault).to.include(`× ${failure}`);
    }
    expect(await ours('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations')).to.deep.equal(
      [],
    );
    expect(await ours('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas')).to.deep.equal([]);
  });

  it('stress-event-rate: nothing is missed', async () => {
    const short = ['--rate', '15', '--agents', '20', '--minutes', '0.1', '--suspended', '--seed', '1'];
    const { measured } = await passing('stress-event-rate', ...KEPT, ...short);
    expect(measured.events).to.be.above(100);
    expect(measured.append_p99_seconds).to.be.within(0.0001, 10);
  });

  it('stress-api-failures: gives the operator its rights back when it is interrupted', async () => {
    const before = await subjectsOfOperator();
    const namespaces = await ours('/api/v1/namespaces');
    expect(before).to.have.length(1);
    await using script = start(
      'stress-api-failures',
      ...KEPT,
      '--faults',
      'rbac',
      '--suspended',
      '--agents',
      '1',
    );
    const hasBegun = async () => (await subjectsOfOperator()).length === 0;
    expect(await until(hasBegun, FAULT_BEGUN_TIMEOUT_MS), script.output).to.equal(true);
    script.signal('SIGINT');
    const { code, stdout } = await script.ended();
    expect(code, stdout).to.equal(130);
    expect(stdout).to.include('… end the fault: its rights are taken away').and.include('INTERRUPTED');
    expect(await subjectsOfOperator()).to.deep.equal(before);
    expect(await ours('/api/v1/namespaces')).to.deep.equal(namespaces);
  });

  describe('simulate-alert', () => {
    let watched: WatchedRelease;

    before(async () => {
      watched = await WatchedRelease.start(chart.cluster, HA);
    });
    after(() => watched?.[Symbol.asyncDispose]());

    const operator = () =>
      api.must<Deployment>('GET', `/apis/apps/v1/namespaces/${HA}/deployments/rynxs-operator`);
    const replicas = async () => (await operator()).spec.replicas;
    const isWhole = async () => (await operator()).status.readyReplicas === 3;
    const leaseUid = async () => {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${HA}/leases/rynxs-operator-leader`;
      return (await api.must<ApiObject>('GET', path)).metadata.uid;
    };

    for (const alert of ['RynxsNoLeader', 'RynxsLeaderElectionFailuresHigh']) {
      it(`${alert} fires for what is done to a release, and ends when it is undone`, async () => {
        expect(await until(isWhole, READY_TIMEOUT_MS)).to.equal(true);
        const where = ['--prometheus', watched.url, '--timeout', '90'];
        const { steps } = await passing('simulate-alert', alert, ...KEPT, ...where);
        expect(steps.map(({ name }) => name).slice(1)).to.deep.equal([`${alert} fires`, `${alert} ends`]);
        expect(await replicas()).to.equal(3);
      });
    }

    it('RynxsLeaderFlap ends term after term', async () => {
      expect(await until(isWhole, READY_TIMEOUT_MS)).to.equal(true);
      const before = await leaseUid();
      const { steps } = await passing('simulate-alert', 'RynxsLeaderFlap', ...KEPT, '--for', '20');
      expect(steps.at(-1)?.name).to.equal('left so for 20 s');
      expect(await leaseUid()).not.to.equal(before);
    });

    it('undoes what it did when it is interrupted', async () => {
      await using script = start('simulate-alert', 'RynxsNoLeader', ...KEPT);
      const hasBegun = async () => (await replicas()) === 0;
      expect(await until(hasBegun, FAULT_BEGUN_TIMEOUT_MS), script.output).to.equal(true);
      script.signal('SIGINT');
      const { code, stdout } = await script.ended();
      expect(code, stdout).to.equal(130);
      expect(stdout).to.include('… scale rynxs-operator to 3 replicas again').and.include('INTERRUPTED');
      expect(await replicas()).to.equal(3);
    });
  });
});

/** The command that the page shows for a script, without `node` and the alert of its example. */
function documented(script: string): readonly string[] {
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  const line = page.split('\n').find((text) => text.startsWith(`node scripts/${script}.mjs`));
  if (line === undefined) throw new Error(`${PAGE} does not show how to run ${script}`);
  return line
    .split(' ')
    .slice(1)
    .filter((word) => !word.startsWith('Rynxs'));
}
