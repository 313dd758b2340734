import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { ClusterDirectory } from './real-cluster/cluster-directory.js';
import { SHELL_IMAGE } from './real-cluster/node/images.js';
import { startOperator } from './real-cluster/operator.js';
import { componentsOf, until } from './real-cluster/processes.js';
import { COREDNS_VARIABLE, KUBERNETES_VARIABLE, programOf } from './real-cluster/programs.js';
import { type ApiObject, RealCluster } from './real-cluster.js';

const run = promisify(execFile);
const NAMESPACE = 'restricted';
const IN_NAMESPACE = `/api/v1/namespaces/${NAMESPACE}`;
const AGENTS = `/apis/universe.ai/v1alpha1/namespaces/${NAMESPACE}/agents`;
const AGENT = `${AGENTS}/smallest`;
const TARGET = 'deploy/smallest';
const PATIENCE_MS = 60_000;

interface List {
  readonly items: readonly ApiObject[];
}
interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

describe('an agent on a real node', function () {
  this.timeout(240_000);
  const phases: string[] = [];
  let cluster: RealCluster;
  let operator: RynxsProcess;

  before(async () => {
    cluster = await timed('cluster with a node', () => RealCluster.start({ node: true, crds: true }));
    await cluster.api.must('POST', '/api/v1/namespaces', {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    operator = await timed('operator', () => startOperator(cluster));
  });
  after(async () => {
    await operator?.[Symbol.asyncDispose]();
    if (cluster !== undefined) await timed('end', () => cluster[Symbol.asyncDispose]());
    process.stdout.write(`      ${phases.join(', ')}\n`);
  });

  it('is Ready, the smallest there is, where the namespace enforces the restricted profile', async () => {
    await timed('apply to Ready', async () => {
      await cluster.api.must('POST', AGENTS, {
        apiVersion: 'universe.ai/v1alpha1',
        kind: 'Agent',
        metadata: { name: 'smallest' },
        spec: { role: 'sandbox', image: SHELL_IMAGE },
      });
      await eventually('the agent is Ready', () => hasCondition(AGENT, 'Ready'));
    });
    const pods = await podsOfTheAgent();
    expect(pods).to.have.length(1);
    expect(pods[0]).to.have.nested.property('status.phase', 'Running');
  });

  it('shows how it is contained in fact', async () => {
    await eventually('its containment is observed', () => hasCondition(AGENT, 'Contained'));
    const { status } = await cluster.api.must<{ status: { containment: object } }>('GET', AGENT);
    const { imageID, ...rest } = status.containment as { imageID: string };
    expect(imageID).to.match(/sha256:[0-9a-f]{64}$/);
    expect(rest).to.deep.equal({ serviceAccountToken: false, networkPolicies: ['smallest'] });
  });

  it('can be entered with kubectl exec, by nobody who could do more', async () => {
    expect(await inside('id -u')).to.equal('65532\n');
    expect(await inside('grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status')).to.equal(
      'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n',
    );
    expect(await inside('ls /var/run/secrets 2>&1 || true')).to.include('No such file');
  });

  it('writes to its workspace and to /tmp, and nowhere else', async () => {
    expect(
      await inside('echo kept > /workspace/file && echo lost > /tmp/file && cat /workspace/file'),
    ).to.equal('kept\n');
    expect(await inside('(echo no > /file) 2>&1 || true')).to.include('Read-only file system');
    expect(await inside('(echo no > /etc/file) 2>&1 || true')).to.include('Read-only file system');
  });

  it('runs nothing while it is suspended', async () => {
    await timed('suspend', async () => {
      await cluster.api.must('PATCH', AGENT, { spec: { lifecycle: { state: 'Suspended' } } });
      await eventually('the agent is Suspended', () => hasCondition(AGENT, 'Suspended'));
      await eventually('its pod is gone', async () => (await podsOfTheAgent()).length === 0);
    });
    expect(await claims()).to.deep.equal(['smallest']);
  });

  it('finds its workspace again when it is resumed, and an empty /tmp', async () => {
    await timed('resume', async () => {
      await cluster.api.must('PATCH', AGENT, { spec: { lifecycle: { state: 'Running' } } });
      await eventually('the agent is Ready', () => hasCondition(AGENT, 'Ready'));
    });
    expect(await inside('cat /workspace/file')).to.equal('kept\n');
    expect(await inside('ls /tmp')).to.equal('');
  });

  it('has its names resolved by the cluster', async () => {
    const pod = await cluster.api.must('POST', `${IN_NAMESPACE}/pods`, restrictedPod('asks'));
    const path = `${IN_NAMESPACE}/pods/${pod.metadata.name}`;
    await eventually('the pod is Ready', () => hasCondition(path, 'Ready'));
    const answer = await execIn('pod/asks', 'nslookup kubernetes.default.svc.cluster.local');
    expect(answer).to.match(/Address: 10\.96\.0\.1\b/);
    await cluster.api.must('DELETE', `${path}?gracePeriodSeconds=0`);
  });

  it('leaves nothing in its namespace when it is deleted', async () => {
    await timed('delete', async () => {
      await cluster.api.must('DELETE', AGENT);
      await eventually('its pods are gone', async () => (await podsOfTheAgent()).length === 0);
      await eventually('its claim is gone', async () => (await claims()).length === 0);
    });
    const paths = ['apps/v1/deployments', 'networking.k8s.io/v1/networkpolicies', 'apps/v1/replicasets'];
    for (const path of paths) {
      const [group, version, resource] = path.split('/');
      const list = `/apis/${group}/${version}/namespaces/${NAMESPACE}/${resource}`;
      await eventually(`no ${resource}`, async () => (await items(list)).length === 0);
    }
    await eventually('no ConfigMap but the cluster’s', async () => {
      const names = (await items(`${IN_NAMESPACE}/configmaps`)).map(({ metadata }) => metadata.name);
      return names.join() === 'kube-root-ca.crt';
    });
  });

  async function timed<T>(phase: string, action: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await action();
    phases.push(`${phase} ${((performance.now() - startedAt) / 1000).toFixed(2)} s`);
    return result;
  }

  async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
    if (await until(condition, PATIENCE_MS)) return;
    const events = (await items(`${IN_NAMESPACE}/events`)).map(
      ({ reason, message }) => `${reason}: ${message}`,
    );
    throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s\n${events.join('\n')}\n${operator.output}`);
  }

  async function hasCondition(path: string, type: string): Promise<boolean> {
    const { status } = await cluster.api.must<Conditions>('GET', path);
    return status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
  }

  async function items(path: string): Promise<readonly ApiObject[]> {
    return (await cluster.api.must<List>('GET', path)).items;
  }

  async function podsOfTheAgent(): Promise<readonly ApiObject[]> {
    const pods = await items(`${IN_NAMESPACE}/pods`);
    return pods.filter(({ metadata }) => metadata.name.startsWith('smallest-'));
  }

  async function claims(): Promise<readonly string[]> {
    return (await items(`${IN_NAMESPACE}/persistentvolumeclaims`)).map(({ metadata }) => metadata.name);
  }

  function inside(script: string): Promise<string> {
    return execIn(TARGET, script);
  }

  async function execIn(target: string, script: string): Promise<string> {
    const kubectl = programOf('RYNXS_TEST_KUBECTL');
    const args = ['--kubeconfig', cluster.kubeconfig, '--namespace', NAMESPACE, 'exec', target, '--'];
    return (await run(kubectl, [...args, 'sh', '-c', script])).stdout;
  }
});

describe('a real node', function () {
  this.timeout(240_000);

  it('runs beside another one, and leaves no process, mount, interface, packet filter or control group', async () => {
    const [one, other] = await Promise.all([
      RealCluster.start({ node: true }),
      RealCluster.start({ node: true }),
    ]);
    const traces = [one, other].map(({ directory }) => new Traces(directory));
    const names = traces.map(({ node }) => node);
    try {
      for (const cluster of [one, other]) {
        await cluster.api.must('POST', '/api/v1/namespaces/default/pods', restrictedPod('runs'));
      }
      for (const cluster of [one, other]) {
        expect(await until(() => isRunning(cluster, 'runs'), PATIENCE_MS)).to.equal(true);
      }
      expect(names[0]).to.not.equal(names[1]);
      for (const trace of traces)
        expect(trace.found().map(({ kind }) => kind)).to.include.members(EVERY_KIND);
    } finally {
      await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
    }
    for (const trace of traces) expect(trace.found()).to.deep.equal([]);
    expect((await run('nft', ['list', 'tables'])).stdout).to.not.include('kube-proxy');
  });

  it('is removed, and can be started anew, after its launcher was killed', async () => {
    using home = new TestDirectory();
    const directory = join(home.path, 'rynxs/clusters/default');
    const command = (name: string, ...args: readonly string[]) =>
      new RynxsProcess(
        [process.execPath, join(ROOT, 'test/dist/cluster/real-cluster/command.js'), name, ...args],
        ROOT,
        {
          XDG_STATE_HOME: home.path,
          ...Object.fromEntries(
            [KUBERNETES_VARIABLE, COREDNS_VARIABLE].map((name) => [name, programOf(name)]),
          ),
        },
      );
    await using killed = command('up', '--node');
    const isStarting = await until(() => componentsOf(directory, 'kubelet').length > 0, PATIENCE_MS);
    expect(isStarting, killed.output).to.equal(true);
    killed.signal('SIGKILL');
    await killed.ended();
    const traces = new Traces(directory);

    await using again = command('up', '--node');
    expect((await again.ended()).code, again.output).to.equal(0);
    await using down = command('down');
    expect((await down.ended()).code, down.output).to.equal(0);

    expect(traces.found()).to.deep.equal([]);
  });
});

const EVERY_KIND = ['process', 'interface', 'control group', 'directory'];

/** What a cluster with a node can be seen by from outside. */
class Traces {
  /** Of its interface, and of its control groups. */
  readonly node: string;

  constructor(readonly directory: string) {
    this.node = new ClusterDirectory(directory).read().node!.interface;
  }

  found(): readonly { readonly kind: string; readonly what: string }[] {
    const kinds: Record<string, readonly string[]> = {
      process: [...componentsOf(this.directory).map(({ name }) => name), ...this.#contained()],
      interface: readdirSync('/sys/class/net').filter((name) => name === this.node),
      'control group': readdirSync('/sys/fs/cgroup', { withFileTypes: true })
        .map(({ name }) => join('/sys/fs/cgroup', name, this.node))
        .concat(join('/sys/fs/cgroup', this.node))
        .filter((path) => existsSync(path)),
      mount: readFileSync('/proc/self/mounts', 'utf8')
        .split('\n')
        .filter((line) => line.includes(this.directory)),
      directory: [this.directory].filter((path) => existsSync(path)),
    };
    return Object.entries(kinds).flatMap(([kind, all]) => all.map((what) => ({ kind, what })));
  }

  /** Processes in the node's control groups: those of pods. */
  #contained(): readonly string[] {
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`:/${this.node}/`);
        } catch {
          return false;
        }
      });
  }
}

async function isRunning(cluster: RealCluster, name: string): Promise<boolean> {
  const pod = await cluster.api.must<{ status: { phase?: string } }>(
    'GET',
    `/api/v1/namespaces/default/pods/${name}`,
  );
  return pod.status.phase === 'Running';
}

/** A pod that the restricted Pod Security profile admits, and that ends at once when it is told to. */
function restrictedPod(name: string) {
  return {
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsUser: 65532, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'main',
          image: SHELL_IMAGE,
          command: ['/bin/sleep', '3600'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
