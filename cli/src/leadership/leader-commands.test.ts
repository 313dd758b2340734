import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { CLUSTER, type Cluster, ClusterError, type KubernetesObject } from '@rynxs/kernel';
import { EPOCH_ANNOTATION, LEASE_NAME, LEASES, TRANSFER_ANNOTATION } from '@rynxs/leader-lease';
import { expect } from 'chai';
import { startClientKernel } from '../cluster/client-kernel.js';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

const NAMESPACE = 'kube-system';
const KEY = { namespace: NAMESPACE, name: LEASE_NAME };
const { signal } = new AbortController();

interface LeaseSpec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
}

describe('rynxs leader', function () {
  this.timeout(20_000);
  let directory: TemporaryDirectory;
  let terminal: RecordingTerminal;
  let server: EmbeddedClusterServer;
  let stack: AsyncDisposableStack;
  let cluster: Cluster;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    directory = stack.use(new TemporaryDirectory());
    server = await startEmbeddedCluster({ nodeEnabled: false, controllersEnabled: false });
    stack.defer(() => server.close());
    writeFileSync(join(directory.path, 'kubeconfig'), server.kubeconfig);
    terminal = newTerminal();
    const kernel = await startClientKernel(join(directory.path, 'kubeconfig'), newTerminal());
    stack.defer(() => kernel.stop());
    cluster = kernel.get(CLUSTER);
  });

  afterEach(() => stack.disposeAsync());

  const newTerminal = () => new RecordingTerminal({ cwd: directory.path });
  const run = (...args: string[]): Promise<number> =>
    runCommandLine(['leader', ...args, '--kubeconfig', 'kubeconfig'], terminal);
  const lease = (): Promise<KubernetesObject> => cluster.get(LEASES, KEY, { signal });

  function now(): string {
    return new Date().toISOString().replace('Z', '000Z');
  }

  async function hold(holderIdentity: string): Promise<void> {
    const time = now();
    const spec: LeaseSpec = { holderIdentity, leaseDurationSeconds: 15, acquireTime: time, renewTime: time };
    await cluster.create(
      LEASES,
      { metadata: { ...KEY, annotations: { [EPOCH_ANNOTATION]: '7' } }, spec },
      { signal },
    );
  }

  /** Changes the Lease as a replica does, whatever others write meanwhile. */
  async function change(edit: (spec: LeaseSpec) => LeaseSpec, keepsRequest = false): Promise<void> {
    for (;;) {
      const found = await lease();
      const { [TRANSFER_ANNOTATION]: asked, ...others } = found.metadata.annotations ?? {};
      const annotations =
        keepsRequest && asked !== undefined ? { ...others, [TRANSFER_ANNOTATION]: asked } : others;
      const edited = {
        ...found,
        metadata: { ...found.metadata, annotations },
        spec: edit(found.spec as LeaseSpec),
      };
      try {
        await cluster.update(LEASES, edited, { signal });
        return;
      } catch (error) {
        if (!(error instanceof ClusterError) || error.reason !== 'conflict') throw error;
      }
    }
  }

  /** Resolves to what is asked of the leader, as soon as something is. */
  async function asked(): Promise<string> {
    const cache = cluster.cache(LEASES, { namespace: NAMESPACE });
    const { promise, resolve } = Promise.withResolvers<string>();
    using _ = cache.subscribe(({ object }) => {
      const to = object.metadata.annotations?.[TRANSFER_ANNOTATION];
      if (to !== undefined) resolve(to);
    });
    return await promise;
  }

  describe('show', () => {
    it('is what it does when it is told nothing else', async () => {
      await hold('rynxs-0_a');
      expect(await run('--output', 'json'), terminal.stderr.text).to.equal(0);
      expect(JSON.parse(terminal.stdout.text)).to.include({
        namespace: NAMESPACE,
        holder: 'rynxs-0_a',
        state: 'held',
        epoch: 7,
      });
    });

    it('prints the same to people', async () => {
      await hold('rynxs-0_a');
      expect(await run('show', '-n', NAMESPACE)).to.equal(0);
      expect(terminal.stdout.text)
        .to.match(/^leader +rynxs-0_a$/m)
        .and.match(/^epoch +7$/m);
    });

    it('exits with 1 where there is no Lease, and says where it looked', async () => {
      expect(await run('--namespace', 'default')).to.equal(1);
      expect(terminal.stderr.text)
        .to.include(`RYNXS_LEADER_NONE: nobody leads: there is no Lease default/${LEASE_NAME}`)
        .and.include('LEADERSHIP_TYPE=lease');
    });

    it('looks at the Lease of the shard that is configured', async () => {
      terminal = new RecordingTerminal({ cwd: directory.path, env: { RYNXS_SHARD: 'b' } });
      expect(await run()).to.equal(1);
      expect(terminal.stderr.text).to.include(`there is no Lease ${NAMESPACE}/${LEASE_NAME}-b`);
    });

    it('exits with 1 where the Lease was released, and shows what it says', async () => {
      await hold('rynxs-0_a');
      await change((spec) => ({ ...spec, holderIdentity: '' }));
      expect(await run()).to.equal(1);
      expect(terminal.stdout.text).to.match(/^leader +none$/m);
      expect(terminal.stderr.text).to.include('was released');
    });

    it('exits with 1 when the cluster refuses, and names the permission', async () => {
      server.faults.inject({ verb: 'get', resource: 'leases' }, { kind: 'forbidden' });
      expect(await run()).to.equal(1);
      expect(terminal.stderr.text).to.include('RYNXS_CLUSTER_REQUEST').and.include('leases');
    });

    it('goes on with --watch, a line at every change, until Ctrl-C', async () => {
      const done = run('--watch');
      await terminal.stdout.until(/there is no Lease/);
      await hold('rynxs-0_a');
      await terminal.stdout.until(/rynxs-0_a: held, epoch 7\n/);
      await change((spec) => ({ ...spec, holderIdentity: '' }));
      await terminal.stdout.until(/nobody leads/);
      await change((spec) => ({
        ...spec,
        holderIdentity: 'rynxs-1_b',
        acquireTime: now(),
        renewTime: now(),
      }));
      await terminal.stdout.until(/rynxs-1_b: held/);
      terminal.interrupt();
      expect(await done, terminal.stderr.text).to.equal(0);
      expect(terminal.stdout.text.trimEnd().split('\n')).to.have.length(4);
    });
  });

  describe('transfer', () => {
    const taken = (holderIdentity: string) =>
      change((spec) => ({ ...spec, holderIdentity, acquireTime: now(), renewTime: now() }));

    beforeEach(() => hold('rynxs-0_a'));

    async function notStanding(): Promise<void> {
      expect((await lease()).metadata.annotations).not.to.have.property(TRANSFER_ANNOTATION);
    }

    it('asks the leader, waits for another one, and says how long it took', async () => {
      const done = run('transfer');
      expect(await asked()).to.equal('');
      await change((spec) => ({ ...spec, holderIdentity: '' }), true);
      await taken('rynxs-1_b');
      expect(await done, terminal.stderr.text).to.equal(0);
      expect(terminal.stdout.text).to.match(/^leadership went from rynxs-0_a to rynxs-1_b in [\d.]+ m?s\n$/);
    });

    it('gives programs the same', async () => {
      const done = run('transfer', '--to', 'rynxs-1', '--output', 'json');
      expect(await asked()).to.equal('rynxs-1');
      await taken('rynxs-1_b');
      expect(await done, terminal.stderr.text).to.equal(0);
      const { elapsed_ms, ...report } = JSON.parse(terminal.stdout.text);
      expect(report).to.deep.equal({ from: 'rynxs-0_a', to: 'rynxs-1_b' });
      expect(elapsed_ms).to.be.within(0, 20_000);
    });

    it('keeps what else is on the Lease, and does not renew it', async () => {
      const before = await lease();
      const done = run('transfer');
      await asked();
      const after = await lease();
      expect(after.spec).to.deep.equal(before.spec);
      expect(after.metadata.annotations).to.deep.equal({
        ...before.metadata.annotations,
        [TRANSFER_ANNOTATION]: '',
      });
      await taken('rynxs-1_b');
      expect(await done).to.equal(0);
    });

    it('fails when somebody else than asked for has it then', async () => {
      const done = run('transfer', '--to', 'rynxs-2');
      await asked();
      await taken('rynxs-1_b');
      expect(await done).to.equal(1);
      expect(terminal.stderr.text)
        .to.include('RYNXS_LEADER_TRANSFER')
        .and.include('rynxs-1_b took it, not rynxs-2');
    });

    it('fails when there is only one replica, which takes it again', async () => {
      const done = run('transfer');
      await asked();
      await change((spec) => ({ ...spec, holderIdentity: '' }));
      await taken('rynxs-0_a');
      expect(await done).to.equal(1);
      expect(terminal.stderr.text)
        .to.include('nobody else took it, and it leads again')
        .and.include('remedy: ');
    });

    it('fails when nobody takes it in time, and withdraws the request', async () => {
      const done = run('transfer', '--wait', '700ms');
      await asked();
      await change((spec) => ({ ...spec, holderIdentity: '' }), true);
      expect(await done).to.equal(1);
      expect(terminal.stderr.text).to.include('it gave it up, and nobody else has taken it');
      await notStanding();
    });

    it('tells a leader that is frozen from one that does not answer', async () => {
      expect(await run('transfer', '--wait', '300ms')).to.equal(1);
      expect(terminal.stderr.text).to.include('it has not renewed its Lease since');
      terminal = newTerminal();
      const done = run('transfer', '--wait', '1s');
      await asked();
      await change((spec) => ({ ...spec, renewTime: now() }), true);
      expect(await done).to.equal(1);
      expect(terminal.stderr.text).to.include('it renews its Lease, but has not answered the request');
      await notStanding();
    });

    it('withdraws the request when it is interrupted', async () => {
      const done = run('transfer');
      await asked();
      terminal.interrupt();
      expect(await done).to.equal(130);
      await notStanding();
    });

    it('asks again when the leader has renewed the Lease meanwhile', async () => {
      server.faults.inject({ verb: 'update', resource: 'leases' }, { kind: 'conflict' });
      const done = run('transfer');
      await asked();
      await taken('rynxs-1_b');
      expect(await done, terminal.stderr.text).to.equal(0);
      expect(server.faults.hits).to.equal(1);
    });

    it('asks nothing of who has taken over meanwhile', async () => {
      server.faults.inject({ verb: 'update', resource: 'leases' }, { kind: 'delay', delayMs: 300 });
      const done = run('transfer');
      while (server.faults.hits === 0) await sleep(10);
      await taken('rynxs-1_b');
      expect(await done, terminal.stderr.text).to.equal(0);
      expect(terminal.stdout.text).to.include('from rynxs-0_a to rynxs-1_b');
      await notStanding();
    });

    it('waits on when the API server does not answer for a while', async () => {
      const done = run('transfer');
      await asked();
      server.faults.inject({ verb: 'get', resource: 'leases', count: 2 }, { kind: 'reset-before' });
      server.faults.inject({ verb: 'get', resource: 'leases', count: 2 }, { kind: 'error' });
      while (server.faults.pending > 0) await sleep(10);
      await taken('rynxs-1_b');
      expect(await done, terminal.stderr.text).to.equal(0);
    });

    it('says so when the request can neither be fulfilled nor be withdrawn', async () => {
      const done = run('transfer', '--wait', '300ms');
      await asked();
      server.faults.inject({ verb: 'update', resource: 'leases', count: 5 }, { kind: 'forbidden' });
      expect(await done).to.equal(1);
      expect(terminal.stderr.text)
        .to.match(
          /^warning: the request may still stand: take rynxs\.universe\.ai\/transfer-to from the Lease /,
        )
        .and.include('RYNXS_LEADER_TRANSFER');
    });

    it('names the permission that is missing', async () => {
      server.faults.inject({ verb: 'update', resource: 'leases', count: 2 }, { kind: 'forbidden' });
      expect(await run('transfer')).to.equal(1);
      expect(terminal.stderr.text)
        .to.include('RYNXS_CLUSTER_REQUEST: the cluster did not take the request to hand leadership over')
        .and.include('update');
    });

    it('does nothing when the one that leads is named, or nobody leads', async () => {
      expect(await run('transfer', '--to', 'rynxs-0')).to.equal(1);
      expect(terminal.stderr.text).to.include('it is the one that leads already');
      await change((spec) => ({ ...spec, holderIdentity: '' }));
      const { resourceVersion } = (await lease()).metadata;
      terminal = newTerminal();
      expect(await run('transfer')).to.equal(1);
      expect(terminal.stderr.text).to.include('RYNXS_LEADER_NONE');
      expect((await lease()).metadata.resourceVersion).to.equal(resourceVersion);
    });
  });
});
