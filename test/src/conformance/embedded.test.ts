import { readFile } from 'node:fs/promises';
import { probeSandbox, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { SystemClock } from '@rynxs/kernel';
import { expect } from 'chai';
import { ROOT } from '../rynxs-process.js';
import { conformanceSuite } from './conformance-suite.js';
import { differencesTable, EXPECTED_DIFFERENCES } from './expected-differences.js';

conformanceSuite({
  name: 'embedded',
  expectedDifferences: EXPECTED_DIFFERENCES,
  start: async () => {
    const sandbox = await probeSandbox(new SystemClock(), new AbortController().signal);
    const server = await startEmbeddedCluster();
    return {
      kubeconfig: server.kubeconfig,
      provides: 'runtime' in sandbox ? ['controllers', 'node'] : ['controllers'],
      expiredVersion: () => {
        const version = String(server.storage.resourceVersion - 1);
        server.storage.compactHistory();
        return version;
      },
      stop: () => server.close(),
    };
  },
});

describe('docs/EXPECTED_DIFFERENCES.md', () => {
  it('has the table of the differences that the suite expects', async () => {
    const text = await readFile(`${ROOT}docs/EXPECTED_DIFFERENCES.md`, 'utf8');
    expect(text).to.contain(differencesTable());
  });
});
