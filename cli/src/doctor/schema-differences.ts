import { isSameJson, type Json, type JsonMap } from '@rynxs/log';

/** What all kinds have: each cluster describes it in its own way. */
const OF_EVERY_KIND: readonly string[] = ['apiVersion', 'kind', 'metadata'];
/** What tells people something, and decides nothing. */
const FOR_PEOPLE: readonly string[] = ['description', 'title', 'example'];

/** Rules in the Common Expression Language, which API servers before Kubernetes 1.25 drop. */
export const RULES = 'x-kubernetes-validations';

const INT_OR_STRING = 'int-or-string';

/** Where a schema is not the one that is expected. */
export interface SchemaDifferences {
  /** `spec.network` where the field is missing, `spec.image (maxLength)` where a rule for it is another one. */
  readonly missing: readonly string[];
  /** Fields that are not expected. */
  readonly unknown: readonly string[];
}

/**
 * Compares the schema of a kind with the one that is published for it, field by field. Descriptions may differ, and what
 * the schemas say of `metadata`.
 */
export function schemaDifferences(expected: JsonMap, found: JsonMap): SchemaDifferences {
  const differences: MutableDifferences = { missing: [], unknown: [] };
  compareFields(ownFields(expected), ownFields(found), '', differences);
  return differences;
}

interface MutableDifferences {
  readonly missing: string[];
  readonly unknown: string[];
}

function compareFields(expected: JsonMap, found: JsonMap, path: string, into: MutableDifferences): void {
  for (const [name, schema] of Object.entries(expected)) {
    const at = path === '' ? name : `${path}.${name}`;
    const other = found[name];
    if (isMap(schema) && isMap(other)) compareSchemas(schema, other, at, into);
    else into.missing.push(at);
  }
  for (const name of Object.keys(found)) {
    if (!(name in expected)) into.unknown.push(path === '' ? name : `${path}.${name}`);
  }
}

function compareSchemas(expected: JsonMap, published: JsonMap, path: string, into: MutableDifferences): void {
  const found = inOneSpelling(published);
  const keywords = new Set([...Object.keys(expected), ...Object.keys(found)]);
  for (const keyword of keywords) {
    if (FOR_PEOPLE.includes(keyword)) continue;
    const [a, b] = [expected[keyword], found[keyword]];
    if (keyword === 'properties') compareFields(mapOf(a), mapOf(b), path, into);
    else if (keyword === 'items' && isMap(a) && isMap(b)) compareSchemas(a, b, `${path}[]`, into);
    else if (keyword === 'additionalProperties' && isMap(a) && isMap(b))
      compareSchemas(a, b, `${path}.*`, into);
    else if (!isSameKeyword(keyword, a, b)) into.missing.push(`${path} (${keyword})`);
  }
}

/** A quantity has another spelling in OpenAPI than in a definition; `rynxs dev` publishes that. */
function inOneSpelling(schema: JsonMap): JsonMap {
  const { type, format, ...others } = schema;
  if (type !== 'string' || format !== INT_OR_STRING) return schema;
  return { ...others, [`x-kubernetes-${INT_OR_STRING}`]: true };
}

function isSameKeyword(keyword: string, a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return keyword === RULES ? isSameJson(rulesIn(a), rulesIn(b)) : isSameJson(a, b);
}

/** The rules alone: older API servers drop what newer ones may say beside them. */
function rulesIn(validations: Json): Json {
  if (!Array.isArray(validations)) return validations;
  return (validations as readonly Json[]).map((one) => mapOf(one).rule ?? null);
}

function ownFields({ properties }: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(mapOf(properties)).filter(([name]) => !OF_EVERY_KIND.includes(name)),
  );
}

function mapOf(value: Json | undefined): JsonMap {
  return isMap(value) ? value : {};
}

function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
