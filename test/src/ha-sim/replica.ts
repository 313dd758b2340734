import {
  CLOCK,
  CLUSTER,
  ClusterError,
  definePlugin,
  EVENT_STORE,
  hasCode,
  type Kernel,
  LEADERSHIP,
  type Operator,
  RECONCILER,
  startOperator,
  type Tenure,
  type Token,
} from '@rynxs/kernel';
import { given, startTestKernel, WidgetReconciler } from '@rynxs/kernel/testing';
import leaderLease from '@rynxs/leader-lease';
import type { SimulatedProcess } from '../sim/simulated-process.js';
import type { World } from '../sim/world.js';
import { ApiClient, type ApiNetwork } from './api-client.js';
import { ObservedLeadership } from './observed-leadership.js';

/** How long Kubernetes waits after SIGTERM before it kills. */
const GRACE_MS = 30_000;
/** Between the end of a container and the start of the next one. */
const MAX_RESTART_MS = 5_000;

/** What an operator may end with; Kubernetes starts it again then. */
const EXPECTED = [
  'RYNXS_LOG_FENCED',
  'RYNXS_LOG_UNAVAILABLE',
  'RYNXS_LOG_CLOSED',
  'RYNXS_LEADERSHIP_LOST',
] as const;

const widgets = definePlugin({
  id: 'widgets',
  apiVersion: 1,
  provides: [
    RECONCILER.as(
      'widget',
      class extends WidgetReconciler {
        static readonly inject = [];
      },
    ),
  ],
});

/** What the replicas of a simulation share. */
export interface ReplicaParts {
  readonly world: World;
  readonly network: ApiNetwork;
  /** Settings of the election, as a user would write them. */
  readonly env: Readonly<Record<string, string>>;
  /** Breaks tenures on purpose. */
  readonly distort: ((tenure: Tenure) => Tenure) | undefined;
}

/** One of the pods of the operator: its processes are killed, paused, asked to end, and started again. */
export class Replica {
  readonly name: string;
  readonly #parts: ReplicaParts;
  readonly #drift: number;
  readonly #lives: ReplicaLife[] = [];
  #life: ReplicaLife;
  #starts = 0;

  /** `drift`: of the clock of its machine. */
  constructor(name: string, drift: number, parts: ReplicaParts) {
    this.name = name;
    this.#drift = drift;
    this.#parts = parts;
    this.#life = this.#boot();
  }

  get process(): SimulatedProcess {
    return this.#life.process;
  }

  get operator(): Operator | undefined {
    return this.process.isDead ? undefined : this.#life.operator;
  }

  /** SIGKILL; another process takes its place. */
  kill(): void {
    if (this.process.isDead) return;
    const { world } = this.#parts;
    world.trace(`${this.process.name} is killed`);
    this.process.kill();
    if (world.isClosing) return;
    world.scheduler.schedule(world.stream().next() * MAX_RESTART_MS, () => {
      if (!world.isClosing) this.#life = this.#boot();
    });
  }

  /** SIGTERM; a process that does not end in time is killed. */
  terminate(): void {
    const life = this.#life;
    const { world } = this.#parts;
    if (life.process.isDead) return;
    world.trace(`${life.process.name} is asked to end`);
    life.process.deliver(() => life.terminate());
    world.scheduler.schedule(GRACE_MS, () => {
      if (this.#life === life) this.kill();
    });
  }

  /**
   * For when the simulation is over: tells all processes, dead ones too, to end. Node keeps signals that somebody listens to,
   * and with them everything that a process has which was killed while it waited for one.
   */
  forget(): void {
    for (const life of this.#lives) life.terminate();
  }

  #boot(): ReplicaLife {
    const { world } = this.#parts;
    const process = world.process(`${this.name}.${this.#starts++}`, { drift: this.#drift });
    const life = new ReplicaLife(process, this.#parts);
    // However it ends, the container is started again.
    const run = life.run().then(() => this.kill());
    world.own(process, run);
    this.#lives.push(life);
    return life;
  }
}

/** What happens in one process. */
class ReplicaLife {
  operator: Operator | undefined;
  readonly process: SimulatedProcess;
  readonly #parts: ReplicaParts;
  readonly #stopping = new AbortController();

  constructor(process: SimulatedProcess, parts: ReplicaParts) {
    this.process = process;
    this.#parts = parts;
  }

  terminate(): void {
    this.#stopping.abort(new Error('SIGTERM'));
  }

  async run(): Promise<void> {
    const { world, network, env } = this.#parts;
    const { process } = this;
    const random = world.stream();
    const client = new ApiClient(network, process, random);
    const kernel = await startTestKernel({
      plugins: [leaderLease, widgets],
      env: { ...env, POD_NAME: process.name },
      seed: Math.floor(random.next() * 2 ** 32),
      services: [
        given(CLOCK, process.clock),
        given(CLUSTER, client),
        given(EVENT_STORE, world.openStore(process)),
      ],
    });
    try {
      await this.#operate(kernel, client);
      world.trace(`${process.name} has ended`);
    } catch (error) {
      this.#mustBeExpected(error);
    }
    await kernel.stop();
  }

  async #operate(kernel: Kernel, client: ApiClient): Promise<void> {
    const { name } = this.process;
    const { world, distort } = this.#parts;
    const leadership = new ObservedLeadership(kernel.get(LEADERSHIP), name, distort);
    client.leadership = leadership;
    const operator = await startOperator(withLeadership(kernel, leadership), {
      signal: this.#stopping.signal,
    });
    this.operator = operator;
    world.trace(`${name} has opened the log at ${operator.log.head().nextSeq}`);
    let expected = operator.log.head().nextSeq;
    operator.log.subscribe(({ event, hash }) => {
      if (event.seq !== expected) world.oracle.accuse(`${name} got seq ${event.seq} instead of ${expected}`);
      expected += 1;
      world.oracle.saw(name, event.seq, hash);
    });
    await operator.done;
  }

  #mustBeExpected(error: unknown): void {
    const isExpected =
      this.#stopping.signal.aborted ||
      error instanceof ClusterError ||
      EXPECTED.some((code) => hasCode(error, code));
    if (!isExpected) throw error;
    this.#parts.world.trace(`${this.process.name} ends with: ${String(error)}`);
  }
}

/** The kernel, with a leadership that is watched. */
function withLeadership(kernel: Kernel, leadership: ObservedLeadership): Kernel {
  return {
    settings: kernel.settings,
    configuration: kernel.configuration,
    logger: kernel.logger,
    start: (signal) => kernel.start(signal),
    stop: () => kernel.stop(),
    get: <T>(token: Token<T>): T =>
      token.symbol === LEADERSHIP.symbol ? (leadership as unknown as T) : kernel.get(token),
    getAll: (token) => kernel.getAll(token),
    tree: () => kernel.tree(),
    describe: () => kernel.describe(),
  };
}
