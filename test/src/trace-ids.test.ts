import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import type { LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import { ApiClient } from './cluster/real-cluster/api-client.js';
import { installCrds } from './cluster/real-cluster/crds.js';
import { readKubeconfig } from './cluster/real-cluster/kubeconfig.js';
import type { ApiObject } from './cluster/real-cluster.js';
import { RYNXS, RynxsProcess, TestDirectory } from './rynxs-process.js';

const AGENTS = '/apis/universe.ai/v1alpha1/namespaces/default/agents';
const EVENTS = '/api/v1/namespaces/default/events';

interface PrintedLine {
  readonly level: string;
  readonly msg: string;
  readonly trace_id?: string;
  readonly [field: string]: unknown;
}

describe('trace_id', function () {
  this.timeout(30_000);
  let directory: TestDirectory;
  let server: EmbeddedClusterServer;
  let api: ApiClient;

  before(async () => {
    directory = new TestDirectory();
    const kubeconfigFile = join(directory.path, 'kubeconfig');
    server = await startEmbeddedCluster({ kubeconfigFile, nodeEnabled: false });
    const { server: address, credentials } = readKubeconfig(kubeconfigFile);
    api = ApiClient.of(address, credentials);
    await installCrds(api);
  });

  after(async () => {
    api?.[Symbol.dispose]();
    await server?.close();
    directory?.[Symbol.dispose]();
  });

  it('joins the lines of a reconcile, its events in the log, and the Kubernetes Event that tells of it', async () => {
    await using operator = new RynxsProcess([...RYNXS, 'start'], directory.path, {
      KUBECONFIG: join(directory.path, 'kubeconfig'),
      LOG_DIR: join(directory.path, 'logs'),
      LOG_LEVEL: 'debug',
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
      HEALTH_PORT: '0',
    });
    await operator.printed('"leading"');
    const metadata = { name: 'traced' };
    const spec = { image: 'python:3.11-slim' };
    await api.must('POST', AGENTS, { apiVersion: 'universe.ai/v1alpha1', kind: 'Agent', metadata, spec });
    await operator.printed('"decided"');
    let announced: readonly ApiObject[] = [];
    while (announced.length === 0)
      announced = (await api.must<{ readonly items: readonly ApiObject[] }>('GET', EVENTS)).items.filter(
        ({ reason }) => reason === 'Reconciled',
      );
    operator.signal('SIGTERM');
    const { stderr } = await operator.ended();

    const events = readFileSync(join(directory.path, 'logs/operator-events.log'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly event: LogEvent }).event);
    const decided = events.find(({ type }) => type === 'ActionsDecided');
    const trace = decided?.meta.trace_id;
    expect(trace).to.match(/^[0-9a-f]{32}$/);

    const traced = events.filter(({ meta }) => meta.trace_id === trace).map(({ type }) => type);
    expect(traced).to.include.members(['AgentObserved', 'ActionsDecided', 'ActionApplied']);

    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as PrintedLine)
      .filter((line) => line.trace_id === trace);
    expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).to.deep.equal([
      'info: decided',
      'debug: a pass has ended',
    ]);
    const [line] = lines;
    expect(line).to.include({ controller: 'agent', key: 'default/traced', reason: 'Reconciled' });
    expect(line?.detail).to.include(`(log seq ${decided?.seq})`);
    expect(announced.map(({ message }) => message)).to.include(line?.detail);
  });
});
