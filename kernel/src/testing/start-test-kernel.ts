import { CLOCK, type Clock } from '../contracts/clock.js';
import { CLUSTER } from '../contracts/cluster.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import { LEADERSHIP } from '../contracts/leadership.js';
import type { Plugin } from '../contracts/plugin.js';
import type { Random } from '../contracts/random.js';
import { TELEMETRY } from '../contracts/telemetry.js';
import type { Token } from '../contracts/token.js';
import { assembleKernel } from '../host/assemble-kernel.js';
import type { Kernel } from '../host/kernel.js';
import { type CapturingLogger, capturingLogger } from './capturing-logger.js';
import { memoryEventStore } from './event-store-suite/memory-event-store.js';
import { FakeClock } from './fake-clock.js';
import { FakeLeadership } from './fake-leadership.js';
import { FakeTelemetry } from './fake-telemetry.js';
import { MemoryCluster } from './memory-cluster.js';
import { seededRandom } from './seeded-random.js';

/** A service for a test, and the token that it stands for. Made by `given(TOKEN, service)`. */
export interface GivenService {
  readonly token: Token<unknown>;
  readonly service: unknown;
}

/** Puts `service` in the place of whatever would provide `token`. It is neither started nor stopped. */
export function given<T>(token: Token<T>, service: T): GivenService {
  return { token, service };
}

export interface TestKernelOptions {
  /** The plugins under test. Everything that they provide is started; of several types, the first, unless `env` selects. */
  readonly plugins: readonly Plugin[];
  /** Settings by plugin id and name, as a user would write them: `{ 'store-file': { dir: '/tmp/x' } }`. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Environment variables; nothing else is read from the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Services that replace the fakes, or that the plugins require from elsewhere. */
  readonly services?: readonly GivenService[];
  /** Seed of RANDOM; default 1. */
  readonly seed?: number;
}

/** A started kernel whose surroundings belong to the test. */
export interface TestKernel extends Kernel, AsyncDisposable {
  /** CLOCK, unless another one was given. Deadlines of start and stop are measured by it too. */
  readonly clock: FakeClock;
  /** RANDOM. */
  readonly random: Random;
  /** TELEMETRY, unless a plugin under test provides it. */
  readonly telemetry: FakeTelemetry;
  /** LEADERSHIP, unless a plugin under test provides it. */
  readonly leadership: FakeLeadership;
  /** CLUSTER, unless a plugin under test provides it. */
  readonly cluster: MemoryCluster;
  /** What was logged, secrets hidden as they would be. */
  readonly log: CapturingLogger;
}

/**
 * Starts plugins with fakes around them: clock, randomness, telemetry, leadership, a cluster and an event store in
 * memory. Rejects as createKernel and Kernel.start do. Stop it with `await using` or `stop()`.
 */
export async function startTestKernel(options: TestKernelOptions): Promise<TestKernel> {
  const clock = new FakeClock();
  const random = seededRandom(options.seed ?? 1);
  const telemetry = new FakeTelemetry();
  const leadership = new FakeLeadership();
  const cluster = new MemoryCluster(() => clock.now());
  const log = capturingLogger();
  const provided = options.plugins.flatMap((plugin) => plugin.provides);
  const isProvided = (token: Token<unknown>): boolean =>
    provided.some((provider) => provider.token.symbol === token.symbol);

  const fakes = [
    given(TELEMETRY, telemetry),
    given(LEADERSHIP, leadership),
    given(CLUSTER, cluster),
    given(EVENT_STORE, memoryEventStore()),
  ].filter(({ token }) => !isProvided(token));
  const replaced = options.services ?? [];
  const services = [
    ...fakes.filter(({ token }) => !replaced.some((other) => other.token.symbol === token.symbol)),
    ...replaced,
  ];

  const env = options.env ?? {};
  const kernel = await assembleKernel(
    {
      plugins: options.plugins,
      env,
      flags: { ...selections(options.plugins, env), ...settingFlags(options.config ?? {}) },
      overrides: { clock: givenClock(replaced) ?? clock, random, logger: log },
    },
    {
      roots: provided.map(({ token }) => token).filter(({ cardinality }) => cardinality === 'one'),
      given: new Map(services.map(({ token, service }) => [token, service])),
    },
  );
  await kernel.start(new AbortController().signal);
  return new StartedTestKernel(kernel, { clock, random, telemetry, leadership, cluster, log });
}

type Surroundings = Pick<TestKernel, 'clock' | 'random' | 'telemetry' | 'leadership' | 'cluster' | 'log'>;

class StartedTestKernel implements TestKernel {
  readonly clock: FakeClock;
  readonly random: Random;
  readonly telemetry: FakeTelemetry;
  readonly leadership: FakeLeadership;
  readonly cluster: MemoryCluster;
  readonly log: CapturingLogger;
  readonly settings: Kernel['settings'];
  readonly configuration: Kernel['configuration'];
  readonly logger: Kernel['logger'];
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, surroundings: Surroundings) {
    this.#kernel = kernel;
    this.settings = kernel.settings;
    this.configuration = kernel.configuration;
    this.logger = kernel.logger;
    this.clock = surroundings.clock;
    this.random = surroundings.random;
    this.telemetry = surroundings.telemetry;
    this.leadership = surroundings.leadership;
    this.cluster = surroundings.cluster;
    this.log = surroundings.log;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#kernel.start(signal);
  }

  stop(): Promise<void> {
    return this.#kernel.stop();
  }

  get<T>(token: Token<T>): T {
    return this.#kernel.get(token);
  }

  getAll<T>(token: Token<T>): readonly T[] {
    return this.#kernel.getAll(token);
  }

  tree(): ReturnType<Kernel['tree']> {
    return this.#kernel.tree();
  }

  describe(): ReturnType<Kernel['describe']> {
    return this.#kernel.describe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kernel.stop();
  }
}

/** The clock that a test puts in the place of the fake one. The kernel itself goes by it. */
function givenClock(services: readonly GivenService[]): Clock | undefined {
  return services.find(({ token }) => token.symbol === CLOCK.symbol)?.service as Clock | undefined;
}

/** Selects what the plugins under test provide, as far as the environment leaves it open. */
function selections(
  plugins: readonly Plugin[],
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const { token, type } of plugins.flatMap((plugin) => plugin.provides)) {
    if (token.selectedBy !== undefined && !env[token.selectedBy]) flags[token.selectedBy] ??= type;
  }
  return flags;
}

function settingFlags(config: NonNullable<TestKernelOptions['config']>): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const [section, settings] of Object.entries(config)) {
    for (const [name, text] of Object.entries(settings)) flags[`${section}.${name}`] = text;
  }
  return flags;
}
