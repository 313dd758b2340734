import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, parseMark, type ShellBlock, shellBlocks } from '../docs/documents.js';
import { ReaderShell } from '../docs/reader-shell.js';
import { programOf } from './real-cluster/programs.js';

/** What a page takes for granted that its reader has. */
const BROUGHT: Readonly<Record<string, (reader: ReaderShell) => Promise<void>>> = {
  // A log of several files, and a shell where they are.
  'docs/EVENT_LOG.md': async (reader) => {
    const agents = Array.from({ length: 16 }, (_, number) => agent(`agent-${number}`));
    writeFileSync(join(reader.clone, 'agents.yaml'), agents.join('---\n'));
    await typed(
      reader,
      'LOG_SEGMENT_SIZE=64Ki rynxs dev --once --port 0 --metrics-port 0 --health-port 0 agents.yaml',
    );
    await typed(reader, 'cd .rynxs/logs; ls operator-events.*.zst');
  },
  // An Agent that asks for more than its Universe allows.
  'docs/UNIVERSES.md': async (reader) => {
    await reader.goOn('npm start', 'Ctrl-C stops it');
    await typed(reader, 'export KUBECONFIG=$PWD/.rynxs/kubeconfig');
    writeFileSync(join(reader.clone, 'big.yaml'), `${BOUNDS}---\n${agent('big', 'limits: {memory: 16Gi}')}`);
    await typed(reader, 'kubectl apply -f big.yaml');
    await typed(reader, 'kubectl wait agent/big --for condition=Degraded --timeout 60s');
  },
};

const BOUNDS = `apiVersion: universe.ai/v1alpha1
kind: Universe
metadata: {name: research}
spec: {namespaces: [default], limits: {memory: 8Gi}}
`;

function agent(name: string, resources = ''): string {
  return `apiVersion: universe.ai/v1alpha1
kind: Agent
metadata: {name: ${name}}
spec: {image: python:3.11-slim, resources: {${resources}}}
`;
}

function typed(reader: ReaderShell, text: string): Promise<void> {
  return reader.type({ text, shown: [] }, text);
}

function isForALaptop({ mark = '' }: ShellBlock): boolean {
  const parsed = parseMark(mark);
  return parsed?.kind === 'run' && parsed.place === 'laptop';
}

/** What documents have their readers do on their own machine, page by page, from the first command to the last. */
describe('on a laptop, a reader can follow', function () {
  this.timeout(120_000);

  for (const document of documents()) {
    const blocks = shellBlocks(document).filter(isForALaptop);
    if (blocks.length === 0) continue;
    it(document, async () => {
      await using reader = new ReaderShell({
        programs: { kubectl: `exec '${programOf('RYNXS_TEST_KUBECTL')}' "$@"` },
      });
      await BROUGHT[document]?.(reader);
      for (const block of blocks) await reader.follow(block);
      await reader.end();
    });
  }
});
