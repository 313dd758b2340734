import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClusterConnection,
  type ClusterConnector,
  ClusterError,
  type Logger,
  SystemClock,
} from '@rynxs/kernel';
import { expect } from 'chai';
import { EmbeddedCluster } from './embedded-cluster.js';
import { PODS } from './resources/types.js';
import type { EmbeddedClusterSettings } from './settings.js';
import { lockDirectory } from './storage/directory-lock.js';

describe('embedded cluster as a plugin', () => {
  const { signal } = new AbortController();
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    child: () => logger,
  };
  let dir: string;
  let settings: EmbeddedClusterSettings;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rynxs-plugin-'));
    settings = { dir, port: 0, kubeconfig: undefined, node: false, controllers: true };
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const make = (connector: ClusterConnector) =>
    new EmbeddedCluster(settings, connector, new SystemClock(), logger);

  it('hands its kubeconfig to the client, passes calls on, and stops the client before the server', async () => {
    const calls: string[] = [];
    let cluster: EmbeddedCluster;
    const client = {
      info: async () => ({ uid: 'u', version: 'v', server: 's' }),
      [Symbol.asyncDispose]: async () => {
        const { code } = await health(cluster);
        calls.push(`client closed, server answers ${code}`);
      },
    } as unknown as ClusterConnection;
    let url = '';
    const connector: ClusterConnector = {
      connect: async (kubeconfig) => {
        expect(kubeconfig).to.equal(readFileSync(join(dir, 'kubeconfig'), 'utf8'));
        return client;
      },
    };
    cluster = make(connector);
    const health = async (running: EmbeddedCluster) => {
      url = running.server?.url ?? url;
      const { request } = await import('node:https');
      return new Promise<{ code: number }>((resolve, reject) => {
        const sent = request(`${url}/livez`, { rejectUnauthorized: false }, (response) => {
          response.resume();
          resolve({ code: response.statusCode ?? 0 });
        });
        sent.on('error', reject);
        sent.end();
      });
    };
    await cluster.start(signal);
    url = cluster.server?.url ?? '';
    expect(await cluster.info(signal)).to.deep.equal({ uid: 'u', version: 'v', server: 's' });
    await cluster.stop();
    expect(calls).to.deep.equal(['client closed, server answers 200']);
    expect(cluster.server).to.equal(undefined);
    (await lockDirectory(dir))[Symbol.dispose]();
  });

  it('says that it is not running before it was started', async () => {
    const cluster = make({ connect: () => Promise.reject(new Error('not called')) });
    const failure = await cluster.get(PODS, { name: 'p' }, { signal }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ClusterError).and.to.include({ reason: 'unavailable' });
    expect(() => cluster.cache(PODS)).to.throw('not running');
  });

  it('gives everything back when the client cannot connect', async () => {
    const cluster = make({ connect: () => Promise.reject(new Error('no client')) });
    const error = await cluster.start(signal).catch((reason: unknown) => reason);
    expect(error).to.be.an('error').with.property('message', 'no client');
    (await lockDirectory(dir))[Symbol.dispose]();
  });

  it('writes the kubeconfig where it is told to', async () => {
    settings = { ...settings, kubeconfig: join(dir, 'elsewhere') };
    const cluster = make({ connect: () => Promise.reject(new Error('no client')) });
    await cluster.start(signal).catch(() => undefined);
    expect(existsSync(join(dir, 'elsewhere'))).to.equal(true);
    expect(existsSync(join(dir, 'kubeconfig'))).to.equal(false);
  });
});
