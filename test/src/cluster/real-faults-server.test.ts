import { expect } from 'chai';
import { CONTROLLERS, Fleet } from './fault-fleet.js';
import { momentsOf, mostPerSecond, ofOperator } from './fault-ledger.js';
import { FaultedOperator } from './fault-operator.js';
import { RealCluster } from './real-cluster.js';

const SIZE = 20;
/** Of each Agent, which is made and changed three times, with status and Events: 20, and some are tried again. */
const REQUESTS = 60;
/** So many Agents that are made at once need half of it. */
const REQUESTS_PER_SECOND = 400;

describe('an operator whose API server fails', function () {
  this.timeout(180_000);
  let cluster: RealCluster;
  let place: number;

  before(async () => {
    cluster = await RealCluster.start({ crds: true, controllers: CONTROLLERS });
  });
  after(() => cluster?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    place = await cluster.audit.end();
  });

  /** What all these faults have in common: when they are over, all is as it would have been without them. */
  async function assertConverged(fleet: Fleet, operator: FaultedOperator): Promise<void> {
    await fleet.settled();
    const requests = momentsOf(ofOperator(await cluster.audit.since(place)));
    expect(requests.length, 'requests in all').to.be.below(REQUESTS * SIZE);
    expect(mostPerSecond(requests), 'requests in a second').to.be.below(REQUESTS_PER_SECOND);
    await operator.assertNothingLostOrDoubled(fleet.namespace);
  }

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`goes on when it ends by ${signal} and is started again`, async () => {
      await using operator = await FaultedOperator.start(cluster);
      await using fleet = await Fleet.make(cluster, `ended-by-${signal.toLowerCase()}`, SIZE);
      await fleet.change('second');
      await cluster.stopApiServer(signal);
      await cluster.startApiServer();
      await fleet.change('third');
      await fleet.shrink(3);
      await fleet.grow(3);
      await assertConverged(fleet, operator);
    });
  }

  it('goes on when it has answered nothing for longer than a request may take', async () => {
    await using operator = await FaultedOperator.start(cluster);
    await using fleet = await Fleet.make(cluster, 'hung', SIZE);
    await cluster.whileApiServerHangs(() => operator.printed('no answer before the deadline'));
    await fleet.change('second');
    await assertConverged(fleet, operator);
  });

  it('goes on with what there is when its store was set back to a backup', async () => {
    await using operator = await FaultedOperator.start(cluster);
    await using fleet = await Fleet.make(cluster, 'set-back', SIZE);
    await fleet.settled();
    const backup = await cluster.snapshot();
    const before = [...fleet.names];
    await fleet.change('lost');
    await fleet.shrink(3);
    await fleet.grow(5);
    await fleet.settled();
    await cluster.restore(backup);
    fleet.names.splice(0, Number.POSITIVE_INFINITY, ...before);
    // Before the operator looks: a generation that it has seen already, of another spec.
    await fleet.change('found');
    await fleet.grow(2);
    await assertConverged(fleet, operator);
  });
});
