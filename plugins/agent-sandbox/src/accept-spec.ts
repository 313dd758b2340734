import type { Refusal } from '@rynxs/kernel';
import type { Json, JsonMap } from '@rynxs/log';
import { MAX_NAME_LENGTH } from './definition.js';
import { expiryOf, isTimestamp } from './expiry.js';
import { MAX_SPEC_BYTES } from './observe.js';
import { isCidr } from './schema/cidr.js';
import { REDACTED } from './schema/credentials.js';
import { DNS_LABEL, PATTERN_WORDS } from './schema/patterns.js';
import { formatQuantity, parseQuantity } from './schema/quantity.js';
import { specSchema } from './schema/spec-schema.js';
import { checkSchema, type Problem, withDefaults } from './schema/structural-schema.js';
import type { Amounts, Computer, EnvVariable, Lifecycle, Workspace } from './spec.js';

/** Who the Agent is. */
export type Identity = Pick<Computer, 'namespace' | 'name' | 'uid'>;

/** An accepted spec: a computer, but for whether it runs now, and when it is to run. */
export interface Accepted {
  readonly computer: Omit<Computer, 'isRunning'>;
  readonly lifecycle: Lifecycle;
}

/** What an accepted spec depends on besides itself. */
export interface AcceptContext {
  readonly identity: Identity;
  /** The workspace that the computer has, if it was accepted before. */
  readonly workspace: Workspace | undefined;
  /** Canonical quantity for a workspace that gives no size. */
  readonly defaultWorkspaceSize: string;
}

/** A declared spec in the shape of the schema, checked and with defaults. */
interface DeclaredSpec {
  readonly role: Computer['role'];
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly resources?: { readonly requests?: DeclaredAmounts; readonly limits?: DeclaredAmounts };
  readonly workspace: {
    readonly size?: string | number;
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
  };
  readonly network: {
    readonly egress: { readonly dns: boolean; readonly cidrs?: Computer['egress']['cidrs'] };
  };
  readonly isolation: Computer['isolation'];
  readonly lifecycle: { readonly state: Lifecycle['state']; readonly ttl?: string };
}
type DeclaredAmounts = Readonly<Record<string, string | number>>;

const SHOWN_PROBLEMS = 3;
const LABEL = new RegExp(DNS_LABEL);

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
  problems.push(
    ...checkProgram(spec),
    ...checkAmounts(spec),
    ...checkEgress(spec),
    ...checkWorkspace(workspace, context.workspace),
    ...checkTtl(spec, creationTimestamp),
  );
  return problems.length > 0
    ? refusal(problems)
    : { ...complete(spec, workspace, context.identity), lifecycle: lifecycleOf(spec, creationTimestamp) };
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
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ field, detail }) => `${field} ${detail}`);
  const hidden = problems.length - shown.length;
  return { reason: 'InvalidSpec', message: `${shown.join('; ')}${hidden > 0 ? `; and ${hidden} more` : ''}` };
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
      egress: { dns: network.egress.dns, cidrs: network.egress.cidrs ?? [] },
      isolation,
    },
  };
}

function lifecycleOf({ lifecycle: { state, ttl } }: DeclaredSpec, createdAt: Json | undefined): Lifecycle {
  return ttl === undefined || !isTimestamp(createdAt)
    ? { state }
    : { state, expiresAt: expiryOf(createdAt, ttl) };
}

/** A workspace without a size keeps the one that it has: volumes do not shrink when a default does. */
function workspaceOf({ workspace }: DeclaredSpec, context: AcceptContext): Workspace {
  const { size, storageClassName, accessModes } = workspace;
  return {
    size: size === undefined ? (context.workspace?.size ?? context.defaultWorkspaceSize) : canonical(size),
    ...(storageClassName === undefined ? {} : { storageClassName }),
    accessModes,
  };
}

function checkName(name: string): readonly Problem[] {
  if (name.length > MAX_NAME_LENGTH)
    return [
      {
        field: 'metadata.name',
        detail: `must have at most ${MAX_NAME_LENGTH} characters, because it becomes a label`,
      },
    ];
  if (!LABEL.test(name)) return [{ field: 'metadata.name', detail: `must be ${PATTERN_WORDS[DNS_LABEL]}` }];
  return [];
}

function* checkProgram({ role, command, args, env = [] }: DeclaredSpec): Iterable<Problem> {
  if (role === 'sandbox' && args !== undefined && command === undefined)
    yield { field: 'spec.args', detail: 'of a sandbox need spec.command' };
  for (const [index, { name, value, valueFrom }] of env.entries()) {
    const field = `spec.env[${index}]`;
    if ((value === undefined) === (valueFrom === undefined))
      yield { field, detail: 'must have exactly one of value and valueFrom' };
    if (value === REDACTED)
      yield { field, detail: `(${name}) holds a secret in plain text; use valueFrom.secretKeyRef` };
  }
  for (const [field, words] of Object.entries({ command, args })) {
    if (words?.includes(REDACTED))
      yield {
        field: `spec.${field}`,
        detail: 'holds a secret in plain text; pass it by env with valueFrom.secretKeyRef',
      };
  }
}

function* checkAmounts({ resources = {}, workspace }: DeclaredSpec): Iterable<Problem> {
  for (const kind of ['requests', 'limits'] as const) {
    for (const [resource, amount] of Object.entries(resources[kind] ?? {})) {
      if (resource !== 'cpu') yield* checkBytes(amount, `spec.resources.${kind}.${resource}`);
    }
  }
  for (const [resource, requested] of Object.entries(resources.requests ?? {})) {
    const limit = resources.limits?.[resource];
    if (limit !== undefined && milliOf(requested) > milliOf(limit))
      yield {
        field: `spec.resources.requests.${resource}`,
        detail: `must not be more than spec.resources.limits.${resource}`,
      };
  }
  if (workspace.size === undefined) return;
  yield* checkBytes(workspace.size, 'spec.workspace.size');
  if (milliOf(workspace.size) === 0n) yield { field: 'spec.workspace.size', detail: 'must be more than 0' };
}

function* checkBytes(amount: string | number, field: string): Iterable<Problem> {
  if (milliOf(amount) % 1000n !== 0n) yield { field, detail: 'must be a whole number of bytes' };
}

function* checkEgress({ network }: DeclaredSpec): Iterable<Problem> {
  for (const [index, { cidr }] of (network.egress.cidrs ?? []).entries()) {
    if (!isCidr(cidr))
      yield {
        field: `spec.network.egress.cidrs[${index}].cidr`,
        detail: 'must be a network such as 203.0.113.0/24 or 2001:db8::/32',
      };
  }
}

function* checkWorkspace(wanted: Workspace, existing: Workspace | undefined): Iterable<Problem> {
  if (existing === undefined) return;
  const remedy = 'cannot be changed; make another Agent and move the files';
  if (wanted.storageClassName !== existing.storageClassName)
    yield { field: 'spec.workspace.storageClassName', detail: remedy };
  if (!isSameSet(wanted.accessModes, existing.accessModes))
    yield { field: 'spec.workspace.accessModes', detail: remedy };
  if (wanted.size !== existing.size && milliOf(wanted.size) < milliOf(existing.size))
    yield {
      field: 'spec.workspace.size',
      detail: `cannot shrink below ${existing.size}; make another Agent and move the files`,
    };
}

function* checkTtl({ lifecycle }: DeclaredSpec, createdAt: Json | undefined): Iterable<Problem> {
  if (lifecycle.ttl !== undefined && !isTimestamp(createdAt))
    yield {
      field: 'metadata.creationTimestamp',
      detail: 'must be a time, because spec.lifecycle.ttl counts from it',
    };
}

function canonicalAmounts(amounts: DeclaredAmounts | undefined): Amounts | undefined {
  if (amounts === undefined || Object.keys(amounts).length === 0) return undefined;
  return Object.fromEntries(
    Object.entries(amounts).map(([resource, amount]) => [resource, canonical(amount)]),
  );
}

/** The schema's patterns leave nothing that is not a quantity. */
function canonical(amount: string | number): string {
  const quantity = parseQuantity(String(amount));
  return quantity === undefined ? String(amount) : formatQuantity(quantity);
}

function milliOf(amount: string | number): bigint {
  return parseQuantity(String(amount))?.milli ?? 0n;
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((element) => b.includes(element));
}
