import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFaultProxy } from '../fault-api-proxy.js';
import { RealCluster } from '../real-cluster.js';
import { Dice } from './dice.js';
import { Faults } from './faults.js';
import { childrenLeft, contestedAgents, problemsOf, refusedAgents } from './judgement.js';
import { Load } from './load.js';
import { path } from './places.js';
import { SoakedOperator } from './soaked-operator.js';
import { isWrite, judgeTraffic, type TrafficResult } from './traffic.js';
import { Usage, type UsageResult } from './usage.js';

/** What collects the children of deleted Agents and lets their claims go. No node: nothing runs. */
const CONTROLLERS = ['garbage-collector-controller', 'persistentvolumeclaim-protection-controller'];
const SAMPLE_EVERY_MS = 5_000;
const PROGRESS_EVERY_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
/** Drift that came back with a store that was set back is repaired after 10, then 30, then 90 s. */
const CONVERGES_WITHIN_MS = 300_000;
const QUIET_MS = 10_000;
/** A status that somebody else has changed, such as by setting the store back, is put right 10 s later; and somewhat more. */
const STATUSES_SETTLE_MS = 12_000;
const MAX_PROBLEMS = 20;

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** How many there are at a time. */
  readonly agents: number;
  readonly operationsPerSecond: number;
  /** Gets the event log and what the operators printed, if something is wrong. */
  readonly keep?: string | undefined;
  readonly signal: AbortSignal;
  /** Told of what is going on, one line at a time. */
  readonly progress: (line: string) => void;
}

export interface SoakResult {
  readonly seed: number;
  readonly minutes: number;
  readonly agents: number;
  readonly operations: number;
  /** Operations that nobody answered. */
  readonly missed: number;
  readonly operationsByKind: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** From the end of load and faults until all was as the specs say. */
  readonly convergedSeconds: number;
  readonly traffic: TrafficResult;
  readonly usage: UsageResult | undefined;
  /** What the operator wrote while nothing happened, and after it was started again. */
  readonly idleWrites: number;
  readonly restartWrites: number;
  /** What is wrong, one line each; none when the soak is passed. */
  readonly problems: readonly string[];
}

/**
 * Has users, others and faults at work on a real API server while the operator runs as a process of its own; then lets
 * all come to rest and compares what there is with what the specs ask for, computed anew. The seed settles what is
 * chosen; when it happens is settled by the machine. Rejects when `signal` aborts. Nothing that it made is left.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { signal } = options;
  await using cluster = await RealCluster.start({ crds: true, controllers: CONTROLLERS, signal });
  await using proxy = await ApiFaultProxy.start(cluster);
  await using operator = new SoakedOperator(cluster, proxy.writeKubeconfig(cluster.directory));
  const result = await new SoakRun(cluster, proxy, operator, options).run();
  if (result.problems.length > 0 && options.keep !== undefined) await operator.keep(options.keep);
  return result;
}

class SoakRun {
  readonly #cluster: RealCluster;
  readonly #proxy: ApiFaultProxy;
  readonly #operator: SoakedOperator;
  readonly #options: SoakOptions;
  readonly #load: Load;
  readonly #faults: Faults;
  readonly #usage = new Usage();
  readonly #problems: string[] = [];
  #beganAt = 0;

  constructor(cluster: RealCluster, proxy: ApiFaultProxy, operator: SoakedOperator, options: SoakOptions) {
    const { seed, agents, signal } = options;
    this.#cluster = cluster;
    this.#proxy = proxy;
    this.#operator = operator;
    this.#options = options;
    // Dice of their own: what is chosen must not depend on which of them is faster.
    this.#load = new Load(cluster.api, new Dice(seed), agents);
    this.#faults = new Faults(cluster, proxy, operator, new Dice(seed + 1), signal);
  }

  async run(): Promise<SoakResult> {
    const { seed, minutes, progress } = this.#options;
    await this.#operator.start();
    await this.#load.begin();
    this.#beganAt = performance.now();
    await this.#loadWithFaults();
    progress('no more load, no more faults');
    // The garbage collector can miss that an owner was deleted while the API server came and went; a new one looks anew.
    await this.#cluster.restartControllers();
    const convergedSeconds = (await this.#converge()) / 1_000;
    await this.#wait(STATUSES_SETTLE_MS);
    const idleWrites = (await this.#writesWhile(() => this.#wait(QUIET_MS))).length;
    if (idleWrites > 0) this.#problems.push(`it wrote ${idleWrites} times while nothing happened`);
    const traffic = judgeTraffic(this.#proxy.requests, {
      operations: this.#load.operations + this.#load.missed,
      faults: this.#faults.count,
    });
    const usage = this.#usage.result();
    const restartWrites = await this.#restartWrites();
    if (restartWrites > 0) this.#problems.push(`it wrote ${restartWrites} times after it was started again`);
    await this.#end();
    this.#problems.push(...(await this.#operator.auditLog()));
    return {
      seed,
      minutes,
      agents: this.#options.agents,
      operations: this.#load.operations,
      missed: this.#load.missed,
      operationsByKind: this.#load.done,
      faults: this.#faults.done,
      convergedSeconds,
      traffic,
      usage,
      idleWrites,
      restartWrites,
      problems: [...this.#problems, ...traffic.problems, ...(usage?.problems ?? [])],
    };
  }

  async #loadWithFaults(): Promise<void> {
    const endsAt = this.#beganAt + this.#options.minutes * 60_000;
    const isOver = () => performance.now() >= endsAt;
    const ended = new AbortController();
    const watch = this.#watchOver(AbortSignal.any([ended.signal, this.#options.signal]));
    try {
      await Promise.all([this.#operate(isOver), this.#spoil(isOver)]);
    } finally {
      ended.abort();
      await watch;
    }
  }

  async #operate(isOver: () => boolean): Promise<void> {
    const intervalMs = 1_000 / this.#options.operationsPerSecond;
    for (
      let dueAt = performance.now();
      !isOver();
      dueAt = Math.max(dueAt + intervalMs, performance.now() - 1_000)
    ) {
      await this.#load.step();
      await this.#wait(Math.max(0, dueAt - performance.now()));
    }
  }

  async #spoil(isOver: () => boolean): Promise<void> {
    const earlyUntil = this.#beganAt + (this.#options.minutes * 60_000) / 3;
    while (!isOver()) await this.#faults.next(performance.now() < earlyUntil);
  }

  /** Samples what the operator holds, and tells how it goes. */
  async #watchOver(signal: AbortSignal): Promise<void> {
    let toldAt = performance.now();
    while (!signal.aborted) {
      const sample = this.#operator.pid === undefined ? undefined : this.#usage.sample(this.#operator.pid);
      if (performance.now() - toldAt >= PROGRESS_EVERY_MS) {
        toldAt = performance.now();
        const { count, current = 'peace' } = this.#faults;
        const held =
          sample === undefined
            ? 'not running'
            : `${sample.residentMb.toFixed(0)} MB, ${sample.handles} handles`;
        this.#options.progress(
          `${minutes(toldAt - this.#beganAt)} of ${minutes(this.#options.minutes * 60_000)}: ` +
            `${this.#load.agents} Agents, ${this.#load.operations} operations, ${count} faults (now: ${current}); ` +
            `operator ${held}, ${this.#proxy.requests.length} requests`,
        );
      }
      await sleep(SAMPLE_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Waits until all is as the specs say; resolves to how long it took, in milliseconds. What remains is a problem. */
  async #converge(): Promise<number> {
    const { api } = this.#cluster;
    await this.#load.end(await refusedAgents(api), await childrenLeft(api));
    const startedAt = performance.now();
    let toldAt = startedAt;
    for (;;) {
      const problems = await problemsOf(api);
      const now = performance.now();
      if (problems.length === 0) return now - startedAt;
      if (now - startedAt > CONVERGES_WITHIN_MS) {
        this.#problems.push(
          `${problems.length} things are not as the specs say`,
          ...problems.slice(0, MAX_PROBLEMS),
        );
        return now - startedAt;
      }
      if (now - toldAt > PROGRESS_EVERY_MS) {
        toldAt = now;
        this.#options.progress(`converging: ${problems.length} to go, such as ${problems[0]}`);
      }
      await this.#wait(LOOK_EVERY_MS);
    }
  }

  /**
   * Starts another process on the same log, and waits until it has looked at everything; resolves to how much it wrote.
   * A new process knows of no contest over drift, so that the statuses that tell of one are written.
   */
  async #restartWrites(): Promise<number> {
    const contested = await contestedAgents(this.#cluster.api);
    const writes = await this.#writesWhile(async () => {
      await this.#end();
      await this.#operator.start();
      await this.#wait(QUIET_MS);
    });
    return writes.filter(
      (write) => !contested.some((place) => write.startsWith(`PUT ${path('Agent', place)}/`)),
    ).length;
  }

  async #end(): Promise<void> {
    const code = await this.#operator.stop('SIGTERM');
    if (code !== 0)
      this.#problems.push(`the operator ended with ${code}: ${this.#operator.output.slice(-2_000)}`);
  }

  async #writesWhile(action: () => Promise<void>): Promise<readonly string[]> {
    const before = this.#proxy.requests.length;
    await action();
    const writes = this.#proxy.requests
      .slice(before)
      .filter(isWrite)
      .map(({ method, path }) => `${method} ${path}`);
    for (const write of writes.slice(0, 5)) this.#options.progress(`unasked: ${write}`);
    return writes;
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#options.signal });
  }
}

function minutes(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
