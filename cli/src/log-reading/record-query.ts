import type { LogEvent } from '@rynxs/log';
import { shownEvent } from './shown-event.js';

/** What the records have to be, all of it; what is absent does not matter. */
export interface RecordFilters {
  /** `name` in any namespace, `namespace/name`, or a whole aggregate id like `agents/default/a`. */
  readonly agent?: string;
  /** Any of these types. */
  readonly type?: readonly string[];
  /** No older than this, in milliseconds since 1970. */
  readonly since?: number;
  readonly epoch?: number;
}

/** Where a record stands to what is asked for. `after`: no later one can match either. */
export type QueryVerdict = 'match' | 'other' | 'after';

/** Decides which records are asked for. Times and epochs never fall within a log, which
 * bounds what has to be read. */
export class RecordQuery {
  readonly #isAgent: (aggregateId: string) => boolean;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #since: number | undefined;
  readonly #epoch: number | undefined;

  constructor({ agent, type, since, epoch }: RecordFilters) {
    this.#isAgent = agent === undefined ? () => true : agentMatcher(agent);
    this.#types = type === undefined ? undefined : new Set(type);
    this.#since = since;
    this.#epoch = epoch;
  }

  /** Whether nothing before some record of the log can match, so that looking for that one pays. */
  get isBounded(): boolean {
    return this.#since !== undefined || (this.#epoch ?? 0) > 0;
  }

  /** False only for records before the first that can match; once true it stays so to the end of the log. */
  hasBegun(event: LogEvent): boolean {
    const { ts, epoch } = shownEvent(event);
    return epoch >= (this.#epoch ?? 0) && (this.#since === undefined || Date.parse(ts) >= this.#since);
  }

  judge(event: LogEvent): QueryVerdict {
    const { epoch, type, aggregateId } = shownEvent(event);
    if (this.#epoch !== undefined && epoch > this.#epoch) return 'after';
    const matches = this.hasBegun(event) && (this.#types?.has(type) ?? true) && this.#isAgent(aggregateId);
    return matches ? 'match' : 'other';
  }
}

function agentMatcher(agent: string): (aggregateId: string) => boolean {
  switch (agent.split('/').length) {
    case 1:
      return (id) => id.startsWith('agents/') && id.endsWith(`/${agent}`);
    case 2:
      // Or a whole id of a cluster-scoped object: universes/lab.
      return (id) => id === `agents/${agent}` || id === agent;
    default:
      return (id) => id === agent;
  }
}
