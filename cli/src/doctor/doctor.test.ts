import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definitions } from '@rynxs/agent-sandbox';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { CLUSTER, type Cluster, type KubernetesObject } from '@rynxs/kernel';
import { LEASE_NAME, LEASES } from '@rynxs/leader-lease';
import { NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import { startClientKernel } from '../cluster/client-kernel.js';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { CHECKS } from './all-checks.js';
import { exposureOf } from './checks/keys.js';
import type { DoctorReport } from './doctor-report.js';
import type { Finding } from './finding.js';

const RYNXS = fileURLToPath(new URL('../../bin/rynxs.js', import.meta.url));
const NAMESPACE = 'default';
/** A first leader waits for as long as a claim lasts before it writes to the cluster. */
const SHORT_ELECTION = {
  LEADERSHIP_TYPE: 'lease',
  LEADER_ELECTION_LEASE_DURATION: '6s',
  LEADER_ELECTION_RENEW_DEADLINE: '3s',
  LEADER_ELECTION_RETRY_PERIOD: '700ms',
  LEADER_ELECTION_REQUEST_TIMEOUT: '900ms',
};
const { signal } = new AbortController();
const CUSTOM_RESOURCES = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

describe('rynxs doctor', function () {
  this.timeout(30_000);
  let stack: AsyncDisposableStack;
  let directory: TemporaryDirectory;
  let env: Record<string, string>;

  beforeEach(() => {
    stack = new AsyncDisposableStack();
    directory = stack.use(new TemporaryDirectory());
    mkdirSync(join(directory.path, 'logs'));
    env = {
      KUBECONFIG: join(directory.path, 'kubeconfig'),
      LOG_DIR: join(directory.path, 'logs'),
      POD_NAMESPACE: NAMESPACE,
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
      HEALTH_PORT: '0',
    };
  });
  afterEach(() => stack.disposeAsync());

  const newTerminal = () => new RecordingTerminal({ cwd: directory.path, env });

  /** What is found, by the names of the checks. */
  async function examine(...args: string[]) {
    const terminal = newTerminal();
    const code = await runCommandLine(['doctor', '--output', 'json', ...args], terminal);
    expect(terminal.stderr.text).to.equal('');
    const report = JSON.parse(terminal.stdout.text) as DoctorReport;
    const findings = Object.fromEntries(report.checks.map((check) => [check.name, check.findings]));
    const statuses = Object.fromEntries(report.checks.map((check) => [check.name, check.status]));
    return { code, statuses, of: (name: string): readonly Finding[] => findings[name] ?? [] };
  }

  /** The only finding of the only check. */
  async function examineOne(name: string): Promise<Finding> {
    const [finding, ...others] = (await examine('--check', name)).of(name);
    expect(others).to.deep.equal([]);
    return finding as Finding;
  }

  async function listen(answer: RequestListener): Promise<Server> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    stack.defer(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return server;
  }

  const portOf = (server: Server): number => (server.address() as AddressInfo).port;

  function useServer(url: string): void {
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: url } }],
      users: [{ name: 'u', user: { token: 't' } }],
    };
    writeFileSync(env.KUBECONFIG as string, JSON.stringify(config));
  }

  /** An API server that answers as it is told; undefined is 403. */
  async function useScripted(answerTo: (path: string, body: string) => unknown): Promise<void> {
    const server = await listen(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const path = (request.url ?? '').replace(/\?.*/, '');
      const answer = answerTo(path, body);
      if (answer instanceof Date) response.setHeader('date', answer.toUTCString());
      const status = { kind: 'Status', reason: 'Forbidden', message: `u cannot get path "${path}"` };
      response
        .writeHead(answer === undefined ? 403 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer instanceof Date ? { gitVersion: 'v1.34.4' } : (answer ?? status)));
    });
    useServer(`http://127.0.0.1:${portOf(server)}`);
  }

  async function useEmbedded({
    crds = true,
  } = {}): Promise<{ server: EmbeddedClusterServer; cluster: Cluster }> {
    const server = await startEmbeddedCluster({ nodeEnabled: false, controllersEnabled: false });
    stack.defer(() => server.close());
    writeFileSync(env.KUBECONFIG as string, server.kubeconfig);
    const kernel = await startClientKernel(env.KUBECONFIG, newTerminal());
    stack.defer(() => kernel.stop());
    const cluster = kernel.get(CLUSTER);
    if (crds) {
      for (const definition of definitions) await cluster.create(CUSTOM_RESOURCES, definition, { signal });
    }
    return { server, cluster };
  }

  /** Runs `rynxs start` with the same settings, and resolves when it leads. */
  async function startOperator(): Promise<void> {
    const child = spawn(process.execPath, [RYNXS, 'start'], {
      cwd: directory.path,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    stack.defer(async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).to.deep.equal([0, null]);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('"leading"')) resolve();
    });
    child.once('exit', () => reject(new Error(output)));
    await promise;
  }

  function useKey(): NoteSigner {
    const signer = NoteSigner.generate('rynxs');
    env.LOG_SIGNING_KEY_FILE = join(directory.path, 'key');
    writeFileSync(env.LOG_SIGNING_KEY_FILE, `${signer.export()}\n`, { mode: 0o600 });
    return signer;
  }

  describe('beside an operator', () => {
    it('finds all well, and disturbs nothing', async () => {
      const { cluster } = await useEmbedded();
      useKey();
      Object.assign(env, SHORT_ELECTION);
      const servers = [await listen(() => undefined), await listen(() => undefined)];
      [env.METRICS_PORT = '', env.HEALTH_PORT = ''] = servers.map((server) => String(portOf(server)));
      for (const server of servers) await new Promise((resolve) => server.close(resolve));
      await startOperator();
      let found = await examine();
      while (found.statuses.anchor !== 'ok' || found.statuses.leader !== 'ok') found = await examine();
      const file = join(env.LOG_DIR as string, 'operator-events.log');
      const [before, lease] = [
        readFileSync(file, 'utf8'),
        await cluster.get(LEASES, { namespace: NAMESPACE, name: LEASE_NAME }, { signal }),
      ];
      found = await examine();
      expect(found.statuses).to.deep.equal({
        ...Object.fromEntries(CHECKS.map(({ name }) => [name, 'ok'])),
        // The embedded cluster has no RBAC to ask.
        permissions: 'warning',
      });
      expect(found.code).to.equal(0);
      expect(
        found
          .of('ports')
          .map(({ message }) => message)
          .join('\n'),
      )
        .to.include('an operator serves its metrics')
        .and.include('an operator is ready');
      expect(readFileSync(file, 'utf8')).to.equal(before);
      const after = await cluster.get(LEASES, { namespace: NAMESPACE, name: LEASE_NAME }, { signal });
      expect((after.spec as { holderIdentity: string }).holderIdentity).to.equal(
        (lease.spec as { holderIdentity: string }).holderIdentity,
      );
    });
  });

  describe('reports each thing that is wrong, and looks at the others', () => {
    it('settings: all of them at once; nothing else can be looked at then', async () => {
      Object.assign(env, { LOG_LEVEL: 'loud', METRICS_PORT: '10abc' });
      const { code, statuses, of } = await examine();
      expect(code).to.equal(1);
      expect(
        of('configuration')
          .map(({ message }) => message)
          .join('\n'),
      )
        .to.include('LOG_LEVEL')
        .and.include('METRICS_PORT');
      const { configuration, ...others } = statuses;
      expect(configuration).to.equal('failed');
      expect(new Set(Object.values(others))).to.deep.equal(new Set(['skipped']));
    });

    it('a variable that looks like a setting misspelt', async () => {
      env.LOG_LEVLE = 'debug';
      const found = await examine('--check', 'configuration');
      expect(found.statuses.configuration).to.equal('warning');
      expect(found.of('configuration')[0]?.message).to.include('did you mean LOG_LEVEL');
    });

    it('a plugin that is not there', async () => {
      env.RYNXS_PLUGINS = './nothing';
      const { code, statuses, of } = await examine('--check', 'plugins', '--check', 'configuration');
      expect(code).to.equal(1);
      expect(statuses).to.deep.equal({ configuration: 'ok', plugins: 'failed' });
      expect(of('plugins')[0]?.message).to.match(/^RYNXS_PLUGIN_NOT_FOUND: .*nothing/);
    });

    it('a kubeconfig that is not there', async () => {
      const { code, statuses, of } = await examine();
      expect(code).to.equal(1);
      expect(of('api-server')[0]?.message).to.include('RYNXS_KUBECONFIG_INVALID');
      expect(statuses).to.include({ permissions: 'skipped', crds: 'skipped', store: 'ok', keys: 'warning' });
    });

    it('an API server that nobody listens for', async () => {
      useServer('http://127.0.0.1:1');
      const { code, statuses, of } = await examine();
      expect(code).to.equal(1);
      expect(of('api-server')[0]?.message).to.include('connection refused');
      expect(statuses).to.include({ crds: 'skipped', anchor: 'skipped', store: 'ok', configuration: 'ok' });
    });

    it('an API server that does not answer: in the time given', async () => {
      const server = await listen(() => undefined);
      useServer(`http://127.0.0.1:${portOf(server)}`);
      const startedAt = performance.now();
      const { code, statuses, of } = await examine('--timeout', '1s');
      expect(performance.now() - startedAt).to.be.below(8_000);
      expect(code).to.equal(1);
      expect(of('api-server')[0]?.message).to.equal('it has not come to an end in the time given');
      expect(statuses).to.include({ store: 'ok', configuration: 'ok', keys: 'warning' });
    });

    it('an API server that is too old', async () => {
      await useScripted(() => ({ gitVersion: 'v1.20.1', metadata: { uid: 'u' } }));
      expect((await examine('--check', 'api-server')).of('api-server')[0]?.message).to.include(
        'Kubernetes v1.20.1, which is too old',
      );
    });

    it('permissions that are missing, also where the operator could not start without', async () => {
      await useScripted((path, body) => {
        if (!path.endsWith('selfsubjectaccessreviews')) return undefined;
        const { verb, path: url } = {
          ...JSON.parse(body).spec.resourceAttributes,
          ...JSON.parse(body).spec.nonResourceAttributes,
        };
        return { status: { allowed: verb !== 'watch' && url === undefined } };
      });
      const { code, statuses, of } = await examine();
      expect(code).to.equal(1);
      expect(statuses).to.include({ 'api-server': 'failed', permissions: 'failed' });
      const missing = of('permissions');
      expect(missing[0]?.message).to.match(/^may not get \/version: /);
      expect(missing.slice(1).every(({ message }) => message.startsWith('may not watch '))).to.equal(true);
      expect(missing.map(({ remedy }) => remedy)).to.include(
        'Add to the ClusterRole of the operator: {apiGroups: [universe.ai], resources: [agents], verbs: [watch]}',
      );
    });

    it('clocks that are apart', async () => {
      await useScripted(() => new Date(Date.now() + 3_600_000));
      const finding = (await examine('--check', 'clocks')).of('clocks')[0];
      expect(finding?.status).to.equal('failed');
      const [, apart] =
        /^the clock of the API server is (\S+) s ahead of this one/.exec(finding?.message ?? '') ?? [];
      // An hour, less what is cut from the second in which the answer was made, and less the time that it took.
      expect(Number(apart)).to.be.within(3_597, 3_600);
    });

    it('definitions that are not installed, or of another version', async () => {
      const { cluster } = await useEmbedded({ crds: false });
      expect((await examine('--check', 'crds')).of('crds').map(({ message }) => message)).to.have.members(
        definitions.map(({ metadata }) => `${metadata.name} is not installed`),
      );
      const [agents, ...others] = definitions as readonly KubernetesObject[];
      const older = JSON.parse(JSON.stringify(agents).replace('"ttl":', '"timeToLive":')) as KubernetesObject;
      for (const definition of [older, ...others]) {
        await cluster.create(CUSTOM_RESOURCES, definition, { signal });
      }
      const { statuses, of } = await examine('--check', 'crds');
      expect(statuses.crds).to.equal('failed');
      const [first, ...rest] = of('crds');
      expect(first?.message).to.equal(
        'agents.universe.ai is installed, and is of another version: spec.lifecycle.ttl',
      );
      expect(first?.remedy).to.include('kubectl apply');
      expect(rest.map(({ status }) => status)).to.deep.equal(['ok', 'ok']);
    });

    it('a directory of the log whose volume is not mounted here', async () => {
      writeFileSync(join(directory.path, 'file'), '');
      env.LOG_DIR = join(directory.path, 'file/logs');
      const finding = await examineOne('store');
      expect(finding.status).to.equal('skipped');
      expect(finding.message).to.include('its volume is not mounted');
      env.LOG_DIR = join(directory.path, 'not/yet');
      expect((await examineOne('store')).message).to.include('the operator makes it when it starts');
    });

    it('a store that the settings do not describe', async () => {
      Object.assign(env, { EVENT_STORE_TYPE: 's3', S3_BUCKET: 'bucket', S3_ENDPOINT: 'ftp://nowhere' });
      const { statuses, of } = await examine();
      expect(of('store')[0]?.message).to.match(/^RYNXS_CONFIG_INVALID: store-s3\.endpoint/);
      expect(statuses).to.include({
        configuration: 'ok',
        log: 'skipped',
        checkpoints: 'skipped',
        keys: 'warning',
      });
    });

    it('timings of the election that do not fit', async () => {
      Object.assign(env, { LEADERSHIP_TYPE: 'lease', LEADER_ELECTION_RENEW_DEADLINE: '15s' });
      expect((await examineOne('leader')).message).to.match(
        /^RYNXS_CONFIG_INVALID: leader-lease\.leaseDuration/,
      );
    });

    it('a signing key that others may read, or that is none', async () => {
      useKey();
      expect((await examineOne('keys')).status).to.equal('ok');
      chmodSync(env.LOG_SIGNING_KEY_FILE as string, 0o644);
      expect((await examineOne('keys')).message).to.match(/^RYNXS_LOG_KEY: .*others may read it/);
      expect((await exposureOf(env.LOG_SIGNING_KEY_FILE as string))[0]?.message).to.include('mode 644');
      env.LOG_SIGNING_KEY_FILE = join(directory.path, 'nothing');
      expect((await examineOne('keys')).status).to.equal('failed');
    });

    it('a port that something else has', async () => {
      const server = await listen((_request, response) => response.end('hello'));
      env.HEALTH_PORT = String(portOf(server));
      const { statuses, of } = await examine('--check', 'ports');
      expect(statuses.ports).to.equal('failed');
      expect(of('ports')[1]).to.deep.include({
        message: `something else than an operator listens on http://127.0.0.1:${env.HEALTH_PORT}`,
      });
      env.METRICS_PORT = env.HEALTH_PORT;
      expect((await examineOne('ports')).message).to.include('are both');
    });
  });

  describe('looks at a log', () => {
    let log: SignedLog;

    beforeEach(() => {
      log = new SignedLog(directory.path);
      env.LOG_DIR = log.logs;
      env.LOG_SIGNING_KEY_FILE = log.keyFile;
    });

    it('of another cluster or shard', async () => {
      await log.append(log.log.startEpoch());
      const { cluster } = await useEmbedded();
      env.RYNXS_SHARD = 'b';
      const messages = (await examine('--check', 'owner')).of('owner').map(({ message }) => message);
      const { uid } = await cluster.info(signal);
      expect(messages).to.deep.equal([
        'the log is of the shard default, not of b',
        `the log is of the cluster with uid sample-cluster, and this one is ${uid}`,
      ]);
    });

    it('that is damaged', async () => {
      await log.append(log.log.startEpoch(), log.log.next(2));
      const text = readFileSync(log.file, 'utf8');
      writeFileSync(log.file, text.replace('sample-cluster', 'simple-cluster'));
      const { statuses, of } = await examine();
      expect(of('store')[0]?.message).to.match(/is damaged at seq 0: /);
      expect(statuses).to.include({ log: 'skipped', checkpoints: 'skipped', keys: 'ok' });
    });

    it('whose checkpoints nobody has signed whom it trusts', async () => {
      await log.append(log.log.startEpoch());
      await log.sign(log.checkpoint(NoteSigner.generate('other')));
      const finding = await examineOne('checkpoints');
      expect(finding.status).to.equal('failed');
      expect(finding.message).to.equal(
        'none of the 1 newest checkpoints is signed by a key that is trusted here',
      );
    });

    it('that is shorter than a trusted checkpoint', async () => {
      await log.append(log.log.startEpoch());
      const longer = new SignedLog(join(directory.path, 'longer'));
      await longer.append(longer.log.startEpoch(), longer.log.next(3));
      await log.sign(longer.checkpoint(log.signer), longer.size);
      expect((await examineOne('checkpoints')).message).to.equal(
        'the log has been rolled back: a trusted checkpoint is of 4 records, and there are 1',
      );
    });

    it('whose newest records are not covered for long', async () => {
      await log.appendSigned(log.log.startEpoch());
      expect((await examineOne('checkpoints')).message).to.equal(
        'the newest checkpoint covers 1 of 1 record, and is signed by a trusted key',
      );
      await log.append(log.log.next(2));
      const finding = await examineOne('checkpoints');
      expect(finding.status).to.equal('warning');
      expect(finding.message).to.match(
        /^the newest checkpoint covers 1 of 3 records, and the first that is not covered is \d+d old$/,
      );
    });
  });

  describe('looks at the Lease', () => {
    let cluster: Cluster;
    const key = { namespace: NAMESPACE, name: LEASE_NAME };

    beforeEach(async () => {
      ({ cluster } = await useEmbedded());
      env.LEADERSHIP_TYPE = 'lease';
    });

    const hold = (seconds: number, renewTime = '2026-01-01T00:00:00.000000Z') =>
      cluster.create(
        LEASES,
        { metadata: key, spec: { holderIdentity: 'rynxs-0_a', leaseDurationSeconds: seconds, renewTime } },
        { signal },
      );

    it('that is not there', async () => {
      expect((await examineOne('leader')).message).to.include(`there is no Lease ${NAMESPACE}/${LEASE_NAME}`);
    });

    it('of a holder that is no more: nobody renews it for as long as it claims', async () => {
      await hold(1);
      const { code, of } = await examine('--check', 'leader');
      expect(code).to.equal(1);
      expect(of('leader')[0]?.message).to.match(
        /^the claim of rynxs-0_a is stale: .* did not change for 1\.0 s/,
      );
      expect(of('leader')[1]?.message).to.include('claims the Lease for 1 s at a time');
    });

    it('of a holder whose clock is off: it is renewed while one looks on', async () => {
      const found = await hold(15);
      const terminal = newTerminal();
      const done = runCommandLine(['doctor', '--check', 'leader'], terminal);
      const renewing = (async () => {
        let lease = found;
        for (;;) {
          const renewed = {
            ...lease,
            spec: { ...(lease.spec as object), leaseTransitions: Date.now() % 1_000_000 },
          };
          lease = await cluster.update(LEASES, renewed, { signal });
          if (await Promise.race([done.then(() => true), new Promise((resolve) => setTimeout(resolve, 100))]))
            return;
        }
      })();
      expect(await done).to.equal(0);
      await renewing;
      expect(terminal.stdout.text).to.match(/^ok +leader +rynxs-0_a leads$/m);
    });
  });

  it('prints for people what was found, with remedies', async () => {
    useKey();
    useServer('http://127.0.0.1:1');
    const terminal = newTerminal();
    expect(await runCommandLine(['doctor', '--check', 'keys', '--check', 'api-server'], terminal)).to.equal(
      1,
    );
    const [first, remedy, second, empty, counts] = terminal.stdout.text.split('\n');
    expect(first).to.match(/^failed {3}api-server {2}cannot get \/version at http:\/\/127\.0\.0\.1:1: /);
    expect(remedy).to.match(/^ {21}remedy: /);
    expect(second).to.match(/^ok {7}keys {8}checkpoints are signed by rynxs\+/);
    expect(empty).to.equal('');
    expect(counts).to.match(/^1 failed, 1 ok in [\d.]+ m?s$/);
  });

  it('refuses a check that there is not, and names all', async () => {
    const terminal = newTerminal();
    expect(await runCommandLine(['doctor', '--check', 'kyes'], terminal)).to.equal(2);
    expect(terminal.stderr.text).to.include('RYNXS_USAGE').and.include('kyes');
    for (const { name } of CHECKS) expect(terminal.stderr.text).to.include(name);
  });

  it('ends when it is interrupted', async () => {
    const server = await listen(() => terminal.interrupt());
    useServer(`http://127.0.0.1:${portOf(server)}`);
    const terminal = newTerminal();
    expect(await runCommandLine(['doctor'], terminal)).to.equal(130);
    expect(terminal.stdout.text).to.equal('');
  });
});
