import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { shellBlocks, textOf } from '../docs/documents.js';
import { ReaderShell } from '../docs/reader-shell.js';
import { untilServed } from './real-cluster/crds.js';
import { programOf } from './real-cluster/programs.js';
import { RealCluster } from './real-cluster.js';

const PAGE = 'helm/rynxs/README.md';
const THIS_TEST = 'run by test/src/cluster/real-chart-readme.test.ts';
const AGENT_DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/agents.universe.ai';
/** Where the commands of the page have their release: by default, or where they say. */
const NAMESPACES = ['default', 'rynxs'];

/** What the page of the chart tells its readers to type, at a real API server: installations, upgrades, what goes with them. */
describe('the commands in the README of the chart', function () {
  this.timeout(180_000);
  let cluster: RealCluster;
  let reader: ReaderShell;

  before(async () => {
    cluster = await RealCluster.start();
    reader = new ReaderShell({
      programs: {
        helm: `exec ${programOf('RYNXS_TEST_HELM4')} "$@"`,
        kubectl: `exec ${programOf('RYNXS_TEST_KUBECTL')} "$@"`,
      },
      env: { KUBECONFIG: cluster.kubeconfig },
    });
    for (const name of ['ha-values.yaml', 's3-values.yaml'])
      writeFileSync(join(reader.clone, name), valuesOnPage(name));
    writeFileSync(join(reader.clone, 'custom-values.yaml'), 'workers: 4\n');
  });
  after(async () => {
    await reader?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  for (const block of shellBlocks(PAGE).filter(({ mark }) => mark === THIS_TEST)) {
    const lines = linesOf(block.commands.map(({ text }) => text).join('\n'));
    it(`do what they say: line ${block.line}, ${lines[0]}`, async () => {
      for (const line of lines) {
        await makeRoomFor(line);
        await reader.type({ text: line, shown: [] }, `${PAGE}:${block.line}`);
      }
    });
  }

  it('upgrade definitions that Helm has installed, and would not upgrade', async () => {
    const type = (text: string) => reader.type({ text, shown: [] }, PAGE);
    await type('helm install rynxs ./helm/rynxs');
    await cluster.api.must('PATCH', AGENT_DEFINITION, { spec: { names: { shortNames: ['earlier'] } } });
    await type('helm upgrade rynxs ./helm/rynxs');
    expect((await cluster.api.must('GET', AGENT_DEFINITION)).spec).to.have.nested.property(
      'names.shortNames[0]',
      'earlier',
    );
    await type('kubectl apply -f helm/rynxs/crds/');
    expect((await cluster.api.must('GET', AGENT_DEFINITION)).spec).to.have.nested.property(
      'names.shortNames[0]',
      'ag',
    );
  });

  it('are all of them', () => {
    expect(shellBlocks(PAGE).filter(({ mark }) => mark === THIS_TEST).length).to.be.at.least(10);
  });

  /** The page offers alternatives; a reader takes one of them. */
  async function makeRoomFor(line: string): Promise<void> {
    if (line.startsWith('helm install')) {
      for (const namespace of NAMESPACES) {
        const text = `helm uninstall rynxs --namespace ${namespace} --ignore-not-found`;
        await reader.type({ text, shown: [] }, 'the test');
      }
    }
    const [, definitions = ''] = /^kubectl delete crd (.+)/.exec(line) ?? [];
    for (const [, plural] of definitions.matchAll(/(\w+)\.universe\.ai/g))
      await untilServed(cluster.api, `/apis/universe.ai/v1alpha1/${plural}`);
    const [, secret] = /^kubectl create secret generic (\S+)/.exec(line) ?? [];
    if (secret !== undefined)
      await cluster.api.send('DELETE', `/api/v1/namespaces/default/secrets/${secret}`);
  }
});

/** The commands of a block, one by one: without comments, and with what goes on in the next line. */
function linesOf(script: string): readonly string[] {
  return script
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The values that the page shows under the name of a file. */
function valuesOnPage(name: string): string {
  const [, values] = new RegExp(`\`\`\`yaml\n(# ${name}\n[^\`]*)\`\`\``).exec(textOf(PAGE)) ?? [];
  if (values === undefined) throw new Error(`${PAGE} has no values called ${name}`);
  return values;
}
