import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLUSTER, CLUSTER_CONNECTOR, hasCode } from '@rynxs/kernel';
import { startTestKernel } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import plugin from './index.js';
import { CONFIG_MAPS } from './testing/client-harness.test.js';
import { answerJson, type Script, ScriptedServer, statusObject } from './testing/scripted-server.js';

const { signal } = new AbortController();
const answers: Script = (request, response) =>
  answerJson(
    response,
    200,
    request.path === '/version' ? { gitVersion: 'v1.34.4' } : { metadata: { name: 'x', uid: 'cluster-uid' } },
  );

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 't' } }],
  });
}

describe('the plugin cluster-kubernetes', () => {
  let directory: string;
  let kubeconfig: string;
  let server: ScriptedServer;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plugin-'));
    kubeconfig = path.join(directory, 'config');
    server = await ScriptedServer.listen(answers);
    await writeFile(kubeconfig, kubeconfigOf(server.url));
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const start = (env: Readonly<Record<string, string>> = {}) =>
    startTestKernel({ plugins: [plugin], env: { KUBECONFIG: kubeconfig, ...env } });
  const causesOf = (error: unknown): unknown[] =>
    error instanceof Error
      ? [
          error,
          ...(error instanceof AggregateError ? error.errors : []).flatMap(causesOf),
          ...causesOf(error.cause),
        ]
      : [];

  it('connects to the cluster of the kubeconfig, and ends its connections with the kernel', async () => {
    const kernel = await start();
    expect(await kernel.get(CLUSTER).info(signal)).to.deep.equal({
      uid: 'cluster-uid',
      version: 'v1.34.4',
      server: server.url,
    });
    expect(kernel.log.lines.map(({ message }) => message)).to.include('connected to Kubernetes');
    expect(JSON.stringify(kernel.log.lines)).not.to.contain('"t"');
    await kernel.stop();
  });

  it('makes clients of other clusters, which their callers close', async () => {
    await using kernel = await start();
    await using other = await ScriptedServer.listen(answers);
    await using client = await kernel.get(CLUSTER_CONNECTOR).connect(kubeconfigOf(other.url));
    await client.get(CONFIG_MAPS, { namespace: 'a', name: 'b' }, { signal });
    expect(other.requests.map(({ headers }) => headers.authorization)).to.deep.equal(['Bearer t']);
  });

  it('makes clients of the cluster that the settings name, which read any path and tell the server’s time', async () => {
    await using kernel = await start();
    const asked = server.requests.length;
    await using client = await kernel.get(CLUSTER_CONNECTOR).connect();
    expect(client.server).to.equal(server.url);
    expect(server.requests).to.have.length(asked);
    server.script = (_request, response) => {
      response.setHeader('date', 'Thu, 01 Jan 2026 12:00:00 GMT');
      answerJson(response, 200, { openapi: '3.0.0' });
    };
    expect(await client.read('/openapi/v3/apis/apps/v1', { signal })).to.deep.equal({
      body: { openapi: '3.0.0' },
      serverTime: Date.UTC(2026, 0, 1, 12),
    });
    expect(server.requests.at(-1)?.path).to.equal('/openapi/v3/apis/apps/v1');
    server.script = (_request, response) => {
      response.sendDate = false;
      answerJson(response, 200, {});
    };
    expect(await client.read('/version', { signal })).to.deep.equal({ body: {}, serverTime: undefined });
    server.script = (_request, response) =>
      answerJson(response, 403, statusObject(403, 'Forbidden', 'User "u" cannot get path "/version"'));
    const error: unknown = await client.read('/version', { signal }).catch((reason: unknown) => reason);
    expect(error).to.include({ reason: 'denied', status: 403 });
    expect(String(error)).to.include('{nonResourceURLs: ["/version"], verbs: [get]}');
  });

  for (const [what, code, arrange] of [
    [
      'nothing listens there',
      'RYNXS_CLUSTER_UNREACHABLE',
      async () => {
        await server[Symbol.asyncDispose]();
      },
    ],
    [
      'the credentials are refused',
      'RYNXS_CLUSTER_DENIED',
      () => {
        server.script = (_request, response) =>
          answerJson(response, 401, statusObject(401, 'Unauthorized', 'Unauthorized'));
      },
    ],
    ['the kubeconfig names no cluster', 'RYNXS_KUBECONFIG_INVALID', () => writeFile(kubeconfig, '{}')],
  ] as const) {
    it(`does not start when ${what}: ${code}`, async () => {
      await arrange();
      const error: unknown = await start().catch((reason: unknown) => reason);
      expect(
        causesOf(error).some((cause) => hasCode(cause, code)),
        String(error),
      ).to.equal(true);
    });
  }

  it('refuses a number of connections out of bounds', async () => {
    for (const KUBE_MAX_CONNECTIONS of ['0', '65']) {
      expect(await start({ KUBE_MAX_CONNECTIONS }).catch((reason: unknown) => reason)).to.be.instanceOf(
        Error,
      );
    }
  });
});
