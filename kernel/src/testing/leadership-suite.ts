import { expect } from 'chai';
import type { Leadership, Tenure } from '../contracts/leadership.js';
import { hasCode } from '../errors/rynxs-error.js';

export interface LeadershipSuiteOptions {
  /** What the suite is run against: `lease on kube-apiserver`. */
  readonly name: string;
  /** Something to be led, of its own for one test. */
  readonly create: () => Promise<LeadershipHarness>;
  /**
   * How long it may take from a release until another contender leads, and from cutting a leader off until another one
   * does, in milliseconds. Left out where a process has no rivals.
   */
  readonly rivals?: { readonly handoverMs: number; readonly takeoverMs: number };
  /** How long the first tenure, and the next one after a release, may take, in milliseconds. Default 5,000. */
  readonly acquireMs?: number;
}

export interface LeadershipHarness {
  /** What another process would campaign by, for the same thing. */
  contender(): Promise<Contender>;
  dispose(): Promise<void>;
}

export interface Contender {
  readonly leadership: Leadership;
  /** Lets nothing that it sends from now on arrive. Where it has rivals. */
  cutOff?(): void;
}

/** A campaign under way. */
interface Campaign {
  readonly tenures: readonly Tenure[];
  /** When each of them lasted, in milliseconds of one clock. */
  readonly spans: readonly Span[];
  /** The tenure that lasts. */
  readonly current: Tenure | undefined;
  readonly hasEnded: boolean;
  stop(): Promise<void>;
}

interface Span {
  readonly beganAt: number;
  /** Infinity while it lasts. */
  endedAt: number;
}

/**
 * The definition of a correct `Leadership`: what the operator relies on. Run by mocha, in real time. It waits for
 * conditions; how long these may take is the only thing that it measures.
 */
export function leadershipSuite({ name, create, rivals, acquireMs = 5_000 }: LeadershipSuiteOptions): void {
  describe(`Leadership: ${name}`, function () {
    this.timeout(4 * acquireMs);
    let harness: LeadershipHarness;
    let campaigns: Campaign[];

    beforeEach(async () => {
      campaigns = [];
      harness = await create();
    });
    afterEach(async () => {
      await Promise.all(campaigns.map((campaign) => campaign.stop()));
      await harness.dispose();
      expect(rivals === undefined ? [] : overlaps(campaigns), 'tenures that overlap').to.deep.equal([]);
    });

    const begin = (contender: Contender, signal?: AbortSignal): Campaign => {
      const campaign = campaignOf(contender.leadership, signal);
      campaigns.push(campaign);
      return campaign;
    };
    const lead = async (): Promise<{ campaign: Campaign; tenure: Tenure; contender: Contender }> => {
      const contender = await harness.contender();
      const campaign = begin(contender);
      await eventually(() => campaign.current !== undefined, acquireMs);
      return { campaign, contender, tenure: campaign.current as Tenure };
    };

    it('gives a tenure that lasts, and says for how long writes may take and are to be held off', async () => {
      const { tenure } = await lead();
      expect(tenure.holder).to.have.length.above(0);
      expect(tenure.signal.aborted).to.equal(false);
      expect(tenure.handover.aborted).to.equal(false);
      expect(tenure.writeTimeoutMs).to.be.above(0);
      expect(tenure.holdOffMs).to.be.at.least(0);
      tenure.assert(0);
      tenure.assert(tenure.writeTimeoutMs);
    });

    it('takes an announcement at any time', async () => {
      const { tenure } = await lead();
      tenure.announce({ epoch: 1, logId: 'a' });
      await tenure.release();
      tenure.announce({ epoch: 1, logId: 'a' });
    });

    it('has ended a tenure as soon as it is released, which may be done twice', async () => {
      const { tenure } = await lead();
      const releasing = tenure.release();
      expect(tenure.signal.aborted).to.equal(true);
      expect(hasCode(tenure.signal.reason, 'RYNXS_LEADERSHIP_LOST')).to.equal(true);
      await releasing;
      await tenure.release();
      expect(refusalOf(tenure)).to.equal('RYNXS_LEADERSHIP_LOST');
    });

    it('gives the next tenure after the one before has ended, and not sooner', async () => {
      const { campaign, tenure } = await lead();
      expect(campaign.tenures).to.have.lengthOf(1);
      await tenure.release();
      await eventually(() => campaign.tenures.length === 2, acquireMs);
      expect(campaign.current).not.to.equal(tenure);
      expect(campaign.current?.holder).to.equal(tenure.holder);
    });

    it('gives nothing to who has given up', async () => {
      const campaign = begin(await harness.contender(), AbortSignal.abort());
      await eventually(() => campaign.hasEnded, acquireMs);
      expect(campaign.tenures).to.have.lengthOf(0);
    });

    it('lets a tenure last until it is released, also when the campaign is over', async () => {
      const stopping = new AbortController();
      const contender = await harness.contender();
      for await (const tenure of contender.leadership.campaign(stopping.signal)) {
        stopping.abort();
        tenure.assert(0);
        expect(tenure.signal.aborted).to.equal(false);
        await tenure.release();
      }
    });

    it('has released the tenure of who walks away', async () => {
      const contender = await harness.contender();
      const { signal } = new AbortController();
      for await (const tenure of contender.leadership.campaign(signal)) {
        await tenure.release();
        break;
      }
      const next = await lead();
      next.tenure.assert(0);
    });

    it('gives each process a name of its own', async () => {
      const first = await lead();
      await first.campaign.stop();
      const second = await lead();
      expect(second.tenure.holder).not.to.equal(first.tenure.holder);
    });

    if (rivals === undefined) return;
    const { handoverMs, takeoverMs } = rivals;
    const holders = () => campaigns.filter(({ current }) => current !== undefined);

    it('has one leader at a time, and another one at once after each release', async function () {
      this.timeout(20 * (handoverMs + acquireMs));
      const contenders = await Promise.all([1, 2, 3].map(() => harness.contender()));
      for (const contender of contenders) begin(contender);
      await eventually(() => holders().length > 0, acquireMs);
      for (let round = 0; round < 5; round += 1) {
        const [leader, ...others] = holders();
        expect(others).to.have.lengthOf(0);
        await leader?.current?.release();
        await eventually(() => holders().length > 0, handoverMs);
      }
    });

    it('ends the tenure of who is cut off before another one begins', async function () {
      this.timeout(takeoverMs + acquireMs + 5_000);
      const first = await lead();
      const second = begin(await harness.contender());
      first.contender.cutOff?.();
      await eventually(() => second.current !== undefined, takeoverMs);
      expect(first.tenure.signal.aborted).to.equal(true);
      expect(refusalOf(first.tenure)).to.equal('RYNXS_LEADERSHIP_LOST');
      expect(second.current?.holdOffMs).to.equal(0);
    });

    it('refuses a write whose time-out would outlast the tenure', async () => {
      const { tenure } = await lead();
      expect(refusalOf(tenure, takeoverMs)).to.equal('RYNXS_LEADERSHIP_LOST');
      expect(tenure.signal.aborted).to.equal(false);
    });
  });
}

function campaignOf(leadership: Leadership, signal?: AbortSignal): Campaign {
  const stopping = new AbortController();
  const tenures: Tenure[] = [];
  const spans: Span[] = [];
  let hasEnded = false;
  const run = async (): Promise<void> => {
    const ending = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
    for await (const tenure of leadership.campaign(ending)) {
      const span = { beganAt: performance.now(), endedAt: Number.POSITIVE_INFINITY };
      const onEnd = () => {
        span.endedAt = performance.now();
      };
      tenure.signal.addEventListener('abort', onEnd, { once: true });
      tenures.push(tenure);
      spans.push(span);
    }
    hasEnded = true;
  };
  const running = run();
  // Whoever waits for the end gets the failure.
  running.catch(() => undefined);
  return {
    tenures,
    spans,
    get current() {
      const last = tenures.at(-1);
      return last?.signal.aborted === false ? last : undefined;
    },
    get hasEnded() {
      return hasEnded;
    },
    stop: async () => {
      stopping.abort();
      await tenures.at(-1)?.release();
      await running;
    },
  };
}

function overlaps(campaigns: readonly Campaign[]): readonly (readonly [Span, Span])[] {
  const all = campaigns.flatMap(({ spans }) => spans);
  return all.flatMap((one) =>
    all
      .filter((other) => one !== other && one.beganAt <= other.beganAt && other.beganAt < one.endedAt)
      .map((other) => [one, other] as const),
  );
}

function refusalOf(tenure: Tenure, remainingMs = 0): string {
  try {
    tenure.assert(remainingMs);
    return 'none';
  } catch (error) {
    return hasCode(error, 'RYNXS_LEADERSHIP_LOST') ? 'RYNXS_LEADERSHIP_LOST' : String(error);
  }
}

async function eventually(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
