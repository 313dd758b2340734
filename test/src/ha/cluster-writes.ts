import { type ActionsDecided, payloadOf } from '@rynxs/kernel';
import type { LogEvent } from '@rynxs/log';
import { CHILDREN } from '../cluster/fault-fleet.js';
import type { AuditedRequest } from '../cluster/real-cluster.js';
import type { TermRecord } from './terms.js';

const WRITES: readonly string[] = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const KINDS = new Map<string, string>(Object.entries(CHILDREN).map(([kind, { plural }]) => [plural, kind]));
/** Both servers write down milliseconds of the same clock; which of two within one comes first is not known. */
const CLOCK_MS = 2;

/** Something that a replica has changed in the cluster, by the API server's own record. */
export interface ClusterWrite {
  readonly replica: string;
  /** When it was answered, in milliseconds of `Date.now()`. */
  readonly atMs: number;
  /** When it came. */
  readonly receivedAtMs: number;
  /** `create configmaps in fleet: agent-001`. */
  readonly what: string;
  /** The child that was made: `Deployment/agent-001`. */
  readonly made: string | undefined;
}

/** What the API server has seen of the replicas. */
export interface ClusterTraffic {
  /** In the order of the answers, without those of the Lease. */
  readonly writes: readonly ClusterWrite[];
  /** Writes that came to nothing, by replica. */
  readonly refused: Readonly<Record<string, number>>;
  /** Requests for the Lease, by replica; a watch is one. */
  readonly leaseRequests: Readonly<Record<string, number>>;
}

export function trafficOf(audited: readonly AuditedRequest[], replicas: readonly string[]): ClusterTraffic {
  const writes: ClusterWrite[] = [];
  const refused: Record<string, number> = {};
  const leaseRequests: Record<string, number> = {};
  for (const request of audited) {
    const { user, objectRef, verb, stage } = request;
    const replica = user.username;
    if (!replicas.includes(replica)) continue;
    if (objectRef?.resource === 'leases') {
      if (stage === 'ResponseStarted' || verb !== 'watch')
        leaseRequests[replica] = (leaseRequests[replica] ?? 0) + 1;
      continue;
    }
    if (!WRITES.includes(verb)) continue;
    if ((request.responseStatus?.code ?? 500) >= 300) refused[replica] = (refused[replica] ?? 0) + 1;
    else writes.push(writeOf(replica, request));
  }
  return { writes: writes.sort((one, other) => one.atMs - other.atMs), refused, leaseRequests };
}

function writeOf(replica: string, request: AuditedRequest): ClusterWrite {
  const { verb, objectRef = {}, stageTimestamp, requestReceivedTimestamp } = request;
  const { resource = '', subresource, namespace, name } = objectRef;
  const kind = KINDS.get(resource);
  const place = `${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  return {
    replica,
    atMs: Date.parse(stageTimestamp),
    receivedAtMs: Date.parse(requestReceivedTimestamp),
    what: `${verb} ${place} in ${namespace}: ${name}`,
    made: verb === 'create' && kind !== undefined ? `${kind}/${name}` : undefined,
  };
}

/** Who was cut off from the API server, and when. */
export interface CutOff {
  readonly replica: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A system sends again what was not acknowledged, each time after twice as long, also when the process has given up or
 * ended (tcp(7)): what was sent before a cut comes within as long after it as it lasted, and a little more.
 */
const RETRANSMISSION_SPARE_MS = 10_000;

/**
 * Follows the writes of all replicas and holds each against the terms: a replica writes only in a term of its own, and
 * never after a later term has written. What was sent before a cut may arrive after it, which nothing can prevent: it
 * carries preconditions. Such writes are counted.
 */
export class WriteOrder {
  /** How many arrived after a cut, and after a later term had written. */
  late = 0;
  readonly #cuts: CutOff[] = [];
  /** Of the last write. */
  #term: TermRecord | undefined;

  /** Says what is wrong with these writes, which follow those of the last call; `cut` came after that. */
  follow(writes: readonly ClusterWrite[], terms: readonly TermRecord[], cut?: CutOff): readonly string[] {
    if (cut !== undefined) this.#cuts.push(cut);
    const problems: string[] = [];
    for (const write of writes) {
      const { replica, atMs, what } = write;
      const first = this.#term?.epoch ?? 0;
      const own = terms.findLast(
        (term) => term.replica === replica && term.epoch >= first && term.beganAtMs <= atMs + CLOCK_MS,
      );
      if (own !== undefined) this.#term = own;
      else if (this.#cuts.some((one) => mayBeOf(one, write))) this.late += 1;
      else
        problems.push(
          `${replica}: ${what} at ${new Date(atMs).toISOString()}, after epoch ${first} of ${this.#term?.replica ?? 'nobody'} has written`,
        );
    }
    return problems;
  }
}

/** Whether the write may have been sent before the cut. */
function mayBeOf({ replica, fromMs, toMs }: CutOff, write: ClusterWrite): boolean {
  const { receivedAtMs } = write;
  const lastMs = toMs + (toMs - fromMs) + RETRANSMISSION_SPARE_MS;
  return write.replica === replica && receivedAtMs >= fromMs && receivedAtMs <= lastMs;
}

/** Counts the children that were made, of Agents whose names are never used again. */
export class ChildrenMade {
  readonly #made = new Map<string, number>();

  /** Says which of these were made before, and which of them nobody had decided to make. */
  follow(writes: readonly ClusterWrite[], records: readonly LogEvent[], agents: ReadonlySet<string>) {
    const decided = new Set(
      records
        .filter(({ type }) => type === 'ActionsDecided')
        .flatMap((record) => payloadOf<ActionsDecided>(record).actions)
        .filter(({ verb }) => verb === 'create')
        .map(({ kind, name }) => `${kind}/${name}`),
    );
    const problems: string[] = [];
    for (const { replica, made } of writes) {
      if (made === undefined || !agents.has(made.split('/')[1] ?? '')) continue;
      const times = (this.#made.get(made) ?? 0) + 1;
      this.#made.set(made, times);
      if (times > 1) problems.push(`${made} was made ${times} times, at last by ${replica}`);
      if (!decided.has(made)) problems.push(`${made} was made by ${replica} off the record`);
    }
    return problems;
  }
}
