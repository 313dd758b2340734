import { Fleet } from '../cluster/fault-fleet.js';
import { Dice } from '../cluster/soak/dice.js';
import { CpuPressure } from './cpu-pressure.js';
import { FAULTS, type Fault, type FaultName, inflict } from './faults.js';
import { HaSystem } from './ha-system.js';
import { Judge, type Verdict } from './judge.js';
import { Load } from './load.js';
import type { OwnEnd } from './replica.js';
import { whyNoNamespaces } from './replica-network.js';
import { TIMINGS, type TimingsName } from './timings.js';

const FLEET = 'fleet';

export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  /** The faults to choose from. */
  readonly only?: readonly FaultName[] | undefined;
  readonly agents: number;
  readonly operationsPerSecond: number;
  readonly timings: TimingsName;
  /** Gets what the replicas printed. */
  readonly keep?: string | undefined;
  readonly signal: AbortSignal;
  /** Told of what is going on, one line at a time. */
  readonly progress: (line: string) => void;
}

export interface Round extends Verdict {
  readonly round: number;
  readonly fault: Fault;
  /** From the end of the fault until one leader and two followers were ready, and until all was as the Agents say. */
  readonly calmMs: number;
  readonly settledMs: number;
  /** Replicas that ended by themselves, and were started again. Only those that had been ready are a problem. */
  readonly ownEnds: readonly OwnEnd[];
}

export interface ChaosResult {
  readonly seed: number;
  readonly timings: TimingsName;
  /** Whether each replica had a network of its own. */
  readonly namespaces: boolean;
  readonly agents: number;
  readonly operations: { readonly created: number; readonly changed: number; readonly deleted: number };
  readonly missed: number;
  readonly rounds: readonly Round[];
  /** Whether `signal` aborted before the last round; then only whole rounds are told of. */
  readonly isInterrupted: boolean;
  /** What is wrong, one line each; none when the run is passed. */
  readonly problems: readonly string[];
}

/**
 * Has one fault after another come over three replicas while users make and change Agents, and judges after each what they
 * did. The seed settles what is chosen; when it happens is settled by the machine. Rejects when `signal` aborts before the
 * first round.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { signal, progress } = options;
  const why = whyNoNamespaces();
  if (why !== undefined) progress(`${why}: cuts are made by proxies instead`);
  await using system = await HaSystem.start({ timings: TIMINGS[options.timings], signal });
  using pressure = new CpuPressure();
  const fleet = await Fleet.make(system.cluster, FLEET);
  const result = await new ChaosRun(system, options, fleet, new Judge(system, pressure)).run();
  if (options.keep !== undefined) await system.keep(options.keep);
  return result;
}

class ChaosRun {
  readonly #system: HaSystem;
  readonly #options: ChaosOptions;
  readonly #fleet: Fleet;
  readonly #load: Load;
  readonly #judge: Judge;
  readonly #dice: Dice;
  readonly #startedAt = performance.now();
  #bag: FaultName[] = [];

  constructor(system: HaSystem, options: ChaosOptions, fleet: Fleet, judge: Judge) {
    this.#system = system;
    this.#options = options;
    this.#fleet = fleet;
    // Dice of their own: what is chosen must not depend on which of them is faster.
    this.#dice = new Dice(options.seed);
    this.#load = new Load(system.cluster.api, fleet, new Dice(options.seed + 1), options);
    this.#judge = judge;
  }

  async run(): Promise<ChaosResult> {
    const { seed, timings, agents } = this.#options;
    const rounds: Round[] = [];
    const problems: string[] = [];
    try {
      for (let number = 1; number <= this.#options.rounds; number += 1) {
        const round = await this.#round(number);
        rounds.push(round);
        problems.push(...round.problems.map((problem) => `round ${number}, ${round.fault.name}: ${problem}`));
        this.#tell(round);
      }
    } catch (error) {
      // What comes after it would be judged by what it left.
      const text = error instanceof Error ? error.message : String(error);
      if (!this.#options.signal.aborted)
        problems.push(`round ${rounds.length + 1} did not come to its end: ${text}`);
    }
    return {
      isInterrupted: rounds.length < this.#options.rounds && this.#options.signal.aborted,
      seed,
      timings,
      namespaces: whyNoNamespaces() === undefined,
      agents,
      operations: this.#load.done,
      missed: this.#load.missed,
      rounds,
      problems,
    };
  }

  async #round(number: number): Promise<Round> {
    const { leaseDurationMs } = this.#system.timings;
    const ends = this.#system.ownEnds.length;
    const name = this.#nextFault();
    this.#say(`round ${number}: ${name}`);
    const { fault, calmMs } = await this.#load.during(async () => {
      await this.#system.pause(this.#dice.between(500, 2_500));
      const fault = await inflict(name, this.#system, this.#dice);
      const endedAt = performance.now();
      await this.#system.until('one replica leads and all are ready', 4 * leaseDurationMs + 30_000, () =>
        this.#system.unrest(),
      );
      return { fault, calmMs: performance.now() - endedAt };
    });
    const calmAt = performance.now();
    await this.#load.look();
    await this.#fleet.settled();
    const settledMs = performance.now() - calmAt;
    const verdict = await this.#judge.judge(new Set(this.#fleet.names), fault);
    const ownEnds = this.#system.ownEnds.slice(ends);
    const problems = [
      ...fault.problems,
      ...verdict.problems,
      ...ownEnds
        .filter(({ wasReady }) => wasReady)
        .map(({ replica, code, words }) => `${replica} ended by itself with ${code}: ${words}`),
    ];
    return { round: number, fault, calmMs, settledMs, ownEnds, ...verdict, problems };
  }

  /** Each once before any comes again. */
  #nextFault(): FaultName {
    if (this.#bag.length === 0) this.#bag = this.#dice.shuffled(this.#options.only ?? FAULTS);
    return this.#bag.pop() as FaultName;
  }

  #tell(round: Round): void {
    const { victim, name, hitLeader, detail } = round.fault;
    const whom = victim === undefined ? '' : ` ${victim}, ${hitLeader ? 'which led' : 'a follower'},`;
    const took =
      round.failoverMs === undefined
        ? 'no new term'
        : `next term after ${round.failoverMs.toFixed(0)} ms (processors short for ${(100 * round.cpuPressure).toFixed(0)} % of it), ` +
          `acts after ${round.actsAfterMs?.toFixed(0) ?? '-'} ms`;
    this.#say(
      `  ${name}${whom} ${detail}: ${took}; calm after ${round.calmMs.toFixed(0)} ms, ` +
        `${this.#fleet.names.length} Agents settled after ${round.settledMs.toFixed(0)} ms more; ` +
        `${round.refused} writes refused, ${round.late} late; ${round.problems.length === 0 ? 'good' : 'WRONG'}`,
    );
    for (const problem of round.problems) this.#say(`  ! ${problem}`);
  }

  #say(line: string): void {
    const seconds = Math.round((performance.now() - this.#startedAt) / 1_000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    this.#options.progress(`${clock} ${line}`);
  }
}
