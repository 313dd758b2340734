import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Ended, ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { ClusterDirectory } from './real-cluster/cluster-directory.js';
import { readKubeconfig } from './real-cluster/kubeconfig.js';
import { componentsOf, until } from './real-cluster/processes.js';
import { KUBERNETES_VARIABLE, programOf } from './real-cluster/programs.js';
import { ApiClient, RealCluster } from './real-cluster.js';

const COMMAND = [process.execPath, join(ROOT, 'test/dist/cluster/real-cluster/command.js')];
const NAMESPACES = '/api/v1/namespaces';
const CONFIG_MAPS = `${NAMESPACES}/default/configmaps`;
const PATIENCE_MS = 30_000;
/** A hundred times what an answer takes. */
const HANGS_FOR_MS = 300;

describe('a real Kubernetes API', function () {
  this.timeout(120_000);
  let cluster: RealCluster;

  before(async () => {
    cluster = await RealCluster.start();
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  it('is of the release that the module pins', async () => {
    const { gitVersion } = await cluster.api.must<{ gitVersion: string }>('GET', '/version');

    expect(gitVersion).to.equal('v1.34.4');
  });

  it('runs beside another one, of which it knows nothing', async () => {
    await using other = await RealCluster.start();
    await other.api.must('POST', CONFIG_MAPS, { metadata: { name: 'only-there' } });

    expect((await other.api.send('GET', `${CONFIG_MAPS}/only-there`)).status).to.equal(200);
    expect((await cluster.api.send('GET', `${CONFIG_MAPS}/only-there`)).status).to.equal(404);
  });

  it('keeps its address and its objects when its server crashes and is started again', async () => {
    const created = await cluster.api.must('POST', CONFIG_MAPS, { metadata: { name: 'kept' } });

    await cluster.stopApiServer('SIGKILL');
    expect(cluster.pidOf('kube-apiserver')).to.equal(undefined);
    using client = clientOf(cluster.kubeconfig);
    const refused = await client.send('GET', '/version').catch((error) => error.code);
    await cluster.startApiServer();

    expect(refused).to.equal('ECONNREFUSED');
    expect(await cluster.api.must('GET', `${CONFIG_MAPS}/kept`)).to.deep.equal(created);
  });

  it('answers what it was asked while it hung, later', async () => {
    const { hung, answered } = await cluster.whileApiServerHangs(async () => {
      const asked = cluster.api.send('GET', '/version');
      const first = await Promise.race([asked, delay(HANGS_FOR_MS)]);
      return { hung: first === undefined, answered: { asked } };
    });

    expect(hung).to.equal(true);
    expect((await answered.asked).status).to.equal(200);
  });

  it('goes back to a snapshot, resource versions too', async () => {
    const snapshot = await cluster.snapshot();
    let lost = await cluster.api.must('POST', CONFIG_MAPS, { metadata: { name: 'lost' } });
    for (let changes = 0; changes < 100; changes += 1) {
      lost = await cluster.api.must('PATCH', `${CONFIG_MAPS}/lost`, { data: { changes: String(changes) } });
    }

    await cluster.restore(snapshot);

    expect((await cluster.api.send('GET', `${CONFIG_MAPS}/lost`)).status).to.equal(404);
    const list = await cluster.api.must('GET', CONFIG_MAPS);
    expect(Number(list.metadata.resourceVersion)).to.be.lessThan(Number(lost.metadata.resourceVersion));
    expect((await cluster.api.send('POST', CONFIG_MAPS, { metadata: { name: 'lost' } })).status).to.equal(
      201,
    );
  });

  it('counts the requests that it answered, and of whom', async () => {
    using client = clientOf(await cluster.kubeconfigFor({ user: 'counted', groups: ['system:masters'] }));
    const place = await cluster.audit.end();

    for (let number = 0; number < 7; number += 1) await client.must('GET', CONFIG_MAPS);
    await client.send('DELETE', `${CONFIG_MAPS}/missing`);
    await cluster.api.must('GET', CONFIG_MAPS);

    const requests = (await cluster.audit.since(place)).filter(({ user }) => user.username === 'counted');
    expect(requests.map(({ verb }) => verb)).to.deep.equal([...Array(7).fill('list'), 'delete']);
    expect(requests.at(-1)?.responseStatus?.code).to.equal(404);
  });

  it('lets a user do what RBAC says and nothing else', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    using client = clientOf(await cluster.kubeconfigFor({ user: 'reader', groups: ['readers'] }));
    expect((await client.send('GET', CONFIG_MAPS)).status).to.equal(403);

    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
    await cluster.api.must('POST', `${rbac}/roles`, { metadata: { name: 'reader' }, rules });
    await cluster.api.must('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'Group', name: 'readers', apiGroup: 'rbac.authorization.k8s.io' }],
    });

    expect(
      await until(async () => (await client.send('GET', CONFIG_MAPS)).status === 200, PATIENCE_MS),
    ).to.equal(true);
    expect((await client.send('GET', `${NAMESPACES}/default/secrets`)).status).to.equal(403);
  });

  it('takes the token of a service account until it expires', async () => {
    await cluster.api.must('POST', `${NAMESPACES}/default/serviceaccounts`, { metadata: { name: 'robot' } });
    using client = clientOf(await cluster.kubeconfigForServiceAccount('default', 'robot', 2_000));
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

    const { status, body } = await client.send<{ status: { userInfo: { username: string } } }>(
      'POST',
      path,
      {},
    );

    expect([status, body.status.userInfo.username]).to.deep.equal([
      201,
      'system:serviceaccount:default:robot',
    ]);
    expect(
      await until(async () => (await client.send('POST', path, {})).status === 401, PATIENCE_MS),
    ).to.equal(true);
  });

  it('leaves nothing', async () => {
    const other = await RealCluster.start({ controllers: ['namespace-controller'] });
    expect(componentsOf(other.directory)).to.have.length(3);

    await other[Symbol.asyncDispose]();

    expect(componentsOf(other.directory)).to.deep.equal([]);
    expect(existsSync(other.directory)).to.equal(false);
  });
});

describe('npm run cluster', function () {
  this.timeout(120_000);
  let home: TestDirectory;
  let directory: string;

  beforeEach(() => {
    home = new TestDirectory();
    directory = join(home.path, 'rynxs/clusters/crashed');
  });
  afterEach(async () => {
    await command('down', '--name', 'crashed');
    home[Symbol.dispose]();
  });

  it('starts a cluster, says so, has nothing more to do then, and removes it', async () => {
    const first = await command('up', '--name', 'crashed', '--output', 'json');
    const second = await command('up', '--name', 'crashed', '--output', 'json');

    expect(second.stdout).to.equal(first.stdout);
    const [{ name, state, kubeconfig }] = JSON.parse(first.stdout);
    expect({ name, state }).to.deep.equal({ name: 'crashed', state: 'running' });
    using client = clientOf(kubeconfig);
    expect((await client.send('GET', NAMESPACES)).status).to.equal(200);
    expect(await states()).to.deep.equal(['crashed: running']);

    expect((await command('down', '--name', 'crashed')).stdout).to.equal('crashed: absent\n');
    expect(componentsOf(directory)).to.deep.equal([]);
    expect(readdirSync(join(home.path, 'rynxs/clusters'))).to.deep.equal([]);
  });

  for (const moment of ['etcd', 'kube-apiserver'] as const) {
    it(`starts anew after it was killed when it had just started ${moment}`, async () => {
      await using killed = spawn('up', '--name', 'crashed');
      await until(() => componentsOf(directory, moment).length > 0, PATIENCE_MS);
      killed.signal('SIGKILL');
      await killed.ended();
      expect(componentsOf(directory), 'it goes on without its launcher').to.not.deep.equal([]);
      const { code, stdout } = await command('status', '--name', 'crashed');
      expect([code, stdout.split('\n')[0]]).to.deep.equal([1, 'crashed: broken']);
      const left = componentsOf(directory).map(({ pid }) => pid);

      const { code: started, stderr } = await command('up', '--name', 'crashed');

      expect(started, stderr).to.equal(0);
      expect(await states()).to.deep.equal(['crashed: running']);
      expect(componentsOf(directory).filter(({ pid }) => left.includes(pid))).to.deep.equal([]);
    });
  }

  it('leaves nothing when it is interrupted while it starts', async () => {
    await using interrupted = spawn('up', '--name', 'crashed');
    await until(() => componentsOf(directory, 'kube-apiserver').length > 0, PATIENCE_MS);

    interrupted.signal('SIGINT');
    const { code, stderr } = await interrupted.ended();

    expect([code, stderr]).to.deep.equal([1, 'error: ended by SIGINT\n']);
    expect(componentsOf(directory)).to.deep.equal([]);
    expect(existsSync(directory)).to.equal(false);
  });

  it('says that a cluster is broken when one of its parts is gone', async () => {
    await command('up', '--name', 'crashed');
    const [etcd] = componentsOf(directory, 'etcd');
    process.kill(etcd!.pid, 'SIGKILL');
    await until(() => componentsOf(directory, 'etcd').length === 0, PATIENCE_MS);

    expect(await states()).to.deep.equal(['crashed: broken']);
  });

  it('does not take a cluster without controllers for one that has them', async () => {
    await command('up', '--name', 'crashed');

    const { code, stderr } = await command('up', '--name', 'crashed', '--controllers');

    expect([code, stderr]).to.deep.equal([
      1,
      'error: crashed runs without controllers; end it first: npm run cluster -- down --name crashed\n',
    ]);
  });

  it('works on a cluster with one command at a time', async () => {
    await using first = spawn('up', '--name', 'crashed');
    await until(() => new ClusterDirectory(directory).isMade, PATIENCE_MS);

    const { code, stderr } = await command('down', '--name', 'crashed');

    expect([code, stderr]).to.deep.equal([
      1,
      'error: another command is at work on this cluster; wait for its end\n',
    ]);
    expect((await first.ended()).code).to.equal(0);
  });

  it('takes no directory that holds something else', async () => {
    await command('up', '--name', 'crashed');
    await command('down', '--name', 'crashed');
    await using shell = new RynxsProcess(
      ['sh', '-c', `mkdir -p ${directory} && echo mine > ${directory}/notes`],
      '/',
    );
    await shell.ended();

    const { code, stderr } = await command('up', '--name', 'crashed');

    expect([code, stderr]).to.deep.equal([
      1,
      `error: ${directory} is not empty and holds no cluster; name another directory\n`,
    ]);
    await command('down', '--name', 'crashed');
    expect(readdirSync(directory)).to.deep.equal(['notes']);
  });

  for (const [what, args] of [
    ['no command', []],
    ['an unknown command', ['start']],
    ['an unknown option', ['up', '--nodes']],
    ['a name that is a path', ['up', '--name', '../x']],
    ['an unknown format', ['status', '--output', 'xml']],
  ] as const) {
    it(`refuses ${what} and shows how it is used`, async () => {
      const { code, stderr } = await command(...args);

      expect(code).to.equal(2);
      expect(stderr).to.include('npm run cluster -- COMMAND');
    });
  }

  function spawn(...args: readonly string[]): RynxsProcess {
    const env = { XDG_STATE_HOME: home.path, [KUBERNETES_VARIABLE]: programOf(KUBERNETES_VARIABLE) };
    return new RynxsProcess([...COMMAND, ...args], ROOT, { ...testVariables(), ...env });
  }

  async function command(...args: readonly string[]): Promise<Ended> {
    await using ended = spawn(...args);
    return await ended.ended();
  }

  /** The first words about each cluster. */
  async function states(): Promise<readonly string[]> {
    const { stdout } = await command('status');
    return stdout.split('\n').filter((line) => /^\S/.test(line));
  }
});

/** What lets a run of tests find the processes that belong to it. */
function testVariables(): Record<string, string> {
  return process.env.TMPDIR === undefined ? {} : { TMPDIR: process.env.TMPDIR };
}

function clientOf(kubeconfig: string): ApiClient {
  const { server, credentials } = readKubeconfig(kubeconfig);
  return ApiClient.of(server, credentials);
}
