import type { LogEvent } from '@rynxs/log';

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

/** Decides which records are asked for. Times and epochs never fall within a log, which bounds what has to be read. */
export class RecordQuery {
  readonly #isAgent: (aggregateId: string) => boolean;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #since: number;
  readonly #epoch: number | undefined;

  constructor({ agent, type, since, epoch }: RecordFilters) {
    this.#isAgent = agent === undefined ? () => true : agentMatcher(agent);
    this.#types = type === undefined ? undefined : new Set(type);
    this.#since = since ?? Number.NEGATIVE_INFINITY;
    this.#epoch = epoch;
  }

  /** Whether nothing before some record of the log can match, so that looking for that one pays. */
  get isBounded(): boolean {
    return this.#since > Number.NEGATIVE_INFINITY || (this.#epoch ?? 0) > 0;
  }

  /** False only for records before the first that can match; once true it stays so to the end of the log. */
  hasBegun(event: LogEvent): boolean {
    return Date.parse(event.ts) >= this.#since && epochOf(event) >= (this.#epoch ?? 0);
  }

  judge(event: LogEvent): QueryVerdict {
    if (this.#epoch !== undefined && epochOf(event) > this.#epoch) return 'after';
    const matches =
      this.hasBegun(event) && (this.#types?.has(event.type) ?? true) && this.#isAgent(event.aggregate_id);
    return matches ? 'match' : 'other';
  }
}

/** Records of earlier versions have no meta; they count as epoch 0. */
function epochOf(event: LogEvent): number {
  return event.meta?.epoch ?? 0;
}

function agentMatcher(agent: string): (aggregateId: string) => boolean {
  switch (agent.split('/').length) {
    case 1:
      return (id) => id.startsWith('agents/') && id.endsWith(`/${agent}`);
    case 2:
      return (id) => id === `agents/${agent}`;
    default:
      return (id) => id === agent;
  }
}
