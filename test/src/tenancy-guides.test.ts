import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedCluster } from '@rynxs/dev-cluster';
import type { KubernetesObject } from '@rynxs/kernel';
import type { Json } from '@rynxs/log';
import { expect } from 'chai';
import { parse } from 'yaml';
import { type BadExample, operatorsAnswers, prepareExamples, serversAnswers } from './bad-examples.js';
import { ApiClient } from './conformance/api-client.js';
import { tenancyReconcilers } from './determinism/random-tenancy.js';
import { fieldsOf, fieldsWithoutRow, placesIn } from './guide-fields.js';
import { ROOT } from './rynxs-process.js';

for (const [file, plural] of [
  ['UNIVERSES.md', 'universes'],
  ['SESSIONS.md', 'sessions'],
] as const) {
  describe(`docs/${file}`, () => {
    const page = readFileSync(join(ROOT, 'docs', file), 'utf8');
    const shown = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
      ([, text = '']) => parse(text) as KubernetesObject,
    );
    const reconciler = tenancyReconcilers().find(({ resource }) => resource.plural === plural);
    const fields = fieldsOf(plural);

    it('shows every field of the spec in an example', () => {
      const used = new Set(shown.flatMap(({ spec }) => [...placesIn(spec as Json)]));
      expect(fields.filter((field) => !used.has(field))).to.deep.equal([]);
    });

    it('has every field of the spec in its table', () => {
      expect(fieldsWithoutRow(fields, page)).to.deep.equal([]);
    });

    it('shows what the operator and the API server accept', async () => {
      if (reconciler === undefined) throw new Error(`nobody reconciles ${plural}`);
      const example = (document: KubernetesObject): BadExample => ({
        name: file,
        resource: reconciler.resource,
        documents: [document],
        byServer: undefined,
        byOperator: undefined,
      });
      const server = await startEmbeddedCluster({ nodeEnabled: false });
      using api = new ApiClient(server.kubeconfig);
      await prepareExamples(api);
      for (const document of shown) {
        expect(operatorsAnswers(example(document))).to.deep.equal([undefined]);
        const [answer] = await serversAnswers(api, example(document));
        expect(answer?.code, answer?.message).to.equal(201);
      }
      await server.close();
    });
  });
}
