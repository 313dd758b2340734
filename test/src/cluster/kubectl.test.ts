import type { JsonMap, LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import { DevSystem } from './dev-system.js';

const START_TIMEOUT_MS = 60_000;
const AGENT_ID = 'agents/default/my-agent';
const CHILD_KINDS = 'configmaps,persistentvolumeclaims,networkpolicies,deployments,replicasets,pods';

/** What may stand in the root of a computer: the read-only userland, private file systems and the workspace. */
const MINIMAL_ROOT = new Set([
  'bin',
  'dev',
  'etc',
  'lib',
  'lib32',
  'lib64',
  'libx32',
  'proc',
  'sbin',
  'sys',
  'tmp',
  'usr',
  'workspace',
]);

describe('an agent on the embedded cluster, by kubectl', function () {
  this.timeout(START_TIMEOUT_MS);
  let system: DevSystem;

  before(async () => {
    const kubectl = process.env.RYNXS_TEST_KUBECTL;
    if (kubectl === undefined)
      throw new Error('RYNXS_TEST_KUBECTL must name kubectl: use npm run test:cluster');
    system = new DevSystem(kubectl);
    await system.start(START_TIMEOUT_MS);
  });

  after(async () => {
    await system?.stop();
    system?.dispose();
  });

  it('is listed with its columns', async () => {
    const { stdout } = await kubectl('get', 'agents');

    const [header, row] = stdout.trim().split('\n').map(cells);
    expect(header).to.include.members(['NAME', 'ROLE', 'IMAGE', 'AGE']);
    expect(row).to.include.members(['my-agent', 'sandbox', 'python:3.11-slim']);
  });

  it('is described with its Events', async () => {
    const { stdout } = await kubectl('describe', 'agent', 'my-agent');

    const events = stdout.slice(stdout.indexOf('\nEvents:'));
    expect(events).to.match(/Type\s+Reason\s+Age\s+From\s+Message/);
    expect(events).to.match(/\n\s+Normal\s+\w+/);
  });

  it('owns a ConfigMap, a PersistentVolumeClaim, a NetworkPolicy and a Deployment', async () => {
    const { stdout } = await kubectl(
      ...['get', 'configmap/my-agent', 'pvc/my-agent', 'networkpolicy/my-agent', 'deployment/my-agent'],
      ...['-o', 'jsonpath={.items[*].metadata.ownerReferences[0].kind}'],
    );

    expect(stdout).to.equal('Agent Agent Agent Agent');
  });

  it('keeps what is written to its workspace', async () => {
    const { exitCode } = await kubectl(
      'exec',
      'deploy/my-agent',
      '--',
      'sh',
      '-c',
      'echo hi > /workspace/x; id; ls /',
    );

    expect(exitCode).to.equal(0);
    expect(await inside('cat /workspace/x')).to.equal('hi\n');
  });

  it('is not root and has no capabilities', async () => {
    expect(await inside('id -u')).not.to.equal('0\n');
    expect(await inside('grep CapEff /proc/self/status')).to.match(/CapEff:\s+0{16}\n/);
  });

  it('sees a minimal root, and of the host only its userland, read-only', async () => {
    const names = (await inside('ls -A /')).trim().split(/\s+/);

    expect(names.filter((name) => !MINIMAL_ROOT.has(name))).to.deep.equal([]);
    expect(names).to.include('workspace');
    const { exitCode } = await kubectl('exec', await pod(), '--', 'sh', '-c', 'touch /usr/x');
    expect(exitCode).not.to.equal(0);
  });

  it('has no network', async () => {
    const devices = (await inside('cat /proc/net/dev'))
      .split('\n')
      .slice(2)
      .map((line) => line.split(':')[0]?.trim());

    expect(devices.filter((device) => device !== '' && device !== undefined)).to.deep.equal(['lo']);
  });

  it('passes on the exit code of a command', async () => {
    const { exitCode } = await kubectl('exec', await pod(), '--', 'sh', '-c', 'exit 7');

    expect(exitCode).to.equal(7);
  });

  it('is scaled back when somebody scales its Deployment, and that is recorded', async () => {
    const from = await nextSeq();

    await kubectl('scale', 'deployment/my-agent', '--replicas=3');

    await deploymentHas('{.spec.replicas}', '1');
    await recordedSince(from, ['/spec/replicas']);
  });

  it('gets its image back when somebody edits its Deployment, and that is recorded', async () => {
    const from = await nextSeq();

    const { exitCode } = await system.kubectl(['edit', 'deployment/my-agent'], {
      KUBE_EDITOR: "sed -i 's/image: python:3.11-slim/image: example.org\\/other:1/'",
    });

    expect(exitCode).to.equal(0);
    await deploymentHas('{.spec.template.spec.containers[0].image}', 'python:3.11-slim');
    await recordedSince(from, ['/spec/template/spec/containers/0/image']);
  });

  it('takes a change of its own spec', async () => {
    await kubectl(
      'patch',
      'agent',
      'my-agent',
      '--type=merge',
      '-p',
      '{"spec":{"image":"python:3.12-slim"}}',
    );

    await deploymentHas('{.spec.template.spec.containers[0].image}', 'python:3.12-slim');
    await kubectl('wait', '--for=condition=Ready', 'agent/my-agent', '--timeout=30s');
    expect(await inside('cat /workspace/x')).to.equal('hi\n');
  });

  it('takes its children with it when it is deleted, and that is recorded', async () => {
    await kubectl('delete', 'agent', 'my-agent');

    await system.eventually('the children are gone', async () => {
      const { stdout } = await kubectl(
        'get',
        CHILD_KINDS,
        '-l',
        'app.kubernetes.io/instance=my-agent',
        '-o',
        'name',
      );
      return stdout === '';
    });
    await system.eventually('the deletion is recorded', async () =>
      (await system.records()).some(
        ({ type, aggregate_id }) => type === 'AgentDeleted' && aggregate_id === AGENT_ID,
      ),
    );
  });

  it('leaves a log that verifies, and an operator that stops cleanly', async () => {
    expect((await system.rynxs(['log', 'verify', ...system.store])).exitCode).to.equal(0);

    expect(await system.stop()).to.equal(0);

    expect((await system.rynxs(['log', 'verify', ...system.store])).exitCode).to.equal(0);
    expect((await system.records()).at(-1)?.type).to.equal('EpochEnded');
  });

  /** Runs kubectl; a failure other than that of a command inside a pod is a failure of the test. */
  async function kubectl(...args: string[]) {
    const result = await system.kubectl(args);
    if (result.exitCode !== 0 && args[0] !== 'exec') {
      throw new Error(`kubectl ${args.join(' ')} ended with ${result.exitCode}: ${result.stderr}`);
    }
    return result;
  }

  async function pod(): Promise<string> {
    const { stdout } = await kubectl(
      ...[
        'get',
        'pods',
        '-l',
        'app.kubernetes.io/instance=my-agent',
        '--field-selector=status.phase=Running',
      ],
      ...['-o', 'jsonpath={.items[0].metadata.name}'],
    );
    return stdout;
  }

  /** What a shell command prints in the agent's computer. */
  async function inside(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await kubectl('exec', await pod(), '--', 'sh', '-c', script);
    if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  function deploymentHas(path: string, value: string): Promise<void> {
    return system.eventually(`${path} of the Deployment is ${value}`, async () => {
      const { stdout } = await kubectl('get', 'deployment/my-agent', '-o', `jsonpath=${path}`);
      return stdout === value;
    });
  }

  async function nextSeq(): Promise<number> {
    return ((await system.records()).at(-1)?.seq ?? -1) + 1;
  }

  /** Waits for drift of the Deployment in `paths`, the decision that follows from it, and its success, in this order. */
  async function recordedSince(from: number, paths: readonly string[]): Promise<void> {
    await system.eventually(`drift in ${paths.join(', ')} and its repair are recorded`, async () => {
      const events = (await system.records()).filter(
        ({ seq, aggregate_id }) => seq >= from && aggregate_id === AGENT_ID,
      );
      const drift = events.find(({ type, payload }) => type === 'DriftObserved' && hasPaths(payload, paths));
      const decided = events.find(
        ({ type, seq }) => type === 'ActionsDecided' && seq > (drift?.seq ?? Infinity),
      );
      const applied = events.find((event) => isApplied(event, decided?.seq));
      return applied !== undefined;
    });
  }
});

function hasPaths(payload: JsonMap, paths: readonly string[]): boolean {
  return JSON.stringify(payload.paths) === JSON.stringify(paths) && payload.child === 'Deployment/my-agent';
}

function isApplied({ type, payload }: LogEvent, decision: number | undefined): boolean {
  return type === 'ActionApplied' && payload.decision === decision && payload.child === 'Deployment/my-agent';
}

function cells(line: string): readonly string[] {
  return line.trim().split(/\s{2,}/);
}
