import { isSameJson, type JsonMap } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ResourceType,
} from '../contracts/cluster.js';
import type { Term } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import type { Random } from '../contracts/random.js';
import type { Announcer } from './announcer.js';
import type { ActionsDecided, DecidedAction } from './events.js';
import type { ActionOutcome } from './execute.js';
import { writeOptions } from './write-options.js';

export interface ReportContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly traceId: string;
  readonly resource: ResourceType;
  readonly term: Term;
  readonly announcer: Announcer;
}

/**
 * Writes the status unless it is there already. Reports are not actions: they are not recorded, and they come after
 * the outcome that they tell of is durable. Resolves to the written object, undefined when there was nothing to write
 * or nothing to write to, `conflict` when a newer object is on its way to the cache.
 */
export async function writeStatus(
  context: ReportContext,
  object: KubernetesObject,
  status: JsonMap,
): Promise<KubernetesObject | 'conflict' | undefined> {
  if (isSameJson((object.status ?? {}) as JsonMap, status)) return undefined;
  try {
    return await context.cluster.updateStatus(
      context.resource,
      { ...object, status },
      writeOptions(context.term),
    );
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.reason === 'conflict') return 'conflict';
    if (error.reason === 'missing') return undefined;
    throw error;
  }
}

/** A decision on the record. */
export interface AnnouncedDecision {
  readonly decided: ActionsDecided;
  readonly seq: number;
  /** Whether drift led to it. */
  readonly isRepair: boolean;
}

/**
 * Tells users of a decision by one Kubernetes Event, which `kubectl describe` shows, and whoever runs the operator by one
 * line, whose trace_id is that of the events in the log.
 */
export function announce(
  context: ReportContext,
  object: KubernetesObject,
  decision: AnnouncedDecision,
  outcomes: readonly ActionOutcome[],
): void {
  const { type, reason, message } = summarize(decision, outcomes);
  const { name, namespace = 'default', uid } = object.metadata;
  const line = { key: `${namespace}/${name}`, reason, detail: message, trace_id: context.traceId };
  if (outcomes.some(({ kind }) => kind === 'failed')) context.logger.warn('an action failed', line);
  else context.logger.info('decided', line);
  const now = new Date(context.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const event: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${context.random.hex(8)}`, namespace },
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: context.resource.kind,
      name,
      namespace,
      uid,
      resourceVersion: object.metadata.resourceVersion,
    },
    type,
    reason,
    message,
    source: { component: 'rynxs-operator' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  context.announcer.add(event, context.traceId);
}

function summarize({ decided, seq, isRepair }: AnnouncedDecision, outcomes: readonly ActionOutcome[]) {
  const failed = outcomes.findIndex((outcome) => outcome.kind === 'failed');
  const outcome = outcomes[failed];
  const action = decided.actions[failed];
  if (outcome?.kind === 'failed' && action !== undefined) {
    const message = `${action.verb} ${action.child}: ${outcome.message}`;
    return { type: 'Warning', reason: `${outcome.reason}`, message };
  }
  if (decided.refusal !== null) return { type: 'Warning', ...decided.refusal };
  if (decided.phase !== undefined) {
    const { name, reason, message } = decided.phase;
    return { type: 'Normal', reason, message: `${name}: ${message} (log seq ${seq})` };
  }
  const message = `${isRepair ? 'Repaired drift: ' : ''}${describe(decided.actions)} (log seq ${seq})`;
  return {
    type: isRepair ? 'Warning' : 'Normal',
    reason: isRepair ? 'DriftRepaired' : 'Reconciled',
    message,
  };
}

function describe(actions: readonly DecidedAction[]): string {
  const past = { create: 'created', update: 'updated', delete: 'deleted' } as const;
  return (['create', 'update', 'delete'] as const)
    .map((verb) => ({
      verb,
      children: actions.filter((action) => action.verb === verb).map(({ child }) => child),
    }))
    .filter(({ children }) => children.length > 0)
    .map(({ verb, children }) => `${past[verb]} ${children.join(', ')}`)
    .join('; ');
}
