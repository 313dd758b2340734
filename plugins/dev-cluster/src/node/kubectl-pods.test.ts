import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { PODS } from '../resources/types.js';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '../start-embedded-cluster.js';
import { asKubernetesObject } from '../storage/json.js';
import { IDLE } from './testing/node-harness.js';
import { availableRuntimes } from './testing/sandbox-support.js';

describe('kubectl on pods', function () {
  this.timeout(30_000);
  let server: EmbeddedClusterServer;
  let dir: string;

  before(async function () {
    if (spawnSync('kubectl', ['version', '--client']).error !== undefined) {
      this.test!.title = 'needs kubectl on PATH';
      this.skip();
    }
    await availableRuntimes(this);
    dir = mkdtempSync(join(tmpdir(), 'rynxs-kubectl-pods-'));
    server = await startEmbeddedCluster({ kubeconfigFile: join(dir, 'kubeconfig') });
    server.storage.create(
      PODS,
      asKubernetesObject({
        metadata: { name: 'a', namespace: 'default' },
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [{ name: 'main', image: 'image:1', command: IDLE, workingDir: '/tmp' }],
        },
      }),
    );
    await kubectl(['wait', '--for=condition=Ready', 'pod/a', '--timeout=20s']);
  });
  after(async () => {
    await server?.close();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  });

  async function kubectl(args: readonly string[], input: string | Buffer = '') {
    const child = spawn('kubectl', args, {
      env: { PATH: process.env.PATH, HOME: dir, KUBECONFIG: join(dir, 'kubeconfig') },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(input);
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
    return { stdout, stderr, code };
  }

  it('runs a command and tells how it ended', async () => {
    const { stdout, stderr, code } = await kubectl([
      'exec',
      'a',
      '--',
      'sh',
      '-c',
      'id -u; echo oops >&2; exit 7',
    ]);
    expect({ stdout, code }).to.deep.equal({ stdout: '65532\n', code: 7 });
    expect(stderr).to.equal('oops\ncommand terminated with exit code 7\n');
  });

  it('feeds a command its input to the end', async () => {
    const { stdout } = await kubectl(['exec', '-i', 'a', '--', 'wc', '-c'], Buffer.alloc(3_000_000));
    expect(stdout.trim()).to.equal('3000000');
  });

  it('tells that there is no such command', async () => {
    const { stderr, code } = await kubectl(['exec', 'a', '--', 'no-such-program']);
    expect(code).to.equal(1);
    expect(stderr).to.include('"no-such-program": executable file not found in $PATH');
  });

  it('copies files in and out', async () => {
    writeFileSync(join(dir, 'in'), 'content');
    expect((await kubectl(['cp', join(dir, 'in'), 'a:/tmp/copy'])).code).to.equal(0);
    expect((await kubectl(['cp', 'a:/tmp/copy', join(dir, 'out')])).code).to.equal(0);
    expect(readFileSync(join(dir, 'out'), 'utf8')).to.equal('content');
  });

  it('shows the log', async () => {
    expect((await kubectl(['logs', 'a'])).stdout).to.equal('started\n');
    expect((await kubectl(['logs', 'a', '--timestamps', '--tail=1'])).stdout).to.match(
      /^\d{4}-\S+Z started\n$/,
    );
    expect((await kubectl(['logs', 'a', '-p'])).stderr).to.include(
      'previous terminated container "main" in pod "a" not found',
    );
  });

  it('is told in Events and conditions what this node does not do', async () => {
    const { stdout } = await kubectl(['describe', 'pod', 'a']);
    expect(stdout)
      .to.match(/ImageNotPulled +True/)
      .and.to.match(/NetworkIsolated +True/);
    expect(stdout).to.match(
      /Normal +Started +\S+ +kubelet +Started container main \(pid \d+, (bubblewrap|unshare)\)/,
    );
  });

  it('deletes a pod, and it is gone when kubectl says so', async () => {
    const { stdout, code } = await kubectl(['delete', 'pod', 'a']);
    expect({ stdout: stdout.split(' deleted')[0], code }).to.deep.equal({ stdout: 'pod "a"', code: 0 });
    expect(server.storage.list(PODS)).to.deep.equal([]);
  });
});
