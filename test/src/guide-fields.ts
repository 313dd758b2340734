import { definitions } from '@rynxs/agent-sandbox';
import type { Json } from '@rynxs/log';

// For tests of pages that describe a kind: that no field is missing there.

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** The fields of a kind's spec: `network.egress.cidrs[].ports[].port`. */
export function fieldsOf(plural: string): readonly string[] {
  const definition = definitions.find(({ metadata }) => metadata.name === `${plural}.universe.ai`);
  if (definition === undefined) throw new Error(`the plugin defines no ${plural}`);
  const { versions } = definition.spec as {
    versions: readonly [{ schema: { openAPIV3Schema: { properties: { spec: Schema } } } }];
  };
  return [...leavesOf(versions[0].schema.openAPIV3Schema.properties.spec)];
}

/** The fields for which a spec has a value. */
export function* placesIn(value: Json, place = ''): Iterable<string> {
  if (Array.isArray(value)) for (const item of value) yield* placesIn(item, `${place}[]`);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value))
      yield* placesIn(member, place === '' ? name : `${place}.${name}`);
  } else yield place;
}

/** Fields that no row of a table begins with; a row may name several (`limits.cpu`, `.memory`), and a parent for all below. */
export function fieldsWithoutRow(fields: readonly string[], table: string): readonly string[] {
  const rows = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
  const named = rows.flatMap((cell) => {
    const [first = '', ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    const parent = first.slice(0, first.lastIndexOf('.'));
    return [first, ...others.map((name) => (name.startsWith('.') ? `${parent}${name}` : name))];
  });
  return fields.filter(
    (field) =>
      !named.some((name) => field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`)),
  );
}

function* leavesOf({ properties, items }: Schema, place = ''): Iterable<string> {
  if (items !== undefined) yield* leavesOf(items, `${place}[]`);
  for (const [name, field] of Object.entries(properties ?? {}))
    yield* leavesOf(field, place === '' ? name : `${place}.${name}`);
  if (properties === undefined && items === undefined) yield place;
}
