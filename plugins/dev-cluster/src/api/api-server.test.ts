import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { hasCode, RynxsError } from '@rynxs/kernel';
import { expect } from 'chai';
import { startEmbeddedCluster } from '../start-embedded-cluster.js';
import { TestCluster } from '../testing/test-cluster.test.js';

describe('API server', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await TestCluster.start();
  });
  after(() => cluster[Symbol.asyncDispose]());

  describe('authentication', () => {
    for (const [what, token] of [
      ['no token', ''],
      ['a wrong token', 'f'.repeat(64)],
      ['a token of another length', 'f'],
    ] as const) {
      it(`answers 401 to ${what}`, async () => {
        const { code, body } = await cluster.call('GET', '/api/v1/namespaces', undefined, { token });
        expect(code).to.equal(401);
        expect(body).to.include({ kind: 'Status', reason: 'Unauthorized', code: 401 });
      });
    }

    it('answers 401 to an upgrade without a token', async () => {
      const headers = { connection: 'upgrade', upgrade: 'websocket' };
      const { code } = await cluster.call('GET', '/api/v1/namespaces/default/pods/p/exec', undefined, {
        token: '',
        headers,
      });
      expect(code).to.equal(401);
    });

    it('tells anyone whether it is healthy', async () => {
      for (const path of ['/livez', '/readyz', '/healthz']) {
        const { code, text } = await cluster.call('GET', path, undefined, { token: '' });
        expect([code, text]).to.deep.equal([200, 'ok']);
      }
    });
  });

  describe('transport', () => {
    it('identifies itself for 127.0.0.1 and localhost by its own authority', async () => {
      const { hostname, port } = new URL(cluster.server.url);
      const ca = /certificate-authority-data: (.*)/.exec(cluster.server.kubeconfig)?.[1] ?? '';
      for (const servername of ['localhost', hostname]) {
        const socket = connect({
          host: hostname,
          port: Number(port),
          ca: Buffer.from(ca, 'base64'),
          ...(servername === 'localhost' ? { servername } : {}),
        });
        await new Promise<void>((resolve, reject) => {
          socket.once('secureConnect', resolve);
          socket.once('error', reject);
        });
        expect(socket.authorized).to.equal(true);
        socket.destroy();
      }
    });

    it('answers 404 for what is not served and 405 for methods that a resource does not have', async () => {
      expect((await cluster.call('GET', '/apis/batch/v1/jobs')).code).to.equal(404);
      expect((await cluster.call('GET', '/nothing')).code).to.equal(404);
      expect((await cluster.call('GET', '/api/v1/%zz')).code).to.equal(404);
      expect((await cluster.call('POST', '/api/v1/namespaces/default/pods/p', {})).code).to.equal(405);
      expect((await cluster.call('DELETE', '/version')).code).to.equal(405);
    });

    it('answers 413 for bodies above three mebibytes and goes on serving', async () => {
      const data = { a: 'x'.repeat(3 * 1024 * 1024) };
      const { code } = await cluster.call('POST', '/api/v1/namespaces/default/configmaps', { data });
      expect(code).to.equal(413);
      expect((await cluster.call('GET', '/version')).code).to.equal(200);
    });

    it('answers 400 for broken JSON and 415 for unknown formats', async () => {
      const path = '/api/v1/namespaces/default/configmaps';
      expect((await cluster.call('POST', path, Buffer.from('{'))).code).to.equal(400);
      expect((await cluster.call('POST', path, Buffer.from('[]'))).code).to.equal(400);
      expect((await cluster.call('POST', path, {}, { type: 'text/csv' })).code).to.equal(415);
    });

    it('takes YAML', async () => {
      const yaml = Buffer.from('metadata: {name: from-yaml}\ndata:\n  a: b\n');
      const made = await cluster.ok('POST', '/api/v1/namespaces/default/configmaps', yaml, {
        type: 'application/yaml',
      });
      expect(made.data).to.deep.equal({ a: 'b' });
    });

    it('answers 406 to clients that take no JSON', async () => {
      const headers = { accept: 'application/vnd.kubernetes.protobuf' };
      const { code } = await cluster.call('GET', '/api/v1/namespaces', undefined, { headers });
      expect(code).to.equal(406);
    });
  });

  describe('discovery', () => {
    it('lists groups and versions', async () => {
      expect((await cluster.ok('GET', '/api')).versions).to.deep.equal(['v1']);
      const { groups } = (await cluster.ok('GET', '/apis')) as { groups: { name: string }[] };
      expect(groups.map((group) => group.name)).to.include.members([
        'apiextensions.k8s.io',
        'apps',
        'coordination.k8s.io',
        'events.k8s.io',
        'networking.k8s.io',
      ]);
      expect((await cluster.ok('GET', '/apis/apps')).preferredVersion).to.deep.equal({
        groupVersion: 'apps/v1',
        version: 'v1',
      });
    });

    it('lists resources with their verbs, short names and subresources', async () => {
      const { resources } = (await cluster.ok('GET', '/apis/apps/v1')) as {
        resources: { name: string; shortNames?: string[]; kind: string; verbs: string[] }[];
      };
      const byName = new Map(resources.map((each) => [each.name, each]));
      expect(byName.get('deployments')?.shortNames).to.deep.equal(['deploy']);
      expect(byName.get('deployments/scale')?.kind).to.equal('Scale');
      expect(byName.get('deployments/status')?.verbs).to.deep.equal(['get', 'patch', 'update']);
    });

    it('answers aggregated discovery to clients that ask for it', async () => {
      const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
      const answer = await cluster.call('GET', '/apis', undefined, { headers: { accept } });
      expect(answer.headers['content-type']).to.contain('as=APIGroupDiscoveryList');
      expect(answer.body.kind).to.equal('APIGroupDiscoveryList');
    });

    it('says in OpenAPI that it validates fields, so that kubectl leaves that to it', async () => {
      const { paths } = (await cluster.ok('GET', '/openapi/v3')) as {
        paths: Record<string, { serverRelativeURL: string }>;
      };
      const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
      const document = (await cluster.ok('GET', url)) as {
        paths: Record<string, { patch: { parameters: { name: string }[] } }>;
      };
      const patch = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch;
      expect(patch?.parameters.map((each) => each.name)).to.include('fieldValidation');
    });
  });

  describe('start', () => {
    let dir: string;
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'rynxs-api-'));
    });
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    it('writes a kubeconfig that only its owner can read', async () => {
      const kubeconfigFile = join(dir, 'sub', 'config');
      const server = await startEmbeddedCluster({ nodeEnabled: false, kubeconfigFile });
      await server.close();
      expect(statSync(kubeconfigFile).mode & 0o777).to.equal(0o600);
    });

    it('names the port that is in use, with a remedy', async () => {
      const taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      const { port } = taken.address() as AddressInfo;
      const error = await failure(startEmbeddedCluster({ nodeEnabled: false, port, dir }));
      await new Promise((resolve) => taken.close(resolve));
      expect(hasCode(error, 'RYNXS_DEV_CLUSTER_PORT')).to.equal(true);
      expect((error as RynxsError).message).to.contain(String(port));
      expect((error as RynxsError).remedy).to.contain('EMBEDDED_CLUSTER_PORT');
      // What had been taken before was given back.
      await (await startEmbeddedCluster({ nodeEnabled: false, dir })).close();
    });

    it('keeps authority and token in its directory, so that a kubeconfig stays valid', async () => {
      const first = await startEmbeddedCluster({ nodeEnabled: false, dir });
      await first.close();
      const { port } = new URL(first.url);
      const second = await startEmbeddedCluster({ nodeEnabled: false, dir, port: Number(port) });
      await second.close();
      expect(second.kubeconfig).to.equal(first.kubeconfig);
    });

    it('closes twice without complaint, and ends watches', async () => {
      const other = await TestCluster.start();
      const watch = await other.watch('/api/v1/namespaces?watch=true&resourceVersion=1');
      await other.server.close();
      await other.server.close();
      let event = await watch.next();
      while (event !== undefined) event = await watch.next();
      await other[Symbol.asyncDispose]();
    });
  });
});

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
