import type { Random, Tenure } from '@rynxs/kernel';
import { seededRandom } from '@rynxs/kernel/testing';
import type { Fate } from '../sim/exchange.js';
import { Violation } from '../sim/oracle.js';
import type { SimulatedBucket } from '../sim/simulated-bucket.js';
import { CALM, drawFate, drawWeather, type Weather } from '../sim/weather.js';
import { World } from '../sim/world.js';
import type { ApiNetwork } from './api-client.js';
import { editLease, isTransferAwaited, leaseHolder } from './lease-edits.js';
import { Replica } from './replica.js';
import { SimulatedApi } from './simulated-api.js';
import { TermWitness } from './term-witness.js';
import { drawTimings, type Timings } from './timings.js';
import { User } from './user.js';

/** A rule that is broken on purpose, to show that it is noticed. */
export interface Defect {
  readonly tenure?: (tenure: Tenure, timings: Timings) => Tenure;
  readonly bucket?: (bucket: SimulatedBucket) => void;
  readonly api?: (api: SimulatedApi) => void;
}

export interface SimulationOptions {
  readonly defect?: Defect | undefined;
  /** Called with each line of the trace. */
  readonly trace?: ((line: string) => void) | undefined;
}

export interface SimulationResult {
  readonly seed: number;
  /** What was not as promised; undefined when all was. */
  readonly failure: unknown;
  readonly terms: number;
  /** Writes that have changed something in the cluster. */
  readonly effects: number;
  /** Of these, writes of a term that was over: they arrived later than their time-out, and undid nothing. */
  readonly lateEffects: number;
  readonly records: number;
  /** How long it took after the end of all faults until everything was as it should be, in simulated milliseconds. */
  readonly convergedMs: number;
  /** Length in simulated milliseconds. */
  readonly elapsedMs: number;
}

const REPLICAS = 3;
/** Of the clock of a machine against true time; margins of leadership are made for it. */
const MAX_DRIFT = 0.01;
const CONVERGES_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 1_000;
/** Where there are no faults, leadership stays where it is: so many times the duration of a Lease are watched. */
const QUIET_LEASES = 2;

/**
 * Three operators, each with its real elector, log and loop, on one cluster and one bucket, in one process and in virtual
 * time: first with faults, then without. Never rejects. The same seed gives the same result and the same trace.
 */
export function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  return new Simulation(seed, options).run();
}

class Simulation implements ApiNetwork {
  readonly api: SimulatedApi;
  readonly #seed: number;
  readonly #random: Random;
  readonly #fates: Random;
  readonly #timings: Timings;
  readonly #world: World;
  readonly #witness: TermWitness;
  readonly #user: User;
  readonly #replicas: readonly Replica[];
  /** Processes that are cut off, from what, and which way. */
  readonly #cutOff = new Map<string, 'requests' | 'answers'>();
  #weather = { api: CALM, bucket: CALM };
  #isCalm = false;
  #convergedMs = 0;

  constructor(seed: number, { defect, trace }: SimulationOptions) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#timings = drawTimings(this.#random);
    this.#world = new World(
      this.#random,
      ({ process, kind }) => this.#fate('bucket', process, kind === 'put' ? 'put' : 'get'),
      {
        trace,
        oracle: {
          identify: () => undefined,
          onEvent: (event) => this.#must(this.#witness.committed(event)),
          isSigned: false,
        },
      },
    );
    const { scheduler, bucket } = this.#world;
    const { leaseDurationMs } = this.#timings;
    this.#witness = new TermWitness(scheduler, { leaseDurationMs, maxDrift: MAX_DRIFT });
    this.#fates = this.#world.stream();
    this.api = new SimulatedApi(scheduler, this.#world.stream());
    this.api.onEffect = (write) => this.#must(this.#witness.affected(write));
    defect?.bucket?.(bucket);
    defect?.api?.(this.api);
    this.#user = new User(this.api, scheduler, this.#world.stream());
    this.#user.start();
    const distort = defect?.tenure;
    this.#replicas = Array.from({ length: REPLICAS }, (_, index) => {
      const drift = (this.#random.next() * 2 - 1) * MAX_DRIFT;
      return new Replica(`r${index}`, drift, {
        world: this.#world,
        network: this,
        env: this.#timings.env,
        distort: distort && ((tenure) => distort(tenure, this.#timings)),
      });
    });
  }

  get scheduler() {
    return this.#world.scheduler;
  }

  apiFate(process: string, kind: 'get' | 'put'): Fate {
    return this.#fate('api', process, kind);
  }

  watchDelayMs(process: string): number | undefined {
    if (this.#cutOff.has(`api ${process}`)) return undefined;
    const { lostAnswer, slow } = this.#weather.api;
    const random = this.#fates;
    return random.next() < lostAnswer + slow ? random.next() * 20_000 : 1 + random.next() * 9;
  }

  trace(line: string): void {
    this.#world.trace(line);
  }

  async run(): Promise<SimulationResult> {
    const world = this.#world;
    let failure: unknown;
    try {
      await this.#withFaults();
      await this.#withoutFaults();
      await this.#end();
    } catch (error) {
      failure = error;
    }
    for (const replica of this.#replicas) replica.forget();
    const { effects, lateEffects, epoch } = this.#witness;
    return {
      seed: this.#seed,
      failure,
      terms: epoch,
      effects,
      lateEffects,
      records: world.oracle.size,
      convergedMs: this.#convergedMs,
      elapsedMs: world.scheduler.now,
    };
  }

  #must(wrong: string | undefined): void {
    if (wrong !== undefined) this.#world.oracle.accuse(wrong);
  }

  #fate(place: 'api' | 'bucket', process: string, kind: 'get' | 'put'): Fate {
    const fate = drawFate(this.#weather[place], this.#fates, { kind });
    const cutOff = this.#cutOff.get(`${place} ${process}`);
    if (cutOff === undefined) return fate;
    if (cutOff === 'requests') return { deliveries: [] };
    return { deliveries: fate.deliveries.map((delivery) => ({ ...delivery, answerMs: undefined })) };
  }

  async #withFaults(): Promise<void> {
    const world = this.#world;
    // A beginning that nothing disturbs, so that there is something to disturb.
    await world.advance(this.#random.next() * 10_000);
    const phases = 1 + Math.floor(this.#random.next() * 3);
    for (let phase = 0; phase < phases; phase += 1) {
      this.#weather = { api: this.#drawWeather(), bucket: this.#drawWeather() };
      world.trace(`weather: ${JSON.stringify(this.#weather)}`);
      const lengthMs = 10_000 + this.#random.next() * 50_000;
      const troubles = 1 + Math.floor(this.#random.next() ** 2 * 10);
      for (let n = 0; n < troubles; n += 1) this.#trouble(this.#random.next() * lengthMs);
      await world.advance(lengthMs);
    }
  }

  #drawWeather(): Weather {
    return this.#random.next() < 0.5 ? CALM : drawWeather(this.#random);
  }

  #trouble(afterMs: number): void {
    const random = this.#world.stream();
    this.scheduler.schedule(afterMs, () => {
      if (this.#isCalm) return;
      const kind = random.next();
      const replica = this.#victim(random);
      if (kind < 0.15) replica.kill();
      else if (kind < 0.25) replica.terminate();
      else if (kind < 0.5) this.#pause(replica, random);
      else if (kind < 0.75) this.#cut(replica, random);
      else if (kind < 0.95) this.#edit(random);
      else replica.process.skew((random.next() - 0.5) * 3_600_000);
    });
  }

  /** Mostly the leader: what befalls others changes little. */
  #victim(random: Random): Replica {
    const leader = this.#replicas.find(({ operator }) => operator?.term !== undefined);
    const any = this.#replicas[Math.floor(random.next() * REPLICAS)] as Replica;
    return random.next() < 0.7 ? (leader ?? any) : any;
  }

  #pause({ process }: Replica, random: Random): void {
    this.trace(`${process.name} is paused`);
    process.pause();
    this.scheduler.schedule(this.#length(random), () => {
      this.trace(`${process.name} goes on`);
      process.resume();
    });
  }

  #cut({ process: { name } }: Replica, random: Random): void {
    const way = random.next() < 0.5 ? 'requests' : 'answers';
    const place = random.next();
    const places = place < 0.4 ? ['api'] : place < 0.7 ? ['bucket'] : ['api', 'bucket'];
    this.trace(`${name} is cut off from ${places}: ${way} are lost`);
    for (const cut of places) this.#cutOff.set(`${cut} ${name}`, way);
    this.scheduler.schedule(this.#length(random), () => {
      for (const cut of places) this.#cutOff.delete(`${cut} ${name}`);
    });
  }

  #edit(random: Random): void {
    void editLease(this.api, random).then((what) => this.trace(`somebody ${what} (the Lease)`));
  }

  /** Up to some durations of a Lease. */
  #length(random: Random): number {
    return random.next() ** 2 * 4 * this.#timings.leaseDurationMs;
  }

  /** When faults end, one replica leads and does what there is to do. */
  async #withoutFaults(): Promise<void> {
    const world = this.#world;
    world.trace('faults end');
    this.#isCalm = true;
    this.#weather = { api: CALM, bucket: CALM };
    this.#cutOff.clear();
    for (const { process } of this.#replicas) process.resume();
    await this.#user.rest();
    const from = world.scheduler.now;
    let wrong = await this.#disorder();
    while (wrong.length > 0) {
      if (world.scheduler.now - from > CONVERGES_WITHIN_MS)
        throw new Violation(`${CONVERGES_WITHIN_MS} ms after the end of faults: ${wrong.join(', ')}`);
      await world.advance(LOOK_EVERY_MS);
      wrong = await this.#disorder();
    }
    this.#convergedMs = world.scheduler.now - from;
    const { epoch } = this.#witness;
    await world.advance(QUIET_LEASES * this.#timings.leaseDurationMs);
    if (this.#witness.epoch !== epoch) throw new Violation(`epoch ${epoch} ended where there were no faults`);
  }

  /** What is not as it should be when there are no faults. */
  async #disorder(): Promise<readonly string[]> {
    const leaders = this.#replicas.filter(({ operator }) => operator?.term !== undefined);
    const holder = await leaseHolder(this.api);
    const term = leaders[0]?.operator?.term;
    return [
      ...(leaders.length === 1 ? [] : [`${leaders.length} replicas lead`]),
      ...(term === undefined || term.holder === holder ? [] : [`the Lease is ${holder}'s`]),
      ...((await isTransferAwaited(this.api)) ? ['a transfer was asked for'] : []),
      ...(term === undefined || term.epoch === this.#witness.epoch ? [] : [`epoch ${term.epoch} is over`]),
      ...(await this.#user.differences()),
    ];
  }

  async #end(): Promise<void> {
    const world = this.#world;
    world.trace('everything shall end');
    world.isClosing = true;
    for (const replica of this.#replicas) replica.terminate();
    await world.untilAllHaveEnded();
    if (!this.#witness.hasEnded) throw new Violation('the last term did not say that it has ended');
    const holder = await leaseHolder(this.api);
    if (holder !== '') throw new Violation(`the Lease was not released by ${holder}`);
    await world.audit();
  }
}
