import type { Random } from '@rynxs/kernel';
import { seededRandom } from '@rynxs/kernel/testing';
import type { Fate } from './exchange.js';
import { Leases } from './leases.js';
import { Violation } from './oracle.js';
import { Reader } from './reader.js';
import type { StorageRequest } from './simulated-storage.js';
import { CALM, drawFate, drawWeather } from './weather.js';
import { World, type WorldOptions } from './world.js';
import { Writer } from './writer.js';

export interface SimulationResult {
  readonly seed: number;
  /** What was not as promised; undefined when all was. */
  readonly failure: unknown;
  readonly requests: number;
  /** Events that a writer was told are durable. */
  readonly acknowledged: number;
  /** Events that a writer was told are not, and will not be, stored. */
  readonly refused: number;
  readonly records: number;
  readonly epochs: number;
  /** Length in simulated milliseconds. */
  readonly elapsedMs: number;
}

/** Acknowledged events that count as progress. */
const PROGRESS_EVENTS = 10;
const PROGRESS_WITHIN_MS = 240_000;

/**
 * Up to three writers and a reader on one bucket, in one process, in virtual time: first with faults, then without.
 * Never rejects. The same seed gives the same result and the same trace.
 */
export function simulate(seed: number, options: WorldOptions = {}): Promise<SimulationResult> {
  return new Simulation(seed, options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #random: Random;
  readonly #fates: Random;
  readonly #world: World;
  readonly #leases: Leases;
  readonly #writers: readonly Writer[];
  /** Processes that are cut off from the bucket, and which way. */
  readonly #cutOff = new Map<string, 'requests' | 'answers'>();
  #weather = CALM;
  #isCalm = false;

  constructor(seed: number, options: WorldOptions) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#world = new World(this.#random, (request) => this.#fate(request), options);
    this.#fates = this.#world.stream();
    const leases = new Leases(this.#world.scheduler, this.#world.stream());
    this.#leases = leases;
    const writers = 1 + Math.floor(this.#random.next() * 3);
    this.#writers = Array.from({ length: writers }, (_, n) => new Writer(`w${n}`, this.#world, leases));
    new Reader(this.#world).start();
  }

  async run(): Promise<SimulationResult> {
    const world = this.#world;
    let failure: unknown;
    try {
      await this.#withFaults();
      await this.#withoutFaults();
      world.trace('everything shall end');
      world.isClosing = true;
      this.#leases.close();
      await world.untilAllHaveEnded();
      await world.audit();
    } catch (error) {
      failure = error;
    }
    const { size, epochs, acknowledged, refused } = world.oracle;
    return {
      seed: this.#seed,
      failure,
      requests: world.requests,
      acknowledged,
      refused,
      records: size,
      epochs,
      elapsedMs: world.scheduler.now,
    };
  }

  #fate(request: StorageRequest): Fate {
    const fate = drawFate(this.#weather, this.#fates, request);
    const cutOff = this.#cutOff.get(request.process);
    if (cutOff === undefined) return fate;
    if (cutOff === 'requests') return { deliveries: [] };
    return { deliveries: fate.deliveries.map((delivery) => ({ ...delivery, answerMs: undefined })) };
  }

  async #withFaults(): Promise<void> {
    const phases = 1 + Math.floor(this.#random.next() * 3);
    for (let phase = 0; phase < phases; phase += 1) {
      this.#weather = drawWeather(this.#random);
      this.#world.trace(`weather: ${JSON.stringify(this.#weather)}`);
      const { lengthMs } = this.#weather;
      this.#world.clusterLoss = this.#random.next() < 0.5 ? 0 : this.#random.next();
      const troubles = Math.floor(this.#random.next() ** 2 * 8);
      for (let n = 0; n < troubles; n += 1) this.#trouble(this.#random.next() * lengthMs);
      await this.#world.advance(lengthMs);
    }
  }

  /** A crash, a pause, a network that is cut, or a clock that jumps. */
  #trouble(afterMs: number): void {
    const { scheduler } = this.#world;
    const random = this.#world.stream();
    scheduler.schedule(afterMs, () => {
      const writer = this.#writers[Math.floor(random.next() * this.#writers.length)];
      if (writer === undefined || this.#isCalm) return;
      const { process } = writer;
      const kind = random.next();
      const lengthMs = random.next() ** 2 * 90_000;
      if (kind < 0.4) writer.crash(random.next() * 10_000);
      else if (kind < 0.7) {
        this.#world.trace(`${process.name} is paused`);
        process.pause();
        scheduler.schedule(lengthMs, () => process.resume());
      } else if (kind < 0.9) {
        const way = random.next() < 0.5 ? 'requests' : 'answers';
        this.#world.trace(`${process.name} is cut off: ${way} are lost`);
        this.#cutOff.set(process.name, way);
        scheduler.schedule(lengthMs, () => this.#cutOff.delete(process.name));
      } else process.skew((random.next() - 0.5) * 3_600_000);
    });
  }

  /** When faults end, whoever leads gets on. */
  async #withoutFaults(): Promise<void> {
    const { oracle } = this.#world;
    this.#world.trace('faults end');
    this.#isCalm = true;
    this.#weather = CALM;
    this.#world.clusterLoss = 0;
    this.#cutOff.clear();
    this.#leases.calm();
    for (const { process } of this.#writers) process.resume();
    const before = oracle.acknowledged;
    const hasProgress = (): boolean => oracle.acknowledged >= before + PROGRESS_EVENTS;
    await this.#world.advance(PROGRESS_WITHIN_MS, hasProgress);
    if (!hasProgress())
      throw new Violation(`no progress within ${PROGRESS_WITHIN_MS} ms after faults have ended`);
  }
}
