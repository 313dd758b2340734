import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { type EmbeddedClusterServer, probeSandbox, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { CLUSTER, type Cluster, ClusterError, type LogOptions, SystemClock } from '@rynxs/kernel';
import { startTestKernel, type TestKernel } from '@rynxs/kernel/testing';
import { expect } from 'chai';

const { signal } = new AbortController();
const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const POD = { namespace: 'default', name: 'echo' };
/** Says what it is told through a named pipe, until it is told to end. */
const ECHO = `mkfifo /tmp/in; exec 3<>/tmp/in; echo started
while read -r line <&3; do [ "$line" = end ] && exit 0; echo "$line"; done`;

describe('the Kubernetes client, on a pod of the embedded node', function () {
  this.timeout(30_000);
  let directory: string;
  let server: EmbeddedClusterServer | undefined;
  let kernel: TestKernel | undefined;
  let cluster: Cluster;

  before(async function () {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-pod-streams-'));
    const probe = await probeSandbox(new SystemClock(), signal);
    if ('unavailable' in probe) {
      if (process.env.CI === 'true') throw new Error(`no sandbox in CI: ${probe.unavailable}`);
      console.log(`      skipped: ${probe.unavailable}`);
      this.skip();
    }
    const KUBECONFIG = join(directory, 'kubeconfig');
    server = await startEmbeddedCluster({ kubeconfigFile: KUBECONFIG });
    kernel = await startTestKernel({ plugins: [clusterKubernetes], env: { KUBECONFIG } });
    cluster = kernel.get(CLUSTER);
  });
  after(async () => {
    await kernel?.stop();
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const logOf = async (options: Partial<LogOptions> = {}) => {
    const output = new PassThrough();
    const read = text(output);
    await cluster.logs(POD, { output, signal, ...options });
    output.end();
    return read;
  };

  it('runs commands and follows the log that they cause, to its end', async () => {
    const containers = [{ name: 'main', image: 'image:1', command: ['sh', '-c', ECHO] }];
    await cluster.create(PODS, { metadata: POD, spec: { restartPolicy: 'Never', containers } }, { signal });
    const pods = cluster.cache(PODS);
    const { promise: isReady, resolve } = Promise.withResolvers<void>();
    pods.subscribe(({ object }) => {
      const { phase } = (object.status ?? {}) as { readonly phase?: string };
      if (phase === 'Running') resolve();
    });
    await isReady;

    const followed = logOf({ follow: true });
    const say = (line: string) => {
      const command = ['sh', '-c', `echo "${line}" >/tmp/in; exit 7`];
      return cluster.exec(POD, { command, stdout: new PassThrough(), signal });
    };
    expect([await say('one'), await say('two')]).to.deep.equal([7, 7]);
    // The command that ends the container may be ended with it.
    await say('end').catch(() => undefined);

    expect(await followed).to.equal('started\none\ntwo\n');
    expect(await logOf({ tailLines: 2, container: 'main' })).to.equal('one\ntwo\n');
    const refused: unknown = await logOf({ container: 'other' }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ClusterError).with.property('reason', 'invalid');
    const missing = { ...POD, name: 'missing' };
    const unknown = cluster
      .logs(missing, { output: new PassThrough(), signal })
      .catch((error: unknown) => error);
    expect(await unknown).to.have.property('reason', 'missing');
  });
});
