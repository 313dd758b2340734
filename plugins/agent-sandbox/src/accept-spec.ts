import type { Refusal } from '@rynxs/kernel';
import type { Json, JsonMap } from '@rynxs/log';
import { checkName, checkSpec, checkWorkspace } from './check-spec.js';
import type { DeclaredAmounts, DeclaredSpec } from './declared-spec.js';
import { expiryOf, isTimestamp } from './expiry.js';
import { MAX_SPEC_BYTES } from './observe.js';
import { PATTERN_WORDS } from './schema/patterns.js';
import { describeProblems } from './schema/problem-list.js';
import { canonicalQuantity } from './schema/quantity.js';
import { specSchema } from './schema/spec-schema.js';
import { checkSchema, type Problem, withDefaults } from './schema/structural-schema.js';
import { DEFAULT_ACCESS_MODES } from './schema/workspace-schema.js';
import {
  type Amounts,
  type Computer,
  type EnvVariable,
  isGiven,
  type Lifecycle,
  type Network,
  type Workspace,
} from './spec.js';

/** Who the Agent is. */
export type Identity = Pick<Computer, 'namespace' | 'name' | 'uid'>;

/** An accepted spec: a computer, but for whether it runs now, and when it is to run. */
export interface Accepted {
  readonly computer: Omit<Computer, 'isRunning'>;
  readonly lifecycle: Lifecycle;
  /** The Universe that the spec names. */
  readonly universe?: string;
}

/** What an accepted spec depends on besides itself. */
export interface AcceptContext {
  readonly identity: Identity;
  /** The workspace that the computer has, if it was accepted before. */
  readonly workspace: Workspace | undefined;
  /** Canonical quantity for a workspace that gives no size. */
  readonly defaultWorkspaceSize: string;
}

/**
 * Checks what `observeAgent` has recorded against every rule of the schema and every CEL rule, and those that neither
 * can say, because admission may have been off, or of another version.
 */
export function acceptSpec(observed: JsonMap, context: AcceptContext): Accepted | Refusal {
  const { metadata, ...declared } = observed;
  const { creationTimestamp, specBytes, unknownFields } = metadata as JsonMap;
  const problems: Problem[] = [...checkName(context.identity.name)];
  if (specBytes !== undefined)
    return refusal([
      { field: 'spec', detail: `has ${String(specBytes)} bytes and must have at most ${MAX_SPEC_BYTES}` },
    ]);
  if (Array.isArray(unknownFields))
    problems.push(
      ...unknownFields.map((name) => ({
        field: `spec.${String(name)}`,
        detail: 'is not a field; remove it',
      })),
    );
  const filled = withDefaults(specSchema, declared);
  problems.push(...checkSchema(specSchema, filled, 'spec', PATTERN_WORDS));
  if (problems.length > 0) return refusal(problems);

  const spec = filled as unknown as DeclaredSpec;
  const workspace = workspaceOf(spec, context);
  problems.push(...checkSpec(spec, creationTimestamp), ...checkWorkspace(workspace, context.workspace));
  return problems.length > 0
    ? refusal(problems)
    : {
        ...complete(spec, workspace, context.identity),
        lifecycle: lifecycleOf(spec, creationTimestamp),
        ...(spec.universe === undefined ? {} : { universe: spec.universe }),
      };
}

/** Whether a spec asks for suspension, also when it is refused otherwise. */
export function asksForSuspension({ lifecycle }: JsonMap): boolean {
  return (
    typeof lifecycle === 'object' &&
    lifecycle !== null &&
    'state' in lifecycle &&
    lifecycle.state === 'Suspended'
  );
}

function refusal(problems: readonly Problem[]): Refusal {
  return { reason: 'InvalidSpec', message: describeProblems(problems) };
}

function complete(spec: DeclaredSpec, workspace: Workspace, identity: Identity): Pick<Accepted, 'computer'> {
  const { role, image, command, args, env = [], resources, network, isolation } = spec;
  const requests = canonicalAmounts(resources?.requests);
  const limits = canonicalAmounts(resources?.limits);
  return {
    computer: {
      ...identity,
      role,
      image,
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
      env: env.map(
        ({ name, value, valueFrom }): EnvVariable =>
          valueFrom === undefined ? { name, value: value ?? '' } : { name, secret: valueFrom.secretKeyRef },
      ),
      resources: {
        ...(requests === undefined ? {} : { requests }),
        ...(limits === undefined ? {} : { limits }),
      },
      workspace,
      network: networkOf(network),
      isolation,
    },
  };
}

function lifecycleOf({ lifecycle: { state, ttl } }: DeclaredSpec, createdAt: Json | undefined): Lifecycle {
  return ttl === undefined || !isTimestamp(createdAt)
    ? { state }
    : { state, expiresAt: expiryOf(createdAt, ttl) };
}

function networkOf({ groups = [], egress, ingress }: DeclaredSpec['network']): Network {
  const { dns, cidrs = [], agents = [] } = egress;
  return { groups, egress: { dns, cidrs, agents }, ingress: { agents: ingress.agents ?? [] } };
}

/** A workspace without a size keeps the one that it has: volumes do not shrink when a default does. */
function workspaceOf({ workspace }: DeclaredSpec, context: AcceptContext): Workspace {
  const { size, storageClassName, accessModes = DEFAULT_ACCESS_MODES, retain, existingClaim } = workspace;
  if (existingClaim !== undefined) return { existingClaim };
  const { workspace: before } = context;
  const kept = before === undefined || isGiven(before) ? undefined : before.size;
  return {
    size: size === undefined ? (kept ?? context.defaultWorkspaceSize) : canonicalQuantity(size),
    ...(storageClassName === undefined ? {} : { storageClassName }),
    accessModes,
    isRetained: retain === 'Retain',
  };
}

function canonicalAmounts(amounts: DeclaredAmounts | undefined): Amounts | undefined {
  if (amounts === undefined || Object.keys(amounts).length === 0) return undefined;
  return Object.fromEntries(
    Object.entries(amounts).map(([resource, amount]) => [resource, canonicalQuantity(amount)]),
  );
}
