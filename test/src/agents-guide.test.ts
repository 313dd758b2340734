import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import agentSandbox, { AGENT, definitions } from '@rynxs/agent-sandbox';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import {
  CLOCK,
  CLUSTER,
  type Cluster,
  type KubernetesObject,
  type Operator,
  type ResourceType,
  SystemClock,
  startOperator,
} from '@rynxs/kernel';
import { given, startTestKernel, type TestKernel } from '@rynxs/kernel/testing';
import type { Json, JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { root } from './example-plugin.js';
import { fieldsOf, fieldsWithoutRow, placesIn } from './guide-fields.js';

const { signal } = new AbortController();
const options = { signal };
const DEFINITIONS: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};
const CLAIMS: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
};
const UNIVERSES: ResourceType = {
  ...AGENT,
  kind: 'Universe',
  plural: 'universes',
  namespaced: false,
};

/** The objects of a text with YAML documents. */
function objectsIn(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

describe('docs/AGENTS.md', () => {
  let page: string;
  let shown: readonly KubernetesObject[];
  let examples: readonly KubernetesObject[];
  before(async () => {
    page = await readFile(join(root, 'docs/AGENTS.md'), 'utf8');
    shown = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) => objectsIn(text));
    const files = (await readdir(join(root, 'examples'))).filter((name) => name.startsWith('agent-'));
    const texts = await Promise.all(files.map((name) => readFile(join(root, 'examples', name), 'utf8')));
    examples = texts.flatMap(objectsIn);
  });

  const fields = () => fieldsOf('agents');

  it('shows every field of the spec in an example', () => {
    const used = new Set(
      shown.flatMap(({ kind, spec }) => (kind === 'Agent' ? [...placesIn(spec as Json)] : [])),
    );
    expect(fields().filter((field) => !used.has(field))).to.deep.equal([]);
  });

  it('has every field of the spec in its table', () => {
    const table = page.slice(page.indexOf('| field |'), page.indexOf('The name of an Agent becomes'));
    expect(fieldsWithoutRow(fields(), table)).to.deep.equal([]);
  });

  describe('applied', () => {
    let directory: string;
    let server: EmbeddedClusterServer;
    let kernel: TestKernel;
    let operator: Operator;
    let cluster: Cluster;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'rynxs-agents-guide-'));
      server = await startEmbeddedCluster({ nodeEnabled: false });
      const KUBECONFIG = join(directory, 'kubeconfig');
      await writeFile(KUBECONFIG, server.kubeconfig);
      kernel = await startTestKernel({
        plugins: [clusterKubernetes, agentSandbox],
        env: { KUBECONFIG },
        services: [given(CLOCK, new SystemClock())],
      });
      cluster = kernel.get(CLUSTER);
      for (const definition of definitions) await cluster.create(DEFINITIONS, definition, options);
      operator = await startOperator(kernel, { signal });
      kernel.leadership.grant();
      const universe = { metadata: { name: 'research' }, spec: { namespaces: ['default'] } };
      await apply({ apiVersion: 'universe.ai/v1alpha1', kind: 'Universe', ...universe });
    });
    after(async () => {
      await operator.stop();
      await kernel.stop();
      await server.close();
      await rm(directory, { recursive: true });
    });

    const apply = (object: KubernetesObject) => {
      const type = [AGENT, CLAIMS, UNIVERSES].find(({ kind }) => kind === object.kind);
      if (type === undefined)
        throw new Error(`the page shows a ${object.kind}, which this test does not apply`);
      const metadata = type.namespaced ? { namespace: 'default', ...object.metadata } : object.metadata;
      return cluster.create(type, { ...object, metadata }, options);
    };

    it('every example becomes a computer, without a complaint', async () => {
      const names = new Set<string>();
      for (const object of [...shown, ...examples]) {
        // The page and the examples may show the same Agent.
        const name = `${object.kind}/${object.metadata.name}`;
        if (names.has(name)) continue;
        names.add(name);
        await apply(object);
      }
      expect(names.size).to.be.at.least(12);
      for (const name of names) {
        if (!name.startsWith('Agent/')) continue;
        const key = { namespace: 'default', name: name.slice('Agent/'.length) };
        const status = await until(name, async () => {
          const found = ((await cluster.get(AGENT, key, options)).status ?? {}) as JsonMap;
          return found;
        });
        const conditions = (status.conditions ?? []) as readonly JsonMap[];
        expect(
          conditions.find(({ type }) => type === 'Degraded'),
          name,
        ).to.include({ status: 'False' });
        expect(
          conditions.find(({ type }) => type === 'Progressing'),
          name,
        ).to.include({ reason: 'Starting' });
      }
    });
  });
});

async function until(what: string, look: () => Promise<JsonMap>): Promise<JsonMap> {
  let last: JsonMap | undefined;
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await look();
    last = found;
    const conditions = (found.conditions ?? []) as readonly JsonMap[];
    if (conditions.some(({ reason }) => reason === 'Starting')) return found;
    await sleep(10);
  }
  throw new Error(`${what} is not starting: ${JSON.stringify(last)}`);
}
