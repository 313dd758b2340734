import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiFault, ApiFaultProxy } from '../fault-api-proxy.js';
import type { RealCluster } from '../real-cluster.js';
import { Dice } from './dice.js';
import type { SoakedOperator } from './soaked-operator.js';

/** What goes wrong. Those of the operator come early in a soak only: a process is to be watched for long. */
const FAULTS = [
  'API server killed',
  'API server restarted',
  'API server hangs',
  'store set back',
  'watches cut',
  'watches expired',
  '429',
  '500',
  '503',
  'slow answers',
  'lost answers',
  'resets',
] as const;
const EARLY_FAULTS = ['operator killed', 'operator restarted'] as const;
type FaultName = (typeof FAULTS | typeof EARLY_FAULTS)[number];

/** One fault after another, each kind once before any comes again, with some seconds of peace in between. */
export class Faults {
  /** How often each came. */
  readonly done: Partial<Record<FaultName, number>> = {};
  /** The one that goes on. */
  current: FaultName | undefined;
  readonly #cluster: RealCluster;
  readonly #proxy: ApiFaultProxy;
  readonly #operator: SoakedOperator;
  readonly #dice: Dice;
  readonly #signal: AbortSignal;
  #bag: FaultName[] = [];

  constructor(
    cluster: RealCluster,
    proxy: ApiFaultProxy,
    operator: SoakedOperator,
    dice: Dice,
    signal: AbortSignal,
  ) {
    this.#cluster = cluster;
    this.#proxy = proxy;
    this.#operator = operator;
    this.#dice = dice;
    this.#signal = signal;
  }

  get count(): number {
    return Object.values(this.done).reduce((sum, count) => sum + count, 0);
  }

  /** Has one fault come and go, and leaves everything running. */
  async next(isEarly: boolean): Promise<void> {
    if (this.#bag.length === 0) this.#bag = this.#dice.shuffled([...EARLY_FAULTS, ...FAULTS]);
    const name = this.#bag.pop() as FaultName;
    if (!isEarly && (EARLY_FAULTS as readonly FaultName[]).includes(name)) return;
    this.current = name;
    try {
      await this.#faults[name]();
    } finally {
      this.#proxy.fault = () => undefined;
      this.current = undefined;
    }
    this.done[name] = (this.done[name] ?? 0) + 1;
    await this.#wait(2_000, 10_000);
  }

  readonly #faults: Readonly<Record<FaultName, () => Promise<unknown>>> = {
    'API server killed': () => this.#withoutApiServer('SIGKILL'),
    'API server restarted': () => this.#withoutApiServer('SIGTERM'),
    'API server hangs': () => this.#cluster.whileApiServerHangs(() => this.#wait(1_000, 6_000)),
    'store set back': async () => {
      const backup = await this.#cluster.snapshot();
      await this.#wait(3_000, 12_000);
      await this.#cluster.restore(backup);
    },
    'watches cut': () => this.#again(() => this.#proxy.cutWatches()),
    'watches expired': () => this.#again(() => this.#proxy.expireWatches()),
    '429': () =>
      this.#spoil(0.7, (dice) => ({ status: 429, ...(dice.chance(0.5) ? { retryAfter: '1' } : {}) })),
    '500': () => this.#spoil(0.5, (dice) => ({ status: 500, late: dice.chance(0.3) })),
    '503': () => this.#spoil(0.5, () => ({ status: 503 })),
    'slow answers': () => this.#spoil(0.7, (dice) => ({ delayMs: dice.between(50, 2_000) })),
    'lost answers': () => this.#spoil(0.3, (dice) => (dice.chance(0.1) ? 'held' : 'lost')),
    resets: () => this.#spoil(0.4, () => 'reset'),
    'operator killed': () => this.#operator.restart('SIGKILL'),
    'operator restarted': () => this.#operator.restart('SIGTERM'),
  };

  async #withoutApiServer(signal: NodeJS.Signals): Promise<void> {
    await this.#cluster.stopApiServer(signal);
    try {
      await this.#wait(200, 5_000);
    } finally {
      await this.#cluster.startApiServer();
    }
  }

  /** Several times, a moment apart. */
  async #again(action: () => void): Promise<void> {
    for (let times = 1 + this.#dice.below(5); times > 0; times -= 1) {
      action();
      await this.#wait(100, 2_000);
    }
  }

  /** Has this happen to a part of the operator's requests for some seconds. */
  async #spoil(part: number, fault: (dice: Dice) => ApiFault): Promise<void> {
    // By chance of its own: how many requests there are must not settle what comes next.
    const dice = new Dice(this.#dice.below(1_000_000));
    this.#proxy.fault = () => (dice.chance(part) ? fault(dice) : undefined);
    await this.#wait(3_000, 12_000);
  }

  async #wait(lowMs: number, highMs: number): Promise<void> {
    await sleep(this.#dice.between(lowMs, highMs), undefined, { signal: this.#signal });
  }
}
