import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { ChartRenderer, type RenderRequest } from '../chart/chart-renderer.js';
import {
  defaultValues,
  getPath,
  leafPaths,
  resolved,
  type Schema,
  schemaLeafPaths,
  valuesSchema,
  valuesText,
  withoutPath,
} from '../chart/chart-values.js';
import type { RenderedChart } from '../chart/rendered-chart.js';
import { VALUE_EFFECTS, type ValueEffect } from '../chart/value-effects.js';
import { ROOT } from '../rynxs-process.js';

describe('the values of the chart', function () {
  this.timeout(120_000);
  let renderer: ChartRenderer;

  before(async () => {
    renderer = new ChartRenderer();
    await renderer.prepare(VALUE_EFFECTS.flatMap((effect) => [withValue(effect), withoutValue(effect)]));
  });
  after(() => renderer?.[Symbol.dispose]());

  for (const [index, effect] of VALUE_EFFECTS.entries()) {
    const { path, at, is } = effect;
    it(`have an effect: ${path} (${index + 1}: ${at.slice(0, 2).join('/')} ${at.slice(2).join('.')})`, async () => {
      const [rendered, before] = await Promise.all([
        renderer.render(withValue(effect)),
        renderer.render(withoutValue(effect)),
      ]);
      expect(seenBy(effect, rendered)).to.deep.equal(is);
      expect(isDeepStrictEqual(seenBy(effect, before), is), 'it is so without the value').to.equal(false);
    });
  }

  it('have an effect, each of them', () => {
    const shown = new Set(
      VALUE_EFFECTS.flatMap(({ path, given }) => [path, ...leafPaths(getPath(given, path), path)]),
    );
    const schema = valuesSchema();
    const settable = [...leafPaths(defaultValues()), ...schemaLeafPaths(schema)];
    // Helm puts it into every chart.
    const without = new Set(settable.filter((path) => path !== 'global' && !isShown(path, shown, schema)));
    expect([...without]).to.deep.equal([]);
  });

  it('are all in the schema, which lets nothing else in', () => {
    const schema = valuesSchema();
    const known = schemaLeafPaths(schema);
    const unknown = leafPaths(defaultValues()).filter(
      (path) => !known.some((other) => `${path}.`.startsWith(`${other}.`) || other.startsWith(`${path}.`)),
    );
    expect(unknown).to.deep.equal([]);
    expect(openMaps(schema, schema, '')).to.deep.equal([
      // Of Helm; settings that only a plugin knows; and what has a schema of its own at the API server.
      ...['global', 'plugins[].config', 'extraVolumes[]', 'podSecurityContext.sysctls[]'],
      ...['affinity.nodeAffinity', 'affinity.podAffinity', 'affinity.podAntiAffinity'],
    ]);
  });

  it('are described in the schema as in values.yaml', async () => {
    const { documentedValues } = await import(`${ROOT}/scripts/lib/chart-readme.mjs`);
    const schema = valuesSchema();
    const documented = documentedValues(valuesText()) as readonly { path: string; description: string }[];
    expect(documented.length).to.be.greaterThan(80);
    for (const { path, description } of documented) {
      expect(schemaAt(schema, path)?.description, path).to.equal(description);
    }
    const paths = documented.map(({ path }) => path);
    const undocumented = leafPaths(defaultValues()).filter(
      (leaf) => !paths.some((path) => leaf === path || leaf.startsWith(`${path}.`)),
    );
    expect(undocumented).to.deep.equal([]);
  });
});

function withValue({ given }: ValueEffect): RenderRequest {
  return { values: given };
}

function withoutValue({ given, path }: ValueEffect): RenderRequest {
  return { values: withoutPath(given, path) };
}

function seenBy({ at, is }: ValueEffect, chart: RenderedChart): unknown {
  const [kind, name, ...way] = at;
  if (way.length === 0 && typeof is === 'boolean') return chart.find(kind, name) !== undefined;
  return chart.at(kind, name, ...way);
}

/** Shown itself, or a map of any names of which one was shown. */
function isShown(path: string, shown: ReadonlySet<string>, schema: Schema): boolean {
  if (shown.has(path)) return true;
  const isMap = schemaLeafPaths(schema).includes(path);
  return isMap && [...shown].some((other) => other.startsWith(`${path}.`));
}

function schemaAt(root: Schema, path: string): Schema | undefined {
  return path
    .split('.')
    .reduce<Schema | undefined>(
      (schema, name) => (schema === undefined ? undefined : resolved(root, schema).properties?.[name]),
      root,
    );
}

/** Where the schema takes maps with any names and any contents. */
function openMaps(root: Schema, schema: Schema, path: string): readonly string[] {
  const { type, properties = {}, additionalProperties, items } = resolved(root, schema);
  const open = type === 'object' && (additionalProperties === undefined || additionalProperties === true);
  return [
    ...(open ? [path] : []),
    ...Object.entries(properties).flatMap(([name, inside]) =>
      openMaps(root, inside, path === '' ? name : `${path}.${name}`),
    ),
    ...(items === undefined ? [] : openMaps(root, items, `${path}[]`)),
  ];
}
