import type { KubernetesObject } from '@rynxs/kernel';
import { canonicalize, type Json, type JsonMap } from '@rynxs/log';
import { isTimestamp } from '../expiry.js';
import { MAX_SPEC_BYTES } from '../observe.js';
import {
  checkSchema,
  type PatternWords,
  type Problem,
  project,
  type StructuralSchema,
  withDefaults,
} from './structural-schema.js';

/**
 * What `<Kind>Observed` records of an object whose spec holds no secrets: the declared fields, and when it was created.
 * A spec of more than 32 KiB is recorded by its size alone.
 */
export function recordSpec(schema: StructuralSchema, { spec, metadata }: KubernetesObject): JsonMap {
  const { creationTimestamp } = metadata;
  const createdAt = isTimestamp(creationTimestamp) ? creationTimestamp : null;
  const recorded = { createdAt, declared: project(schema, spec) };
  const bytes = Buffer.byteLength(canonicalize(recorded));
  return bytes > MAX_SPEC_BYTES ? { createdAt, bytes } : recorded;
}

/** The declared spec with defaults, or what is wrong with it by the schema. */
export function readSpec(
  schema: StructuralSchema,
  { declared, bytes }: JsonMap,
  words: PatternWords,
): { readonly spec: JsonMap } | { readonly problems: readonly Problem[] } {
  if (bytes !== undefined) {
    const detail = `has ${String(bytes)} bytes and must have at most ${MAX_SPEC_BYTES}`;
    return { problems: [{ field: 'spec', detail }] };
  }
  const spec: Json = withDefaults(schema, declared ?? null);
  const problems = checkSchema(schema, spec, 'spec', words);
  return problems.length > 0 ? { problems } : { spec: spec as JsonMap };
}
