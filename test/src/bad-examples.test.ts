import { startEmbeddedCluster } from '@rynxs/dev-cluster';
import { expect } from 'chai';
import { badExamples, operatorsAnswers, prepareExamples, serversAnswers } from './bad-examples.js';
import { ApiClient } from './conformance/api-client.js';

describe('bad examples', () => {
  const examples = badExamples();

  it('are there for each kind, and each is refused by somebody', () => {
    for (const kind of ['agents', 'sessions', 'universes'])
      expect(examples.filter(({ resource }) => resource.plural === kind)).to.have.length.of.at.least(10);
    for (const { name, byServer, byOperator } of examples)
      expect(byServer ?? byOperator, name).to.be.a('string');
  });

  describe('are refused by the operator', () => {
    for (const example of examples.filter(({ byOperator }) => byOperator !== undefined)) {
      it(example.name, () => {
        const answers = operatorsAnswers(example);
        expect(answers.at(-1)).to.include(example.byOperator);
        for (const before of answers.slice(0, -1)) expect(before).to.equal(undefined);
      });
    }
  });

  describe('are refused by the embedded API server, as far as it can know', () => {
    let server: Awaited<ReturnType<typeof startEmbeddedCluster>>;
    let api: ApiClient;
    before(async () => {
      server = await startEmbeddedCluster({ nodeEnabled: false });
      api = new ApiClient(server.kubeconfig);
      await prepareExamples(api);
    });
    after(async () => {
      api[Symbol.dispose]();
      await server.close();
    });

    for (const example of examples) {
      it(example.name, async () => {
        const answers = await serversAnswers(api, example);
        const last = answers.at(-1);
        if (example.byServer === undefined) expect(last?.code, last?.message).to.be.below(300);
        else expect(last?.message).to.include(example.byServer);
        for (const { code, message } of answers.slice(0, -1)) expect(code, message).to.be.below(300);
      });
    }
  });
});
