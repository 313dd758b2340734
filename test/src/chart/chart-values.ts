import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../rynxs-process.js';
import type { Values } from './chart-renderer.js';

const VALUES_FILE = 'helm/rynxs/values.yaml';
const SCHEMA_FILE = 'helm/rynxs/values.schema.json';

/** A JSON schema, as far as it is walked here. */
export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

export function defaultValues(): Values {
  return parse(readFileSync(join(ROOT, VALUES_FILE), 'utf8')) as Values;
}

export function valuesText(): string {
  return readFileSync(join(ROOT, VALUES_FILE), 'utf8');
}

export function valuesSchema(): Schema {
  return JSON.parse(readFileSync(join(ROOT, SCHEMA_FILE), 'utf8')) as Schema;
}

/** The paths of all values that are no maps, or empty ones. */
export function leafPaths(value: unknown, path = ''): readonly string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([name, inside]) => leafPaths(inside, path === '' ? name : `${path}.${name}`));
}

/** The same of a schema: what can be set, except below maps of any names and inside of lists. */
export function schemaLeafPaths(root: Schema, schema = root, path = ''): readonly string[] {
  const { properties } = resolved(root, schema);
  if (properties === undefined) return [path];
  return Object.entries(properties).flatMap(([name, inside]) =>
    schemaLeafPaths(root, inside, path === '' ? name : `${path}.${name}`),
  );
}

/** The schema that a reference, also one with a description beside it, leads to. */
export function resolved(root: Schema, schema: Schema): Schema {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference === undefined) return schema;
  return root.definitions?.[reference.replace('#/definitions/', '')] ?? {};
}

export function getPath(values: Values, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inside, name) => (inside as Values | null | undefined)?.[name], values);
}

/** The values without what stands at the path. */
export function withoutPath(values: Values, path: string): Values {
  const [name = '', ...rest] = path.split('.');
  const { [name]: inside, ...others } = values;
  if (rest.length === 0 || inside === undefined) return others;
  return { ...others, [name]: withoutPath(inside as Values, rest.join('.')) };
}
