import { AuditTail } from './audit-tail.js';
import {
  ChildrenMade,
  type ClusterTraffic,
  type ClusterWrite,
  type CutOff,
  trafficOf,
  WriteOrder,
} from './cluster-writes.js';
import type { CpuPressure } from './cpu-pressure.js';
import type { Fault } from './faults.js';
import type { HaSystem } from './ha-system.js';
import { commitOf, type TermRecord, termsOf } from './terms.js';

const MAX_PROBLEMS = 10;
/** A leader renews once in a retry period; a conflict or a takeover takes a second call. */
const MAX_LEASE_CALLS_PER_PERIOD = 2;
/** For lists and watches that begin anew. */
const SPARE_LEASE_CALLS = 20;
/** A clean stop is seen at once: the next leader's first durable event comes within this time. */
const CLEAN_HANDOVER_MS = 1_000;
/** Two processes look at the time of the same thing so far apart. */
const SAME_TIME_MS = 100;
/** When processes had to wait for a processor for more than this part of a time, what took too long says nothing. */
const MAX_CPU_PRESSURE = 0.6;

/** What a round has shown. */
export interface Verdict {
  /** From the fault to the next leader's first durable event, in milliseconds; undefined without a new term. */
  readonly failoverMs: number | undefined;
  /** From the fault to the next leader's first change of the cluster. */
  readonly actsAfterMs: number | undefined;
  /** The most that `failoverMs` may be; undefined where nothing is promised. */
  readonly barMs: number | undefined;
  /** Part of the time up to the new term in which something had to wait for a processor, from 0 to 1. */
  readonly cpuPressure: number;
  /** Whether the time was held against the bar; it is not while processors are short. */
  readonly isTimed: boolean;
  /** The terms that began since the last round. */
  readonly newTerms: number;
  readonly newRecords: number;
  /** Changes of the cluster. */
  readonly writes: number;
  /** Writes that came to nothing: conflicts, and what was asked of a server that was going. */
  readonly refused: number;
  /** Writes that were sent before a cut and arrived after it, and after a later term had written. */
  readonly late: number;
  readonly problems: readonly string[];
}

/** Holds what replicas did in a round against the log, the API server's audit log and the bucket. */
export class Judge {
  readonly #system: HaSystem;
  readonly #pressure: CpuPressure;
  readonly #audit: AuditTail;
  readonly #order = new WriteOrder();
  readonly #children = new ChildrenMade();
  #terms = 0;
  #records = 0;
  #judgedAt = performance.now();

  constructor(system: HaSystem, pressure: CpuPressure) {
    this.#system = system;
    this.#pressure = pressure;
    this.#audit = new AuditTail(system.cluster.audit.file);
  }

  /** `agents` are those that were never deleted; without a fault, what went before is judged. */
  async judge(agents: ReadonlySet<string>, fault?: Fault): Promise<Verdict> {
    const { replicas } = this.#system;
    // First what was done, then what is recorded: what is done is recorded before.
    const audited = await this.#audit.next();
    const records = await this.#system.records();
    const { terms, problems } = termsOf(records, replicas);
    const names = replicas.map(({ name }) => name);
    const traffic = trafficOf(audited, names);
    const lateBefore = this.#order.late;
    const sinceMs = fault?.cameAtMs ?? 0;
    const next = terms.find(({ beganAtMs, epoch }) => beganAtMs >= sinceMs && epoch > this.#terms);
    const act =
      next && traffic.writes.find(({ replica, atMs }) => replica === next.replica && atMs >= next.beganAtMs);
    const failoverMs = next && next.beganAtMs - sinceMs;
    const barMs = fault && this.#barOf(fault);
    const cpuPressure = this.#pressure.during(sinceMs, sinceMs + (failoverMs ?? 0));
    const isTimed = barMs !== undefined && cpuPressure <= MAX_CPU_PRESSURE;
    const all = [
      ...problems,
      ...(await complaints(this.#system.verify())),
      ...this.#order.follow(traffic.writes, terms, cutOff(fault)),
      ...this.#children.follow(traffic.writes, records, agents),
      ...this.#leaseCalls(traffic),
      ...(fault === undefined ? [] : this.#thawed(fault, traffic, terms)),
      ...(barMs !== undefined && failoverMs === undefined ? ['there is no new term'] : []),
      ...(isTimed ? tooSlow(failoverMs, barMs) : []),
      ...(fault === undefined ? [] : this.#tooSoon(fault, terms, act)),
    ];
    const verdict = {
      failoverMs,
      actsAfterMs: act && act.atMs - sinceMs,
      barMs,
      cpuPressure,
      isTimed,
      newTerms: terms.length - this.#terms,
      newRecords: records.length - this.#records,
      writes: traffic.writes.length,
      refused: Object.values(traffic.refused).reduce((all, count) => all + count, 0),
      late: this.#order.late - lateBefore,
      problems: all.slice(0, MAX_PROBLEMS),
    };
    this.#terms = terms.length;
    this.#records = records.length;
    return verdict;
  }

  /** What a leader wrote after it stood still for longer than its claim, and before it led again. */
  #thawed(
    { name, victim, hitLeader, cameAtMs, wentAtMs }: Fault,
    traffic: ClusterTraffic,
    terms: readonly TermRecord[],
  ) {
    if (name !== 'sigstop' || !hitLeader || victim === undefined) return [];
    const later = terms.filter(({ beganAtMs }) => beganAtMs >= cameAtMs);
    const leadsAgainAtMs =
      later.find(({ replica }) => replica === victim)?.beganAtMs ?? Number.POSITIVE_INFINITY;
    if (later.length === 0) return [`nobody took over from ${victim}, which stood still`];
    const isThawed = (atMs: number) => atMs >= wentAtMs && atMs < leadsAgainAtMs;
    const writes = traffic.writes.filter(
      ({ replica, receivedAtMs, atMs }) => replica === victim && isThawed(receivedAtMs) && isThawed(atMs),
    );
    const commits = this.#system
      .replica(victim)
      .s3.writes.filter((write) => commitOf(write) !== undefined && isThawed(write.atMs));
    return [
      ...writes.map(({ what }) => `${victim} was thawed and wrote: ${what}`),
      ...commits.map(({ path }) => `${victim} was thawed and put ${path}`),
    ];
  }

  /** How soon the next leader has to be there, as far as that is promised. */
  #barOf({ name, hitLeader }: Fault): number | undefined {
    const { leaseDurationMs, retryPeriodMs } = this.#system.timings;
    if (!hitLeader) return undefined;
    if (name === 'sigterm') return CLEAN_HANDOVER_MS;
    return name === 'sigkill' || name === 'sigstop' ? leaseDurationMs + retryPeriodMs : undefined;
  }

  /**
   * Who takes over a Lease that was deleted cannot have seen its holder do nothing for a leaseDuration, and lets as much pass
   * before it acts, unless the log says that the term before has ended (rule 11).
   */
  #tooSoon({ name }: Fault, terms: readonly TermRecord[], act: ClusterWrite | undefined): readonly string[] {
    const { leaseDurationMs } = this.#system.timings;
    const next = terms[this.#terms];
    const before = terms[this.#terms - 1];
    if (name !== 'lease-deleted' || next === undefined || act === undefined || before?.hasEnded !== false)
      return [];
    const waitedMs = act.receivedAtMs - next.beganAtMs;
    return waitedMs >= leaseDurationMs - SAME_TIME_MS
      ? []
      : [
          `${next.replica} acted ${waitedMs} ms after its term began, before the last one was sure to be over`,
        ];
  }

  #leaseCalls({ leaseRequests }: ClusterTraffic): readonly string[] {
    const now = performance.now();
    const periods = (now - this.#judgedAt) / this.#system.timings.retryPeriodMs;
    this.#judgedAt = now;
    const most = MAX_LEASE_CALLS_PER_PERIOD * periods + SPARE_LEASE_CALLS;
    return Object.entries(leaseRequests).flatMap(([replica, count]) =>
      count > most
        ? [`${replica} asked for the Lease ${count} times in ${periods.toFixed(0)} retry periods`]
        : [],
    );
  }
}

function tooSlow(failoverMs: number | undefined, barMs: number): readonly string[] {
  if (failoverMs === undefined || failoverMs <= barMs) return [];
  return [`the next leader's first event took ${failoverMs} ms, more than ${barMs} ms`];
}

function cutOff(fault: Fault | undefined): CutOff | undefined {
  if (fault?.name !== 'cut-api' || fault.victim === undefined) return undefined;
  return { replica: fault.victim, fromMs: fault.cameAtMs, toMs: fault.wentAtMs };
}

/** Why it rejects. */
async function complaints(promise: Promise<void>): Promise<readonly string[]> {
  return promise.then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  );
}
