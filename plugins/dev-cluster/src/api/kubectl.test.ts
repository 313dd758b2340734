import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '../start-embedded-cluster.js';
import { deployment, widgetDefinition } from '../testing/test-cluster.test.js';

describe('kubectl', function () {
  this.timeout(30_000);
  let server: EmbeddedClusterServer;
  let dir: string;

  before(async function () {
    const found: SpawnSyncReturns<Buffer> = spawnSync('kubectl', ['version', '--client']);
    if (found.error !== undefined) {
      // The title is what the report of skipped tests shows.
      this.test!.title = 'needs kubectl on PATH';
      this.skip();
    }
    dir = mkdtempSync(join(tmpdir(), 'rynxs-kubectl-'));
    server = await startEmbeddedCluster({ nodeEnabled: false, kubeconfigFile: join(dir, 'kubeconfig') });
  });
  after(async () => {
    await server?.close();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  });

  /** Runs kubectl, which must succeed unless `fails`; resolves to what it wrote. */
  const run = async (
    args: readonly string[],
    options: { input?: unknown; env?: object; fails?: boolean } = {},
  ) => {
    const child = spawn('kubectl', args, {
      env: { PATH: process.env.PATH, HOME: dir, KUBECONFIG: join(dir, 'kubeconfig'), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(options.input === undefined ? '' : stringify(options.input));
    const [out, errors, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve) => child.once('exit', resolve)),
    ]);
    if ((code === 0) === (options.fails === true))
      throw new Error(`kubectl ${args.join(' ')}: ${code}\n${out}${errors}`);
    return out + errors;
  };

  it('applies, reads back, changes and deletes a deployment', async () => {
    const manifest = deployment('web');
    expect(await run(['apply', '-f', '-'], { input: manifest })).to.equal('deployment.apps/web created\n');
    expect(await run(['apply', '-f', '-'], { input: manifest })).to.equal('deployment.apps/web unchanged\n');
    await run(['scale', 'deployment/web', '--replicas=3']);
    await run(['label', 'deployment/web', 'tier=front']);
    await run(['annotate', 'deployment/web', 'note=hi']);
    await run(['set', 'image', 'deployment/web', 'main=busybox:2']);
    await run(['set', 'env', 'deployment/web', 'A=b']);
    await run(['patch', 'deployment', 'web', '-p', '{"spec":{"minReadySeconds":1}}']);
    const path =
      '{.spec.replicas} {.metadata.labels.tier} {.spec.template.spec.containers[0].image} {.spec.minReadySeconds}';
    expect(await run(['get', 'deployment', 'web', '-o', `jsonpath=${path}`])).to.equal('3 front busybox:2 1');
    // Applying again takes back what the manifest says, and leaves what it does not mention.
    expect(await run(['apply', '-f', '-'], { input: manifest })).to.equal('deployment.apps/web configured\n');
    expect(await run(['get', 'deployment', 'web', '-o', `jsonpath=${path}`])).to.equal('3 front busybox:1 1');
    const described = await run(['describe', 'deployment', 'web']);
    expect(described).to.contain('ScalingReplicaSet').and.contain('busybox:1');
    expect(await run(['get', 'all']))
      .to.contain('pod/web-')
      .and.contain('replicaset.apps/web-');
    await run(['delete', 'deployment', 'web']);
    expect(await run(['get', 'deployment', 'web'], { fails: true })).to.contain(
      'deployments.apps "web" not found',
    );
  });

  it('edits', async () => {
    await run(['apply', '-f', '-'], { input: deployment('edited') });
    const env = { KUBE_EDITOR: "sed -i 's/replicas: 1/replicas: 2/'" };
    expect(await run(['edit', 'deployment', 'edited'], { env })).to.contain('edited');
    expect(await run(['get', 'deployment', 'edited', '-o', 'jsonpath={.spec.replicas}'])).to.equal('2');
    await run(['delete', 'deployment', 'edited', '--cascade=foreground']);
  });

  it('creates without manifests', async () => {
    await run(['create', 'namespace', 'made']);
    await run(['create', 'configmap', 'c', '--from-literal=a=b', '-n', 'made']);
    await run(['create', 'secret', 'generic', 's', '--from-literal=a=b', '-n', 'made']);
    await run([
      'create',
      'deployment',
      'd',
      '--image=busybox:1',
      '--replicas=2',
      '-n',
      'made',
      '--',
      'sleep',
      '1',
    ]);
    expect(await run(['get', 'secret', 's', '-n', 'made', '-o', 'jsonpath={.data.a}'])).to.equal('Yg==');
    expect(
      await run([
        'get',
        'deployment',
        'd',
        '-n',
        'made',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].command}',
      ]),
    ).to.equal('["sleep","1"]');
    await run(['delete', 'namespace', 'made', '--timeout=10s']);
  });

  it('shows where a manifest is wrong', async () => {
    const typo = deployment('web', { replica: 1 });
    expect(await run(['apply', '-f', '-'], { input: typo, fails: true })).to.contain(
      'unknown field "spec.replica"',
    );
    const negative = deployment('web', { replicas: -1 });
    expect(await run(['apply', '-f', '-'], { input: negative, fails: true })).to.contain(
      'spec.replicas: Invalid value: -1',
    );
  });

  it('works with custom resources: get, explain, wait, short names, columns', async () => {
    const spec = {
      type: 'object',
      properties: { role: { type: 'string', description: 'What it does.', enum: ['a', 'b'] } },
    };
    const columns = { additionalPrinterColumns: [{ name: 'Role', type: 'string', jsonPath: '.spec.role' }] };
    await run(['apply', '-f', '-'], { input: widgetDefinition(spec, columns) });
    await run(['wait', '--for=condition=Established', 'crd/widgets.example.org', '--timeout=5s']);
    const widget = {
      apiVersion: 'example.org/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
      spec: { role: 'a' },
    };
    await run(['apply', '-f', '-'], { input: widget });
    expect(await run(['get', 'wd'])).to.match(/NAME +ROLE\nw +a\n/);
    expect(await run(['explain', 'widget.spec.role'])).to.contain('What it does.');
    expect(await run(['api-resources'])).to.match(/widgets +wd +example\.org\/v1 +true +Widget/);
    const wrong = { ...widget, spec: { role: 'c' } };
    expect(await run(['apply', '-f', '-'], { input: wrong, fails: true })).to.contain(
      'supported values: "a", "b"',
    );
    await run(['delete', 'crd', 'widgets.example.org', '--timeout=5s']);
  });

  it('explains built-in kinds', async () => {
    expect(await run(['explain', 'deployment.spec.template.spec.containers.env'])).to.contain('valueFrom');
  });

  it('is told to use client-side apply', async () => {
    const refused = await run(['apply', '--server-side', '-f', '-'], {
      input: deployment('web'),
      fails: true,
    });
    expect(refused).to.contain('use client-side apply');
  });
});
