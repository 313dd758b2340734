import { isSameJson, type Json } from '@rynxs/log';
import type { DeclaredSpec } from './declared-spec.js';
import { MAX_NAME_LENGTH } from './definition.js';
import { isTimestamp } from './expiry.js';
import { isCidr } from './schema/cidr.js';
import { REDACTED } from './schema/credentials.js';
import { DNS_LABEL, PATTERN_WORDS } from './schema/patterns.js';
import { parseQuantity } from './schema/quantity.js';
import type { Problem } from './schema/structural-schema.js';
import { isGiven, type Workspace } from './spec.js';

const LABEL = new RegExp(DNS_LABEL);

/** What is wrong with the name of an Agent. */
export function checkName(name: string): readonly Problem[] {
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

/** The rules that the schema cannot say, for a spec that the schema accepts; every CEL rule is among them. */
export function* checkSpec(spec: DeclaredSpec, createdAt: Json | undefined): Iterable<Problem> {
  yield* checkProgram(spec);
  yield* checkAmounts(spec);
  yield* checkNetwork(spec);
  yield* checkClaim(spec);
  yield* checkTtl(spec, createdAt);
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

function* checkNetwork({ network: { egress, ingress } }: DeclaredSpec): Iterable<Problem> {
  for (const [index, { cidr }] of (egress.cidrs ?? []).entries()) {
    if (!isCidr(cidr))
      yield {
        field: `spec.network.egress.cidrs[${index}].cidr`,
        detail: 'must be a network such as 203.0.113.0/24 or 2001:db8::/32',
      };
  }
  for (const [direction, { agents = [] }] of Object.entries({ egress, ingress })) {
    for (const [index, { name, group }] of agents.entries()) {
      if ((name === undefined) === (group === undefined))
        yield {
          field: `spec.network.${direction}.agents[${index}]`,
          detail: 'must have exactly one of name and group',
        };
    }
  }
}

function* checkClaim({ workspace }: DeclaredSpec): Iterable<Problem> {
  const { existingClaim, ...own } = workspace;
  if (existingClaim === undefined) return;
  for (const field of Object.keys(own))
    yield { field: `spec.workspace.${field}`, detail: 'does not go with existingClaim; leave it out' };
}

/** What of the workspace that there is cannot become what is wanted. */
export function* checkWorkspace(wanted: Workspace, existing: Workspace | undefined): Iterable<Problem> {
  if (existing === undefined) return;
  const remedy = 'cannot be changed; make another Agent and move the files';
  if (isGiven(wanted) || isGiven(existing)) {
    if (!isSameJson(wanted as unknown as Json, existing as unknown as Json))
      yield { field: 'spec.workspace.existingClaim', detail: 'cannot be changed; make another Agent' };
    return;
  }
  if (wanted.storageClassName !== existing.storageClassName)
    yield { field: 'spec.workspace.storageClassName', detail: remedy };
  if (!isSameSet(wanted.accessModes, existing.accessModes))
    yield { field: 'spec.workspace.accessModes', detail: remedy };
  if (milliOf(wanted.size) < milliOf(existing.size))
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

function milliOf(amount: string | number): bigint {
  return parseQuantity(String(amount))?.milli ?? 0n;
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((element) => b.includes(element));
}
