import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ROOT, TestDirectory } from '../rynxs-process.js';
import { cyclonedxViolations, productionPackages } from './bill-of-materials.js';
import { type OperatorImage, operatorImage } from './operator-image.js';
import { RULES_FILE } from './rbac/documents.js';
import { ANCHOR } from './rbac/needs.js';
import type { RbacRules } from './rbac/rules.js';
import { until } from './real-cluster/processes.js';
import { programOf } from './real-cluster/programs.js';
import { type ApiObject, RealCluster } from './real-cluster.js';

const run = promisify(execFile);
const GUIDE = 'docs/IMAGE.md';
const PLUGIN = join(ROOT, 'examples/plugins/store-sqlite');
const NAMESPACE = 'restricted';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const NAME = 'rynxs-operator';
const PATIENCE_MS = 60_000;
/**
 * What is promised is 2 s, on a machine that does nothing else. This one runs a cluster and other tests besides, so that is
 * the time of processors that a start may take, and it may have to wait for them.
 */
const MOST_START_CPU_MS = 3_000;
const MOST_START_MS = 20_000;
const MOST_BYTES = 300e6;

interface Built {
  readonly sizeBytes: number;
  readonly layers: readonly { readonly sizeBytes: number }[];
  readonly seconds: number;
}
interface Container {
  readonly env: readonly object[];
  readonly volumeMounts: readonly object[];
}
interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly [Container];
    readonly volumes: readonly object[];
  };
}
interface OperatorStart {
  /** From the start of the process to its first answer that it is ready. */
  readonly ms: number;
  /** Time of processors that it took until then. */
  readonly cpuMs: number;
}
interface ContainerStatus {
  readonly state: { readonly terminated?: { readonly exitCode: number; readonly reason: string } };
}

describe('the image of the operator', function () {
  this.timeout(240_000);
  let image: OperatorImage;
  let built: Built;
  let cluster: RealCluster;
  let start: OperatorStart | undefined;

  before(async () => {
    image = operatorImage();
    built = JSON.parse(readFileSync(image.build, 'utf8'));
    cluster = await RealCluster.start({ node: true, crds: true });
    await cluster.node?.importImage(image.archive);
    await makeNamespace();
  });
  after(async () => {
    await cluster?.[Symbol.asyncDispose]();
    const size = `${(built.sizeBytes / 1e6).toFixed(0)} MB in ${built.layers.length} layers`;
    const times = `start to ready ${start?.ms} ms, ${start?.cpuMs} ms of a processor`;
    process.stdout.write(`      ${size}, built in ${built.seconds.toFixed(0)} s; ${times}\n`);
  });

  describe('is what the page says', () => {
    it('built by the command that stands there', () => {
      expect(blockOf(GUIDE, 'npm run image -- --local-base --output json')).to.not.equal('');
      expect(readFileSync(join(ROOT, 'scripts/lib/image-cache.mjs'), 'utf8')).to.include(
        "'--local-base', '--output', 'json'",
      );
    });

    it('small', () => {
      expect(built.sizeBytes).to.be.below(MOST_BYTES);
    });

    it('with a bill of materials that is CycloneDX', () => {
      expect(cyclonedxViolations(JSON.parse(readFileSync(image.sbom, 'utf8')))).to.deep.equal([]);
      const broken = { ...JSON.parse(readFileSync(image.sbom, 'utf8')), components: [{ name: 'no type' }] };
      expect(cyclonedxViolations(broken)).to.not.deep.equal([]);
    });

    it('with the production dependencies of package-lock.json, and no other package', () => {
      const { components } = JSON.parse(readFileSync(image.sbom, 'utf8')) as {
        components: readonly { type: string; name: string; version: string }[];
      };
      const names = components
        .filter(({ type }) => type === 'library')
        .map(({ name, version }) => `${name}@${version}`);
      expect(names.sort()).to.deep.equal(productionPackages());
    });
  });

  describe('runs as the page says, where the restricted profile is enforced', () => {
    before(async () => {
      const [pod] = await startPod(podOf('pod.yaml'));
      start = await startToReady(pod);
    });
    after(() => removePod());

    it('and is ready soon after it was started', () => {
      expect(start?.cpuMs).to.be.below(MOST_START_CPU_MS);
      expect(start?.ms).to.be.below(MOST_START_MS);
    });

    it('as a user without any right, who may write nothing but the log', async () => {
      const status = await inside('node', '-p', "fs.readFileSync('/proc/1/status', 'utf8')");
      expect(status).to.match(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
      expect(status).to.match(/^CapBnd:\s+0+$/m);
      const write = "fs.writeFileSync(process.argv[1] + '/file', '')";
      for (const path of ['/app', '/plugins', '/tmp', '/var/lib/rynxs']) {
        expect(await failureOf('node', '-e', write, path)).to.match(/EROFS|EACCES/);
      }
      await inside('node', '-e', write, '/var/lib/rynxs/logs');
    });

    it('with the settings of the heap that stand there', async () => {
      const environment = await inside('node', '-p', "fs.readFileSync('/proc/1/environ', 'utf8')");
      const settings = environment.split('\0').filter((line) => line.startsWith('MALLOC_'));
      expect(settings).to.deep.equal([
        'MALLOC_ARENA_MAX=1',
        'MALLOC_MMAP_THRESHOLD_=32768',
        'MALLOC_TRIM_THRESHOLD_=131072',
      ]);
    });

    it('without a shell, and with every command of rynxs', async () => {
      expect(await failureOf('sh', '-c', 'true')).to.include('not found');
      expect(await inside('rynxs', '--version')).to.equal('0.1.0\n');
      expect(await inside('rynxs', 'log', 'verify')).to.include('intact');
      expect(await inside('rynxs', 'plugins')).to.include('store-s3');
    });

    it('until it is told to end, which it does in order', async () => {
      await inside('node', '-e', "process.kill(1, 'SIGTERM')");
      const terminated = await eventually('the operator has ended', async () => {
        const { status } = await cluster.api.must<{
          status: { containerStatuses: readonly [ContainerStatus] };
        }>('GET', `${PODS}/${NAME}`);
        return status.containerStatuses[0].state.terminated;
      });
      expect(terminated).to.include({ exitCode: 0, reason: 'Completed' });
    });
  });

  describe('runs plugins of others', () => {
    it('that are laid over it, as the page says', async () => {
      using directory = new TestDirectory();
      const archive = await imageWithPlugin(directory.path);
      await cluster.node?.importImage(archive);
      const name = 'registry.example.com/operator-sqlite:1';
      await runsOnSqlite(withContainer(podOf('pod.yaml'), { image: name, env: SQLITE }));
    });

    it('that are mounted, as the page says', async () => {
      await cluster.api.must('POST', `/api/v1/namespaces/${NAMESPACE}/configmaps`, {
        metadata: { name: 'store-sqlite' },
        data: Object.fromEntries(
          ['package.json', ...readdirSync(join(PLUGIN, 'src')).map((name) => `src/${name}`)].map((path) => [
            path.replace('src/', ''),
            readFileSync(join(PLUGIN, path), 'utf8'),
          ]),
        ),
      });
      await runsOnSqlite(merged(podOf('pod.yaml'), podOf('mounted.yaml')));
    });

    const SQLITE = [
      { name: 'EVENT_STORE_TYPE', value: 'sqlite' },
      { name: 'SQLITE_FILE', value: '/var/lib/rynxs/logs/log.db' },
    ];

    async function runsOnSqlite(pod: Pod): Promise<void> {
      const [started] = await startPod(pod);
      try {
        await startToReady(started);
        expect(await inside('rynxs', 'plugins')).to.include('store-sqlite');
        expect(await inside('node', '-p', "fs.readdirSync('/var/lib/rynxs/logs')")).to.include('log.db');
      } finally {
        await removePod();
      }
    }
  });

  /** A namespace as strict as it gets, with an account for the operator that may do what the chart says. */
  async function makeNamespace(): Promise<void> {
    const { api } = cluster;
    const rules: RbacRules = parse(readFileSync(join(ROOT, RULES_FILE), 'utf8'));
    const inNamespace = `${RBAC}/namespaces/${NAMESPACE}`;
    const metadata = { name: NAME };
    const bind = (kind: string) => ({
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    });
    await api.must('POST', '/api/v1/namespaces', {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    await api.must('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata });
    await api.must('POST', `${RBAC}/clusterroles`, { metadata, rules: rules.clusterRules });
    await api.must('POST', `${RBAC}/clusterrolebindings`, bind('ClusterRole'));
    await api.must('POST', `${inNamespace}/roles`, { metadata, rules: rules.namespaceRules });
    await api.must('POST', `${inNamespace}/rolebindings`, bind('Role'));
  }

  async function startPod(pod: Pod): Promise<readonly [ApiObject]> {
    const spec = { ...pod.spec, restartPolicy: 'Never', terminationGracePeriodSeconds: 30 };
    return [await cluster.api.must('POST', PODS, { ...pod, spec })];
  }

  /** Waits until the operator answers that it is ready, and says how long that took from the start of its process. */
  async function startToReady({ metadata }: ApiObject): Promise<OperatorStart> {
    const readyz = `${PODS}/${metadata.name}:8081/proxy/readyz`;
    await eventually('the operator is ready', async () => {
      const { status } = await cluster.api.send('GET', readyz);
      if (status === 200) return true;
      const { body } = await cluster.api.send<{ status?: { phase?: string } }>(
        'GET',
        `${PODS}/${metadata.name}`,
      );
      if (body.status?.phase !== 'Failed') return undefined;
      throw new Error(`the operator has failed:\n${await logOf(metadata.name)}`);
    });
    return timesOf(metadata.uid);
  }

  async function logOf(pod: string): Promise<unknown> {
    return (await cluster.api.send<unknown>('GET', `${PODS}/${pod}/log`)).body;
  }

  async function inside(...command: readonly string[]): Promise<string> {
    const kubectl = programOf('RYNXS_TEST_KUBECTL');
    const args = ['--kubeconfig', cluster.kubeconfig, '--namespace', NAMESPACE, 'exec', NAME, '--'];
    return (await run(kubectl, [...args, ...command])).stdout;
  }

  async function failureOf(...command: readonly string[]): Promise<string> {
    return inside(...command).then(
      (printed) => expect.fail(`${command.join(' ')} printed ${printed}`),
      (error: { readonly stderr: string }) => error.stderr,
    );
  }

  /** Removes the operator when it has ended, and the anchor of its log, as the next log is another one. */
  async function removePod(): Promise<void> {
    await cluster.api.send('DELETE', `${PODS}/${NAME}`);
    await eventually('the pod is gone', async () => (await podNames()).length === 0 || undefined);
    await cluster.api.must('DELETE', `/api/v1/namespaces/${NAMESPACE}/configmaps/${ANCHOR}`);
  }

  async function podNames(): Promise<readonly string[]> {
    const { items } = await cluster.api.must<{ items: readonly ApiObject[] }>('GET', PODS);
    return items.map(({ metadata }) => metadata.name);
  }

  async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    let found: T | undefined;
    await until(async () => {
      found = await look();
      return found !== undefined;
    }, PATIENCE_MS);
    if (found !== undefined) return found;
    const events = await cluster.api.must<{ items: readonly ApiObject[] }>(
      'GET',
      `/api/v1/namespaces/${NAMESPACE}/events`,
    );
    const words = events.items.map(({ reason, message }) => `${reason}: ${message}`);
    throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s\n${words.join('\n')}\n${await logOf(NAME)}`);
  }

  /** Does what the page says, with the image of the tests in place of a published one. */
  async function imageWithPlugin(directory: string): Promise<string> {
    await run('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: PLUGIN });
    writeFileSync(join(directory, 'Dockerfile'), titled('Dockerfile'));
    const storage = `--storage-driver vfs --root ${directory}/storage --runroot ${directory}/run`;
    const buildah = (args: string) => shell(`buildah ${storage} ${args}`);
    await shell(titled('install'));
    await buildah(`pull --quiet docker-archive:${image.archive}`);
    await buildah(titled('build').replace('buildah build', 'build --isolation chroot --pull=never'));
    const archive = join(directory, 'image.tar');
    const name = 'registry.example.com/operator-sqlite:1';
    await buildah(`push --quiet ${name} docker-archive:${archive}:${name}`);
    return archive;

    async function shell(script: string): Promise<void> {
      await run('sh', ['-eu', '-c', script], {
        cwd: directory,
        env: { ...process.env, TMPDIR: directory },
      });
    }
  }
});

/** How long ago the operator's process in a pod was started, and what it has used of processors since (proc(5), stat). */
function timesOf(podUid: string): OperatorStart {
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
  const ofPod = new RegExp(podUid.replaceAll('-', '[-_]'));
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!ofPod.test(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))) continue;
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/rynxs\0start')) continue;
      // Behind the name, which may hold anything, comes the third field. Times are in hundredths of a second.
      const fields =
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').map(Number) ?? [];
      const [user = Number.NaN, system = Number.NaN, startedAt = Number.NaN] = [11, 12, 19].map(
        (i) => fields[i],
      );
      return { ms: Math.round(uptimeMs - startedAt * 10), cpuMs: (user + system) * 10 };
    } catch (error) {
      // Another one that has ended meanwhile.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  throw new Error(`no process of the operator runs in pod ${podUid}`);
}

/** A code block of the page, by its title. */
function titled(title: string): string {
  const text = readFileSync(join(ROOT, GUIDE), 'utf8');
  return (
    new RegExp(`^\`\`\`\\w+ title=${title.replace('.', '\\.')}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(
      text,
    )?.[1] ?? ''
  );
}

function blockOf(path: string, command: string): string {
  return readFileSync(join(ROOT, path), 'utf8').includes(`\n${command}\n`) ? command : '';
}

function podOf(title: string): Pod {
  return parse(titled(title)) as Pod;
}

function withContainer(pod: Pod, { image, env }: { image: string; env: readonly object[] }): Pod {
  const [container] = pod.spec.containers;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: [{ ...container, image, env: [...container.env, ...env] } as Container],
    },
  };
}

/** What `kubectl patch` makes of a pod's manifest and that of a change. */
function merged(pod: Pod, { spec: { containers, volumes } }: Pod): Pod {
  const [container] = pod.spec.containers;
  const [added] = containers;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      volumes: [...pod.spec.volumes, ...volumes],
      containers: [
        {
          ...container,
          env: [...container.env, ...added.env],
          volumeMounts: [...container.volumeMounts, ...added.volumeMounts],
        },
      ],
    },
  };
}
