import type { JsonMap } from '@rynxs/log';
import { expiryOf, isTimestamp } from '../expiry.js';
import { readSpec } from '../schema/recorded-spec.js';
import type { Problem } from '../schema/structural-schema.js';
import { SESSION_WORDS, sessionSpecSchema } from './session-schema.js';
import type { SessionSpec, SessionState } from './session-state.js';

/** A declared spec in the shape of the schema, checked and with defaults. */
interface DeclaredSession {
  readonly agentRef: { readonly name: string };
  readonly principal: string;
  readonly lifecycle: { readonly state: 'Open' | 'Closed'; readonly ttl?: string };
}

/** Checks a recorded spec against the schema and every CEL rule. `before` is what was accepted and asked for earlier. */
export function acceptSession(
  recorded: JsonMap,
  before: Pick<SessionState, 'spec' | 'isClosing'>,
): SessionSpec | { readonly problems: readonly Problem[] } {
  const read = readSpec(sessionSpecSchema, recorded, SESSION_WORDS);
  if ('problems' in read) return read;
  const { agentRef, principal, lifecycle } = read.spec as unknown as DeclaredSession;
  const { createdAt } = recorded;
  const { ttl } = lifecycle;
  const problems = [...checkUnchanged({ agent: agentRef.name, principal }, before.spec)];
  if (before.isClosing === true && lifecycle.state === 'Open')
    problems.push({ field: 'spec.lifecycle.state', detail: 'cannot be Open again; make another Session' });
  if (ttl !== undefined && !isTimestamp(createdAt))
    problems.push({
      field: 'metadata.creationTimestamp',
      detail: 'must be a time, because spec.lifecycle.ttl counts from it',
    });
  if (problems.length > 0) return { problems };
  const expiresAt = ttl === undefined || !isTimestamp(createdAt) ? undefined : expiryOf(createdAt, ttl);
  return { agent: agentRef.name, principal, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Whether a spec asks to close the Session, also when it is refused otherwise. */
export function asksToClose({ declared }: JsonMap): boolean {
  const { lifecycle } = (declared ?? {}) as { lifecycle?: { state?: unknown } | null };
  return lifecycle?.state === 'Closed';
}

function* checkUnchanged(
  { agent, principal }: Omit<SessionSpec, 'expiresAt'>,
  before: SessionSpec | undefined,
): Iterable<Problem> {
  if (before === undefined) return;
  const detail = 'cannot be changed; make another Session';
  if (agent !== before.agent) yield { field: 'spec.agentRef', detail };
  if (principal !== before.principal) yield { field: 'spec.principal', detail };
}
