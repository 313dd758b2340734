import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { readKubeconfig } from './real-cluster/kubeconfig.js';
import { componentsOf } from './real-cluster/processes.js';
import { KUBERNETES_VARIABLE, programOf } from './real-cluster/programs.js';
import { ApiClient, removeCluster } from './real-cluster.js';

const COMMAND = [process.execPath, join(ROOT, 'test/dist/cluster/real-cluster/dev-command.js')];

describe('npm run dev:cluster', function () {
  this.timeout(120_000);

  let home: TestDirectory;

  beforeEach(() => {
    home = new TestDirectory();
  });
  afterEach(async () => {
    await removeCluster(join(home.path, 'rynxs/clusters/dev'));
    home[Symbol.dispose]();
  });

  it('runs the operator on a cluster of its own until it is interrupted, and leaves nothing', async () => {
    const directory = join(home.path, 'rynxs/clusters/dev');
    await using command = new RynxsProcess([...COMMAND, '--api'], ROOT, environment());
    await command.printed('"leading"');
    const [, kubeconfig = ''] = /export KUBECONFIG=(\S+)/.exec(command.output) ?? [];
    const { server, credentials } = readKubeconfig(kubeconfig);
    using api = ApiClient.of(server, credentials);
    expect((await api.send('GET', '/apis/universe.ai/v1alpha1/agents')).status).to.equal(200);

    command.signal('SIGINT');
    const { code } = await command.ended();

    expect(code, command.output).to.equal(0);
    expect(componentsOf(directory)).to.deep.equal([]);
    expect(existsSync(directory)).to.equal(false);
  });

  it('takes the operator with it when the cluster of a killed launcher is removed', async () => {
    const directory = join(home.path, 'rynxs/clusters/dev');
    await using command = new RynxsProcess([...COMMAND, '--api'], ROOT, environment());
    await command.printed('"leading"');
    command.signal('SIGKILL');
    await command.ended();
    expect(componentsOf(directory, 'kube-apiserver')).to.have.length(1);

    await removeCluster(directory);

    expect(componentsOf(directory)).to.deep.equal([]);
  });

  it('refuses what it does not know, and shows how it is used', async () => {
    await using command = new RynxsProcess([...COMMAND, '--nodes'], ROOT);
    const { code, stderr } = await command.ended();

    expect(code).to.equal(2);
    expect(stderr).to.include('npm run dev:cluster [-- OPTIONS]');
  });

  function environment(): Record<string, string> {
    return {
      XDG_STATE_HOME: home.path,
      METRICS_PORT: '0',
      HEALTH_PORT: '0',
      [KUBERNETES_VARIABLE]: programOf(KUBERNETES_VARIABLE),
    };
  }
});
