import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { badExamples, prepareExamples, serversAnswers } from '../bad-examples.js';
import { ApiClient } from '../conformance/api-client.js';
import { type AnyCluster, anyCluster } from './any-cluster.js';

describe('bad examples, on a real API server', () => {
  let cluster: AnyCluster;
  let api: ApiClient;
  before(async () => {
    cluster = await anyCluster();
    api = new ApiClient(await readFile(cluster.kubeconfig, 'utf8'));
    await prepareExamples(api);
  });
  after(async () => {
    api[Symbol.dispose]();
    await cluster[Symbol.asyncDispose]();
  });

  for (const example of badExamples()) {
    it(`${example.name} is ${example.byServer === undefined ? 'accepted' : 'refused'}`, async () => {
      const answers = await serversAnswers(api, example);
      const last = answers.at(-1);
      if (example.byServer === undefined) expect(last?.code, last?.message).to.be.below(300);
      else expect(last?.message).to.include(example.byServer);
      for (const { code, message } of answers.slice(0, -1)) expect(code, message).to.be.below(300);
    });
  }
});
