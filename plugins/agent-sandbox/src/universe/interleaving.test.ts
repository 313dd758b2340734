import { ClusterError } from '@rynxs/kernel';
import { seededRandom } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { AGENT } from '../definition.js';
import { SESSION } from '../session/session-definition.js';
import { OperatedCluster } from '../testing/operated-cluster.js';
import { UNIVERSE } from './universe-definition.js';

const IMAGES = ['registry.example.com/agents/bot:1', 'docker.io/library/python:3.11'] as const;
const BOUNDS = [
  {},
  { images: { allowed: ['registry.example.com/**'] } },
  { quota: { agents: 2 } },
  { images: { allowed: ['docker.io/**'] }, quota: { agents: 3 } },
] as const;
const ROUNDS = 200;

describe('Universes, Agents and Sessions that change at the same time', function () {
  this.timeout(60_000);

  it('leave a log whose every decision follows from what stands before it', async () => {
    const seed = Number(process.env.RYNXS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const random = seededRandom(seed);
    const pick = (count: number) => Math.floor(random.next() * count);
    await using cluster = await OperatedCluster.start();
    // Decisions that follow no event of their own object are those of passes that try again.
    cluster.api.fault = ({ verb }, after) => {
      if (!after && ['create', 'update'].includes(verb) && pick(4) === 0)
        throw new ClusterError('unavailable', 'by chance', 500);
    };
    const attempt = async (what: () => Promise<unknown>) => {
      await what().catch((error: unknown) => {
        if (!(error instanceof ClusterError)) throw error;
      });
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const universe = ['one', 'two'][pick(2)] ?? 'one';
      const agent = `lab/a-${pick(5)}`;
      const changes = [
        () => cluster.apply(UNIVERSE, universe, { namespaces: ['lab'], ...BOUNDS[pick(BOUNDS.length)] }),
        () => cluster.apply(AGENT, agent, { image: IMAGES[pick(2)] ?? IMAGES[0] }),
        () => cluster.apply(AGENT, agent, { image: IMAGES[pick(2)] ?? IMAGES[0] }),
        () => cluster.delete(AGENT, agent),
        () => cluster.delete(UNIVERSE, universe),
        () => cluster.apply(SESSION, agent, { agentRef: { name: agent.slice(4) }, principal: 'p' }),
      ];
      await Promise.all([0, 1, 2].map(() => attempt(changes[pick(changes.length)] ?? (async () => {}))));
      await cluster.kernel.clock.advance(pick(3) * 5);
    }
    const { differences, notRecomputed, decisions } = await cluster.replay();
    expect({ differences, notRecomputed }, `seed ${seed}`).to.deep.equal({
      differences: [],
      notRecomputed: 0,
    });
    expect(decisions).to.be.at.least(ROUNDS / 2);
  });
});
