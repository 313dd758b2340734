import type { KubernetesObject } from '@rynxs/kernel';
import { canonicalize, type Json, type JsonMap } from '@rynxs/log';
import { isTimestamp } from './expiry.js';
import { isCredentialName, looksLikeCredential, REDACTED } from './schema/credentials.js';
import { specSchema } from './schema/spec-schema.js';
import { project } from './schema/structural-schema.js';

/** Bytes of canonical JSON that may be recorded of an Agent. */
export const MAX_SPEC_BYTES = 32 * 1024;

/**
 * What `AgentObserved` records: the fields of the spec as declared, and under `metadata` what else decisions depend
 * on. Literal text that is or may be a secret is replaced before it gets anywhere. A spec of more than 32 KiB is
 * recorded by its size alone.
 */
export function observeAgent(object: KubernetesObject): JsonMap {
  const projected = project(specSchema, object.spec);
  const spec = isMap(projected) ? projected : {};
  const { creationTimestamp } = object.metadata;
  const metadata = {
    creationTimestamp: isTimestamp(creationTimestamp) ? creationTimestamp : null,
    // A field of this name does not exist in the spec; keep that it was there.
    ...('metadata' in spec ? { unknownFields: ['metadata'] } : {}),
  };
  const declaredBytes = sizeOf({ ...spec, metadata });
  // Before anything looks into the text, whose length only the API server bounds so far.
  if (declaredBytes > MAX_SPEC_BYTES) return { metadata: { ...metadata, specBytes: declaredBytes } };
  const recorded = { ...redact(spec), metadata };
  const bytes = sizeOf(recorded);
  return bytes > MAX_SPEC_BYTES ? { metadata: { ...metadata, specBytes: bytes } } : recorded;
}

function sizeOf(value: JsonMap): number {
  return Buffer.byteLength(canonicalize(value));
}

function redact(spec: JsonMap): JsonMap {
  return {
    ...spec,
    ...(Array.isArray(spec.env) ? { env: spec.env.map(redactVariable) } : {}),
    ...(Array.isArray(spec.command) ? { command: spec.command.map(redactText) } : {}),
    ...(Array.isArray(spec.args) ? { args: spec.args.map(redactText) } : {}),
  };
}

function redactVariable(variable: Json): Json {
  if (!isMap(variable) || typeof variable.value !== 'string') return variable;
  const isSecret =
    variable.value !== '' && typeof variable.name === 'string' && isCredentialName(variable.name);
  return { ...variable, value: isSecret ? REDACTED : redactText(variable.value) };
}

function redactText(text: Json): Json {
  return typeof text === 'string' && looksLikeCredential(text) ? REDACTED : text;
}

function isMap(value: Json): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
