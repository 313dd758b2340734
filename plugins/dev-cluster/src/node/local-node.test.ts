import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { CONFIG_MAPS, NODES, PERSISTENT_VOLUME_CLAIMS, SECRETS } from '../resources/types.js';
import { asJson, asKubernetesObject, at, cloneJson, type JsonObject, stringAt } from '../storage/json.js';
import { eventually } from './testing/eventually.js';
import { condition, container, IDLE, NODE_NAME, NodeHarness } from './testing/node-harness.js';
import { availableRuntimes } from './testing/sandbox-support.js';

describe('local node', function () {
  this.timeout(15_000);
  let dir: string;
  let harness: NodeHarness;

  before(async function () {
    await availableRuntimes(this);
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rynxs-node-test-'));
  });
  afterEach(async () => {
    await harness?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const make = (
    resource: Parameters<NodeHarness['storage']['create']>[0],
    name: string,
    fields: JsonObject,
  ) =>
    harness.storage.create(
      resource,
      asKubernetesObject({ metadata: { name, namespace: 'default' }, ...fields }),
    );

  /** What the storage's controllers do when a claim is made. */
  function bind(name: string): void {
    const claim = make(PERSISTENT_VOLUME_CLAIMS, name, {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    harness.storage.updateStatus(
      PERSISTENT_VOLUME_CLAIMS,
      asKubernetesObject({ ...asJson(claim), status: { phase: 'Bound' } }),
    );
  }

  const log = (name: string): string => {
    const directory = join(dir, 'logs', harness.pod(name)?.metadata.uid ?? '', 'main');
    const newest = readdirSync(directory).sort().at(-1) ?? '';
    return readFileSync(join(directory, newest), 'utf8');
  };

  describe('a pod', () => {
    beforeEach(async () => {
      harness = await NodeHarness.start({ dir });
    });

    it('is placed, started, and ready', async () => {
      harness.createPod('a');
      const pod = await harness.ready('a');
      expect(stringAt(pod, 'spec', 'nodeName')).to.equal(NODE_NAME);
      expect(stringAt(pod, 'status', 'phase')).to.equal('Running');
      expect(container(pod)).to.deep.include({ name: 'main', ready: true, started: true, restartCount: 0 });
      expect(harness.events('a').map((event) => event.split(':')[0])).to.have.members([
        'Scheduled',
        'ImageNotPulled',
        'Started',
      ]);
    });

    it('says what is not as on other nodes: image, network, limits', async () => {
      harness.createPod('a');
      const pod = await harness.ready('a');
      expect(condition(pod, 'ImageNotPulled')).to.include({ status: 'True', reason: 'HostUserland' });
      expect(condition(pod, 'NetworkIsolated')).to.include({ status: 'True', reason: 'NoEgress' });
      expect(condition(pod, 'LimitsEnforced')?.reason).to.be.oneOf(['CgroupV1', 'CgroupV2', 'Rlimits']);
      expect(container(pod)?.imageID).to.match(/^host-userland:\/\//);
    });

    it('ends on SIGTERM when it is deleted, and then leaves nothing', async () => {
      harness.createPod('a');
      await harness.ready('a');
      const started = performance.now();
      harness.delete('a');
      await harness.gone('a');
      expect(performance.now() - started).to.be.lessThan(2_000);
      expect(harness.events('a')).to.include('Killing: Stopping container main');
      expect(readdirSync(join(dir, 'pods'))).to.deep.equal([]);
      expect(readdirSync(join(dir, 'logs'))).to.deep.equal([]);
    });

    it('ends at once also when it has only just started, and has not come to handling signals', async () => {
      harness.createPod('a', { command: ['sh', '-c', `sleep 0.2; ${IDLE[2]}`] });
      await harness.ready('a');
      const started = performance.now();
      harness.delete('a');
      await harness.gone('a');
      expect(performance.now() - started).to.be.lessThan(2_000);
    });

    it('is killed when its grace period is over', async () => {
      harness.createPod('a', { command: ['sh', '-c', "trap '' TERM; while :; do sleep 1000; done"] });
      await harness.ready('a');
      harness.delete('a', 1);
      const dying = await harness.until(
        'a',
        (pod) => pod === undefined || at(container(pod), 'state', 'terminated') !== undefined,
      );
      if (dying !== undefined) expect(at(container(dying), 'state', 'terminated', 'exitCode')).to.equal(137);
      await harness.gone('a');
    });

    it('is killed at once when its deletion is forced', async () => {
      harness.createPod('a', { command: ['sleep', '1000'] });
      const pod = await harness.ready('a');
      const pid = Number(/:\/\/(\d+)-/.exec(stringAt(container(pod), 'containerID') ?? '')?.[1]);
      harness.delete('a', 0);
      expect(harness.pod('a')).to.equal(undefined);
      await eventually(() => !existsSync(`/proc/${pid}`), 'its process is gone');
    });

    it('may have its grace period shortened', async () => {
      harness.createPod('a', { command: ['sleep', '1000'] });
      await harness.ready('a');
      harness.delete('a', 60);
      harness.delete('a', 1);
      await harness.gone('a');
    });

    it('is cleared away when it is deleted before it could start', async () => {
      harness.createPod('a', {}, { volumes: [{ name: 'v', configMap: { name: 'none' } }] });
      await harness.until(
        'a',
        (pod) => harness.events('a').some((event) => event.startsWith('FailedMount')) && pod !== undefined,
      );
      harness.delete('a');
      await harness.gone('a');
    });

    it('runs all of its containers, in one network and apart from each other', async () => {
      harness.create('a', {
        containers: ['one', 'two'].map((name) => ({ name, image: 'i', command: IDLE })),
      });
      const pod = await harness.ready('a');
      expect(at(pod, 'status', 'containerStatuses')).to.have.length(2);
      const links = [0, 1].map((index) => {
        const id =
          stringAt((at(pod, 'status', 'containerStatuses') as JsonObject[])[index], 'containerID') ?? '';
        const pid = /:\/\/(\d+)-/.exec(id)?.[1];
        return ['net', 'pid', 'mnt'].map((name) => namespaceOf(Number(pid), name));
      });
      expect(links[0]?.[0]).to.equal(links[1]?.[0]);
      expect(links[0]?.[1]).to.not.equal(links[1]?.[1]);
      expect(links[0]?.[2]).to.not.equal(links[1]?.[2]);
    });

    it('gets its variables, its arguments with them filled in, and its working directory', async () => {
      harness.createPod('a', {
        command: ['sh', '-c', `echo "$1 $(pwd) $NAME"; ${IDLE[2]}`, 'sh'],
        args: ['$(GREETING)-$(NAME)'],
        workingDir: '/srv/x',
        env: [
          { name: 'GREETING', value: 'hello' },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
      });
      await harness.ready('a');
      await eventually(() => log('a').includes('started'), 'it has spoken');
      expect(log('a')).to.include('stdout F hello-a /srv/x a\n');
    });

    it('that must not be run as it stands stays Pending and says why', async () => {
      harness.createPod('a', {}, { runtimeClassName: 'gvisor' });
      const pod = await harness.until('a', (each) => container(each) !== undefined);
      expect(stringAt(pod, 'status', 'phase')).to.equal('Pending');
      expect(at(container(pod), 'state', 'waiting', 'reason')).to.equal('UnsupportedByEmbeddedNode');
      expect(harness.events('a').join()).to.include('UnsupportedByEmbeddedNode: spec.runtimeClassName');
      harness.delete('a');
      await harness.gone('a');
    });

    it('waits while the node is cordoned or is not the one that it wants', async () => {
      const labels = { 'kubernetes.io/hostname': NODE_NAME };
      harness.storage.create(
        NODES,
        asKubernetesObject({ metadata: { name: NODE_NAME, labels }, spec: { unschedulable: true } }),
      );
      harness.createPod('a', {}, { nodeSelector: labels });
      harness.createPod('b', {}, { nodeSelector: { disk: 'ssd' } });
      expect(condition(asJson(harness.pod('a') ?? { metadata: { name: '' } }), 'PodScheduled')).to.include({
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available: 1 node(s) were unschedulable.',
      });
      const node = cloneJson(
        asJson(harness.storage.get(NODES, { name: NODE_NAME }) ?? { metadata: { name: '' } }),
      );
      harness.storage.update(NODES, asKubernetesObject({ ...node, spec: {} }));
      await harness.ready('a');
      expect(stringAt(asJson(harness.pod('b') ?? { metadata: { name: '' } }), 'spec', 'nodeName')).to.equal(
        undefined,
      );
      expect(harness.events('b').join()).to.include("didn't match Pod's node affinity/selector");
    });
  });

  describe('volumes', () => {
    beforeEach(async () => {
      harness = await NodeHarness.start({ dir });
    });
    const mount = (name: string, mountPath: string) => ({ name, mountPath });

    it('of a claim keep their data from pod to pod, until the claim is deleted', async () => {
      bind('data');
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
      const volumeMounts = [mount('data', '/workspace')];
      harness.createPod(
        'a',
        { command: ['sh', '-c', `echo kept >/workspace/x; ${IDLE[2]}`], volumeMounts },
        { volumes },
      );
      await harness.ready('a');
      await eventually(() => log('a').includes('started'), 'it has written');
      harness.delete('a');
      await harness.gone('a');
      harness.createPod(
        'b',
        { command: ['sh', '-c', `cat /workspace/x; ${IDLE[2]}`], volumeMounts },
        { volumes },
      );
      await harness.ready('b');
      await eventually(() => log('b').includes('started'), 'it has read');
      expect(log('b')).to.include('stdout F kept\n');
      harness.storage.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: 'default', name: 'data' });
      harness.createPod('c');
      await harness.ready('c');
      expect(readdirSync(join(dir, 'volumes')), 'while a pod uses it').to.have.length(1);
      harness.delete('b');
      await eventually(() => readdirSync(join(dir, 'volumes')).length === 0, 'the data is gone');
    });

    it('of a claim that is not there yet are waited for', async () => {
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
      harness.createPod('a', { volumeMounts: [mount('data', '/workspace')] }, { volumes });
      await harness.until('a', (pod) => at(container(pod), 'state', 'waiting', 'message') !== undefined);
      expect(harness.events('a').join()).to.include('persistentvolumeclaim "data" not found');
      bind('data');
      await harness.ready('a');
    });

    it('of ConfigMaps and Secrets show their content, and its changes', async () => {
      const configMap = make(CONFIG_MAPS, 'config', { data: { one: '1', two: '2' } });
      make(SECRETS, 'secret', { data: { key: Buffer.from('s3cret').toString('base64') } });
      const script =
        'cat /etc/app/renamed /run/secret/key; echo; ls /etc/app; while ! grep -q new /etc/app/renamed; do sleep 0.02; done; cat /etc/app/renamed; echo';
      harness.createPod(
        'a',
        {
          command: ['sh', '-c', `${script}; ${IDLE[2]}`],
          volumeMounts: [mount('config', '/etc/app'), mount('secret', '/run/secret')],
        },
        {
          volumes: [
            { name: 'config', configMap: { name: 'config', items: [{ key: 'one', path: 'renamed' }] } },
            { name: 'secret', secret: { secretName: 'secret', defaultMode: 0o400 } },
          ],
        },
      );
      await harness.ready('a');
      await eventually(() => log('a').includes('renamed'), 'it has read');
      expect(log('a')).to.include('F 1s3cret\n').and.to.not.include('two');
      harness.storage.update(CONFIG_MAPS, asKubernetesObject({ ...asJson(configMap), data: { one: 'new' } }));
      await eventually(() => log('a').includes('F new\n'), 'it has seen the change');
    });

    it('that hold nothing at first are shared by the containers and outlive their restarts', async () => {
      const one = { name: 'one', image: 'i', volumeMounts: [mount('v', '/shared')] };
      const script = `[ -e /shared/x ] && { echo again; ${IDLE[2]}; }; echo first >/shared/x`;
      harness.create('a', {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [{ ...one, name: 'main', command: ['sh', '-c', script] }],
      });
      await harness.until('a', (pod) => container(pod)?.ready === true && container(pod)?.restartCount === 1);
      await eventually(() => log('a').includes('again'), 'it has found its file');
    });

    it('of other kinds keep the pod from starting', async () => {
      harness.createPod('a', {}, { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] });
      const pod = await harness.until(
        'a',
        (each) => at(container(each), 'state', 'waiting', 'reason') === 'UnsupportedByEmbeddedNode',
      );
      expect(at(container(pod), 'state', 'waiting', 'message')).to.include('no volumes of type hostPath');
    });
  });

  describe('restarts', () => {
    it('come at once, then after 10 s, then after 20 s, and are told', async () => {
      const clock = new FakeClock();
      harness = await NodeHarness.start({ dir, clock });
      harness.createPod('a', { command: ['sh', '-c', 'echo life; exit 3'] });
      const waiting = (restarts: number) => (pod: JsonObject | undefined) =>
        at(container(pod), 'state', 'waiting', 'reason') === 'CrashLoopBackOff' &&
        container(pod)?.restartCount === restarts;
      const pod = await harness.until('a', waiting(1));
      expect(at(container(pod), 'state', 'waiting', 'message')).to.match(
        /^back-off 10s restarting failed container=main pod=a_default\(/,
      );
      expect(at(container(pod), 'lastState', 'terminated')).to.deep.include({ exitCode: 3, reason: 'Error' });
      expect(stringAt(pod, 'status', 'phase')).to.equal('Running');
      expect(condition(pod, 'Ready')?.status).to.equal('False');
      expect(harness.events('a').join()).to.include(
        'BackOff: Back-off restarting failed container main in pod a_default(',
      );
      await clock.advance(9_999);
      expect(waiting(1)(await harness.until('a', () => true))).to.equal(true);
      await clock.advance(1);
      const later = await harness.until('a', waiting(2));
      expect(at(container(later), 'state', 'waiting', 'message')).to.include('back-off 20s');
      const uid = harness.pod('a')?.metadata.uid ?? '';
      expect(readdirSync(join(dir, 'logs', uid, 'main')).sort()).to.deep.equal(['1.log', '2.log']);
    });

    it('do not happen where the policy forbids them', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('done', { command: ['true'] }, { restartPolicy: 'Never' });
      harness.createPod('failed', { command: ['sh', '-c', 'exit 4'] }, { restartPolicy: 'Never' });
      const done = await harness.until('done', (pod) => stringAt(pod, 'status', 'phase') === 'Succeeded');
      expect(at(container(done), 'state', 'terminated')).to.deep.include({
        exitCode: 0,
        reason: 'Completed',
      });
      const failed = await harness.until('failed', (pod) => stringAt(pod, 'status', 'phase') === 'Failed');
      expect(at(container(failed), 'state', 'terminated', 'exitCode')).to.equal(4);
    });

    it('tell a missing program from one that failed', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('a', { command: ['no-such-program'] });
      const pod = await harness.until(
        'a',
        (each) => at(container(each), 'state', 'waiting', 'reason') === 'CrashLoopBackOff',
      );
      expect(at(container(pod), 'lastState', 'terminated')).to.deep.include({
        exitCode: 128,
        reason: 'StartError',
      });
      expect(harness.events('a').join()).to.include('"no-such-program": executable file not found in $PATH');
    });

    it('tell a container that wanted too much memory, where that can be limited', async function () {
      harness = await NodeHarness.start({ dir });
      const limits = { memory: '32Mi' };
      // Filling /dev/shm takes memory that nothing can give back.
      const command = ['sh', '-c', 'head -c 60000000 /dev/zero >/dev/shm/x'];
      harness.createPod('a', { command, resources: { limits } }, { restartPolicy: 'Never' });
      const pod = await harness.until('a', (each) => stringAt(each, 'status', 'phase') !== 'Pending');
      if (!String(condition(pod, 'LimitsEnforced')?.message).includes('Enforced: memory,')) this.skip();
      const failed = await harness.until('a', (each) => stringAt(each, 'status', 'phase') === 'Failed');
      expect(at(container(failed), 'state', 'terminated', 'reason')).to.equal('OOMKilled');
    });

    it('follow when something else ends the sandbox', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('a');
      const pod = await harness.ready('a');
      const pid = Number(/:\/\/(\d+)-/.exec(stringAt(container(pod), 'containerID') ?? '')?.[1]);
      process.kill(holderOf(pid), 'SIGKILL');
      await harness.until(
        'a',
        (each) => container(each)?.restartCount === 1 && container(each)?.ready === true,
      );
      expect(harness.events('a').join()).to.include('SandboxChanged');
    });
  });

  describe('a node that starts again', () => {
    it('starts its pods again and counts it', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('a');
      await harness.ready('a');
      const first = harness;
      await first[Symbol.asyncDispose]();
      const stopped = harness.pod('a');
      expect(condition(stopped && asJson(stopped), 'Ready')?.status).to.equal('False');
      harness = await NodeHarness.start({ dir, storage: first.storage });
      const pod = await harness.until('a', (each) => container(each)?.ready === true);
      expect(container(pod)?.restartCount).to.equal(1);
      expect(at(container(pod), 'lastState', 'terminated', 'reason')).to.equal('Completed');
    });

    it('confirms deletions that were asked for meanwhile', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('a');
      await harness.ready('a');
      const first = harness;
      await first[Symbol.asyncDispose]();
      harness.delete('a');
      expect(harness.pod('a')).to.not.equal(undefined);
      harness = await NodeHarness.start({ dir, storage: first.storage });
      await harness.gone('a');
    });

    it('leaves pods that have come to their end alone', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('a', { command: ['true'] }, { restartPolicy: 'Never' });
      const before = await harness.until('a', (pod) => stringAt(pod, 'status', 'phase') === 'Succeeded');
      const first = harness;
      await first[Symbol.asyncDispose]();
      harness = await NodeHarness.start({ dir, storage: first.storage });
      expect(at(container(asJson(harness.pod('a') ?? { metadata: { name: '' } })), 'state')).to.deep.equal(
        at(container(before), 'state'),
      );
    });
  });

  describe('without a sandbox', () => {
    const probe = async () => ({ unavailable: 'user namespaces are off', remedy: 'Turn them on.' });

    it('lets pods wait, runs nothing, and says what to do', async () => {
      harness = await NodeHarness.start({ dir, probe });
      harness.createPod('a');
      const pod = await harness.until('a', (each) => condition(each, 'PodScheduled') !== undefined);
      expect(condition(pod, 'PodScheduled')).to.include({
        status: 'False',
        reason: 'NoSandboxRuntime',
        message: 'user namespaces are off. Turn them on.',
      });
      expect(stringAt(pod, 'status', 'phase')).to.equal('Pending');
      expect(harness.events('a')).to.deep.equal(['NoSandboxRuntime: user namespaces are off. Turn them on.']);
      expect(readdirSync(join(dir, 'pods'))).to.deep.equal([]);
      harness.delete('a');
      expect(harness.pod('a')).to.equal(undefined);
    });

    it('tells so of pods that ran before, and lets them be deleted', async () => {
      harness = await NodeHarness.start({ dir });
      harness.createPod('a');
      await harness.ready('a');
      const first = harness;
      await first[Symbol.asyncDispose]();
      harness = await NodeHarness.start({ dir, probe, storage: first.storage });
      const pod = await harness.until('a', (each) => condition(each, 'Ready')?.reason === 'NoSandboxRuntime');
      expect(condition(pod, 'Ready')?.status).to.equal('False');
      harness.delete('a');
      await harness.gone('a');
    });
  });

  it('keeps nothing on disk where it was given no directory', async () => {
    harness = await NodeHarness.start();
    harness.createPod('a');
    await harness.ready('a');
    const mine = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`rynxs-node-${process.pid}-`));
    expect(mine()).to.have.length(1);
    await harness[Symbol.asyncDispose]();
    expect(mine()).to.deep.equal([]);
  });

  it('reports no defects while it does all this', async () => {
    harness = await NodeHarness.start({ dir });
    for (const name of ['a', 'b', 'c']) harness.createPod(name);
    await Promise.all(['a', 'b', 'c'].map((name) => harness.ready(name)));
    await harness[Symbol.asyncDispose]();
    expect(harness.logger.lines.filter((line) => line.level !== 'debug')).to.deep.equal([]);
  });
});

function namespaceOf(pid: number, name: string): string {
  return readlinkSync(`/proc/${pid}/ns/${name}`);
}

/** The process that holds the namespaces of a container's pod: process 1 of the pid namespace around the container's. */
function holderOf(pid: number): number {
  const net = namespaceOf(pid, 'net');
  const holder = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const ids =
        /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]?.split('\t') ?? [];
      return ids.length === 2 && ids[1] === '1' && namespaceOf(Number(name), 'net') === net;
    } catch {
      return false;
    }
  });
  return Number(holder);
}
