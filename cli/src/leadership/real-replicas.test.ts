import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedCluster } from '@rynxs/dev-cluster';
import { CLUSTER, type Cluster, NoTelemetry, SystemClock, SystemRandom, untilAborted } from '@rynxs/kernel';
import { capturingLogger } from '@rynxs/kernel/testing';
import { checkedTimings, LEASE_NAME, LeaseElector } from '@rynxs/leader-lease';
import { expect } from 'chai';
import { startClientKernel } from '../cluster/client-kernel.js';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

/** As the defaults, ten times as fast. */
const TIMINGS = checkedTimings({
  leaseDuration: 1_500,
  renewDeadline: 800,
  retryPeriod: 200,
  requestTimeout: 200,
  podName: undefined,
});

describe('rynxs leader, with replicas that campaign', function () {
  this.timeout(30_000);
  let directory: TemporaryDirectory;
  let stack: AsyncDisposableStack;
  let cluster: Cluster;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    directory = stack.use(new TemporaryDirectory());
    const server = await startEmbeddedCluster({ nodeEnabled: false, controllersEnabled: false });
    stack.defer(() => server.close());
    writeFileSync(join(directory.path, 'kubeconfig'), server.kubeconfig);
    const kernel = await startClientKernel(join(directory.path, 'kubeconfig'), newTerminal());
    stack.defer(() => kernel.stop());
    cluster = kernel.get(CLUSTER);
  });

  afterEach(() => stack.disposeAsync());

  const newTerminal = () => new RecordingTerminal({ cwd: directory.path });

  async function leader(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = newTerminal();
    const code = await runCommandLine(['leader', ...args, '--kubeconfig', 'kubeconfig'], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  /** A replica that leads whenever it can, and hands over when it is asked to. Resolves when it campaigns. */
  function startReplica(podName: string): { readonly led: Promise<void> } {
    const ended = new AbortController();
    const led = Promise.withResolvers<void>();
    const elector = new LeaseElector({
      cluster,
      clock: new SystemClock(),
      random: new SystemRandom(),
      telemetry: new NoTelemetry(),
      logger: capturingLogger(),
      timings: TIMINGS,
      key: { namespace: 'kube-system', name: LEASE_NAME },
      podName,
    });
    const campaign = async () => {
      let epoch = 0;
      for await (const tenure of elector.campaign(ended.signal)) {
        epoch += 1;
        tenure.announce({ epoch, logId: 'log-1' });
        led.resolve();
        await untilAborted(AbortSignal.any([tenure.signal, tenure.handover]), ended.signal);
        await tenure.release();
      }
    };
    const campaigning = campaign();
    stack.defer(async () => {
      ended.abort();
      await campaigning;
    });
    return { led: led.promise };
  }

  it('shows who leads, and in which term', async () => {
    const { led } = startReplica('rynxs-0');
    await led;
    const terminal = newTerminal();
    const watching = runCommandLine(['leader', '--watch', '--kubeconfig', 'kubeconfig'], terminal);
    await terminal.stdout.until(/ rynxs-0_\S+: held, epoch 1\n/);
    terminal.interrupt();
    expect(await watching).to.equal(0);
    const { code, stdout } = await leader('--output', 'json');
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.include({
      state: 'held',
      epoch: 1,
      log_id: 'log-1',
      lease_duration_seconds: 2,
    });
  });

  it('hands leadership over to another one, to and fro', async () => {
    await startReplica('rynxs-0').led;
    startReplica('rynxs-1');
    const there = await leader('transfer', '--output', 'json');
    expect(there.code, there.stderr).to.equal(0);
    const { from, to } = JSON.parse(there.stdout);
    expect(from).to.match(/^rynxs-0_/);
    expect(to).to.match(/^rynxs-1_/);
    const back = await leader('transfer', '--to', 'rynxs-0', '--output', 'json');
    expect(back.code, back.stderr).to.equal(0);
    expect(JSON.parse(back.stdout)).to.include({ from: to, to: from });
    expect(JSON.parse((await leader('-o', 'json')).stdout).transfer_to).to.equal(null);
  });

  it('picks the one that is asked for from several', async () => {
    await startReplica('rynxs-0').led;
    startReplica('rynxs-1');
    startReplica('rynxs-2');
    const { code, stdout, stderr } = await leader('transfer', '--to', 'rynxs-2', '--output', 'json');
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout).to).to.match(/^rynxs-2_/);
  });

  it('says that somebody else has it when there is no such replica', async () => {
    await startReplica('rynxs-0').led;
    startReplica('rynxs-1');
    const { code, stderr } = await leader('transfer', '--to', 'rynxs-7');
    expect(code).to.equal(1);
    expect(stderr).to.match(/rynxs-[01]_\S+ (took it, not rynxs-7|did not hand)/);
    expect(JSON.parse((await leader('-o', 'json')).stdout).transfer_to).to.equal(null);
  });

  it('says that there is only one, which leads again', async () => {
    await startReplica('rynxs-0').led;
    const { code, stderr } = await leader('transfer');
    expect(code).to.equal(1);
    expect(stderr).to.include('nobody else took it, and it leads again');
    expect(JSON.parse((await leader('-o', 'json')).stdout)).to.include({ state: 'held', transfer_to: null });
  });
});
