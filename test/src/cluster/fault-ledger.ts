import {
  type ActionApplied,
  type ActionsDecided,
  type DriftObserved,
  type ObjectObserved,
  payloadOf,
} from '@rynxs/kernel';
import type { LogEvent } from '@rynxs/log';
import { CHILDREN } from './fault-fleet.js';
import type { AuditedRequest } from './real-cluster.js';

/** Of operators, and of nobody else in these tests. */
const USER_AGENT = 'rynxs';

const KINDS = new Map<string, string>(Object.entries(CHILDREN).map(([kind, { plural }]) => [plural, kind]));

/** Reasons of failures after which the child may be there all the same: no answer, or a 500. */
const UNCERTAIN = new Set(['Ambiguous', 'Unavailable']);

/** The requests of operators that the API server has seen. */
export function ofOperator(requests: readonly AuditedRequest[]): readonly AuditedRequest[] {
  return requests.filter(({ userAgent }) => userAgent === USER_AGENT);
}

/** When the API server received the requests, in milliseconds. */
export function momentsOf(requests: readonly AuditedRequest[]): readonly number[] {
  return requests.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
}

/** The most moments within any one second; they are in milliseconds, in any order. */
export function mostPerSecond(moments: readonly number[]): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/**
 * Reads a log as an auditor would, knowing nothing of how it is made. Each spec of an Agent must be observed once,
 * each child be made once unless it was found missing in between, and each action have one outcome.
 */
export class Ledger {
  readonly #faults: string[] = [];
  /** How often each child was made: `NAMESPACE/KIND/NAME`. */
  readonly #creations = new Map<string, number>();
  readonly #present = new Set<string>();
  /** How often a child may have been made without an answer. */
  readonly #unanswered = new Map<string, number>();
  /** Uid, generation and spec of each Agent as last observed. */
  readonly #observed = new Map<string, string>();
  readonly #outcomes = new Map<string, number>();

  /** What is wrong with the log. */
  get faults(): readonly string[] {
    const open = [...this.#outcomes].filter(([, count]) => count !== 1);
    return [...this.#faults, ...open.map(([action, count]) => `action ${action} has ${count} outcomes`)];
  }

  enter(event: LogEvent): void {
    const { aggregate_id: id, seq, type } = event;
    const [, namespace, name] = id.split('/');
    switch (type) {
      case 'AgentObserved':
        this.#observe(id, payloadOf<ObjectObserved>(event), seq);
        break;
      case 'AgentDeleted':
        this.#observed.delete(id);
        for (const kind of KINDS.values()) this.#forget(`${namespace}/${kind}/${name}`);
        break;
      case 'DriftObserved': {
        const { child, uid } = payloadOf<DriftObserved>(event);
        if (uid === null) this.#present.delete(`${namespace}/${child}`);
        break;
      }
      case 'ActionsDecided':
        for (const action of payloadOf<ActionsDecided>(event).actions.keys())
          this.#outcomes.set(`${action} of decision ${seq}`, 0);
        break;
      case 'ActionApplied':
      case 'ActionFailed':
      case 'ActionUnconfirmed': {
        const { child, decision, action, verb } = payloadOf<ActionApplied>(event);
        count(this.#outcomes, `${action} of decision ${decision}`);
        if (verb !== 'create') break;
        if (type === 'ActionApplied') this.#make(`${namespace}/${child}`, seq);
        else if (UNCERTAIN.has(String(event.payload.reason)))
          count(this.#unanswered, `${namespace}/${child}`);
        break;
      }
    }
  }

  /**
   * Compares with what the API server has seen in a namespace. It may have made less than the log says: an API server that
   * is killed cannot write down the last things that it did.
   */
  compare(audited: readonly AuditedRequest[], namespace: string): void {
    const made = new Map<string, number>();
    for (const { verb, objectRef, responseStatus } of ofOperator(audited)) {
      const kind = KINDS.get(objectRef?.resource ?? '');
      if (objectRef?.namespace !== namespace || kind === undefined) continue;
      if (verb === 'create' && responseStatus?.code === 201)
        count(made, `${namespace}/${kind}/${objectRef.name}`);
    }
    for (const [child, times] of made) {
      const recorded = this.#creations.get(child) ?? 0;
      if (times > recorded) this.#faults.push(`${child} was made ${times} times; by the log, ${recorded}`);
    }
  }

  #observe(id: string, { uid, generation, spec }: ObjectObserved, seq: number): void {
    // A server that was set back gives the same generations to other specs.
    const version = `${uid}, generation ${generation}: ${JSON.stringify(spec)}`;
    if (this.#observed.get(id) === version) this.#faults.push(`seq ${seq}: observed again: ${id} ${version}`);
    this.#observed.set(id, version);
  }

  /** The owner is gone: what was made meanwhile was collected with it, and made again as long as nobody told of that. */
  #forget(child: string): void {
    this.#present.delete(child);
    this.#creations.set(child, (this.#creations.get(child) ?? 0) + (this.#unanswered.get(child) ?? 0));
    this.#unanswered.delete(child);
  }

  #make(child: string, seq: number): void {
    if (this.#present.has(child)) this.#faults.push(`seq ${seq}: made again: ${child}`);
    this.#present.add(child);
    count(this.#creations, child);
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
