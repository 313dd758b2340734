import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { type ApiFault, ApiFaultProxy, type AskedRequest } from './fault-api-proxy.js';
import { CHILDREN, CONTROLLERS, eventually, Fleet } from './fault-fleet.js';
import { mostPerSecond } from './fault-ledger.js';
import { FaultedOperator } from './fault-operator.js';
import { RealCluster } from './real-cluster.js';

const SIZE = 40;
/** So long that the operator tries again several times; its pauses grow with it. */
const STORM_MS = 2_000;
/** So many Agents that are made at once need 280. */
const REQUESTS_PER_SECOND = 500;
/** So many Agents whose changes fail need 240; without pauses 1,700 to 2,600 come. */
const STORM_PER_SECOND = 400;
/** Of the four kinds of an Agent's children and what is around them: one each. */
const WATCHES = 8;
/** How often in a row somebody else is faster: more than an action tries at once. */
const PREEMPTIONS = 5;
const SEED = 5;

describe('an operator and what comes between it and its API server', function () {
  this.timeout(180_000);
  let cluster: RealCluster;
  let proxy: ApiFaultProxy;
  let operator: FaultedOperator;
  let kubeconfig: string;

  before(async () => {
    cluster = await RealCluster.start({ crds: true, controllers: CONTROLLERS });
    proxy = await ApiFaultProxy.start(cluster);
    kubeconfig = proxy.writeKubeconfig(cluster.directory);
  });
  after(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    operator = await FaultedOperator.start(cluster, kubeconfig);
    await watching();
    proxy.requests.length = 0;
  });
  afterEach(async () => {
    proxy.fault = () => undefined;
    await operator?.[Symbol.asyncDispose]();
  });

  const watching = () =>
    eventually('it watches everything', async () =>
      proxy.openWatches < WATCHES ? [`${proxy.openWatches} watches`] : [],
    );
  const faulted = () => proxy.requests.filter(({ fault }) => fault !== undefined);

  /** What all these faults have in common: when they are over, all is as it would have been without them. */
  async function assertConverged(fleet: Fleet): Promise<void> {
    proxy.fault = () => undefined;
    await fleet.settled();
    const moments = proxy.requests.map(({ atMs }) => atMs);
    expect(mostPerSecond(moments), 'requests in a second').to.be.below(REQUESTS_PER_SECOND);
    await operator.assertNothingLostOrDoubled(fleet.namespace);
  }

  /** Spoils the first requests that are asked for. */
  function spoil(count: number, isMeant: (request: AskedRequest) => boolean, fault: ApiFault): void {
    let left = count;
    proxy.fault = (request) => {
      if (left === 0 || !isMeant(request)) return undefined;
      left -= 1;
      return fault;
    };
  }

  it('misses nothing when its watches are cut again and again', async () => {
    await using fleet = await Fleet.make(cluster, 'cut');
    let cut = 0;
    const cutSome = async () => {
      await eventually('a watch is open', async () => (proxy.openWatches === 0 ? ['none is'] : []));
      cut += proxy.cutWatches();
    };
    for (let round = 0; round < SIZE / 4; round += 1) {
      await fleet.grow(4);
      await cutSome();
    }
    await fleet.change('second');
    await cutSome();
    await fleet.shrink(2);
    await assertConverged(fleet);
    const opened = proxy.requests.filter(({ isWatch }) => isWatch).length;
    expect(cut, 'watches that were cut').to.be.above(SIZE / 4);
    expect(opened, 'watches that were opened').to.be.within(1, cut);
  });

  it('misses nothing when what it watches from is no longer kept', async () => {
    await using fleet = await Fleet.make(cluster, 'gone');
    for (let round = 0; round < 3; round += 1) {
      await fleet.grow(SIZE / 4);
      await watching();
      proxy.expireWatches();
    }
    await fleet.shrink(2);
    await assertConverged(fleet);
  });

  const storms: Readonly<Record<string, ApiFault>> = {
    '429, with Retry-After': { status: 429, retryAfter: '1' },
    '429': { status: 429 },
    '503, with Retry-After': { status: 503, retryAfter: '1' },
    '500, and all is done': { status: 500, late: true },
    'a reset connection': 'reset',
  };
  for (const [what, fault] of Object.entries(storms)) {
    it(`waits while all that it gets is ${what}, and goes on`, async () => {
      await using fleet = await Fleet.make(cluster, `storm-${Object.keys(storms).indexOf(what)}`, SIZE / 2);
      await fleet.settled();
      proxy.fault = () => fault;
      proxy.cutWatches();
      await sleep(STORM_MS);
      // From now on it sees what there is to do.
      proxy.fault = ({ isWatch, path }) => (isWatch || path.includes('limit=') ? undefined : fault);
      await fleet.grow(SIZE / 2);
      await fleet.change('second');
      await sleep(STORM_MS);
      const moments = faulted().map(({ atMs }) => atMs);
      expect(moments.length, 'requests in the storm').to.be.above(WATCHES);
      expect(mostPerSecond(moments), 'requests in a second of the storm').to.be.below(STORM_PER_SECOND);
      await assertConverged(fleet);
    });
  }

  const isCreation = ({ method, path }: AskedRequest) =>
    method === 'POST' && Object.values(CHILDREN).some(({ plural }) => path.includes(`/${plural}?`));
  for (const [fault, count] of [
    ['lost', SIZE],
    ['held', 6],
  ] as const) {
    it(`makes nothing a second time when the answer is ${fault}`, async () => {
      spoil(count, isCreation, fault);
      await using fleet = await Fleet.make(cluster, fault, SIZE / 2);
      await eventually('the answers are spoilt', async () =>
        faulted().length < count ? [`${faulted().length} are`] : [],
      );
      await assertConverged(fleet);
    });
  }

  it('overwrites nothing that somebody else wrote in the meantime', async () => {
    await using fleet = await Fleet.make(cluster, 'contested', SIZE / 4);
    await fleet.settled();
    const preempted = new Map<string, number>();
    proxy.fault = async ({ method, path }) => {
      const [object = ''] = path.split('?');
      const times = preempted.get(object) ?? 0;
      if (method !== 'PUT' || object.endsWith('/status') || times === PREEMPTIONS) return undefined;
      preempted.set(object, times + 1);
      const annotations = { 'example.com/times': String(times + 1) };
      await cluster.api.must('PATCH', object, { metadata: { annotations } });
      return undefined;
    };
    await fleet.change('second');
    await fleet.settled();
    await assertConverged(fleet);
    expect(preempted.size).to.equal((SIZE / 4) * 2);
    for (const object of preempted.keys()) {
      const { metadata } = await cluster.api.must('GET', object);
      expect(metadata.annotations, object).to.include({ 'example.com/times': String(PREEMPTIONS) });
    }
  });

  it(`bears whatever comes, in any order (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const faults: readonly ApiFault[] = [
      'reset',
      'lost',
      { status: 429, retryAfter: '1' },
      { status: 500 },
      { status: 500, late: true },
      { status: 503 },
      { delayMs: 200 },
    ];
    proxy.fault = () => (random.next() < 0.3 ? faults[Math.floor(random.next() * faults.length)] : undefined);
    await using fleet = await Fleet.make(cluster, 'whatever', SIZE / 2);
    await fleet.change('second');
    proxy.cutWatches();
    await fleet.shrink(4);
    await fleet.grow(4);
    await eventually('there are faults enough', async () =>
      faulted().length < SIZE * 2 ? [`${faulted().length} faults`] : [],
    );
    await assertConverged(fleet);
  });
});
