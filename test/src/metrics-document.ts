import { readFileSync } from 'node:fs';

const ROW = /^\| `(\w+)` \| (counter|gauge|histogram) \| (.*?) ?\| /;
const TYPE = /^# TYPE (\w+) (\w+)$/;
const SERIES = /^(\w+)(?:\{(.*)\})? [^ ]+$/;
/** Made by the library; documented as a whole. */
const OF_THE_PROCESS = /^(?:process|nodejs)_/;

/** Metrics as `name type label,label`, sorted. */
export interface MetricLists {
  readonly documented: readonly string[];
  readonly served: readonly string[];
}

/**
 * What docs/METRICS.md says of the metrics whose names match `of`, and what a page of metrics serves. Labels of a metric
 * without any series are unknown; they are taken from the document.
 */
export function metricLists(page: string, of: RegExp): MetricLists {
  const document = readFileSync(new URL('../../docs/METRICS.md', import.meta.url), 'utf8');
  const documented = new Map<string, { readonly type: string; readonly labels: string }>();
  for (const line of document.split('\n')) {
    const [, name = '', type = '', labels = ''] = ROW.exec(line) ?? [];
    if (name !== '') documented.set(name, { type, labels: sorted(labels.match(/\w+/g) ?? []) });
  }
  const served: string[] = [];
  for (const [name, type] of typesOf(page)) {
    const labels = labelsOf(page, name, type) ?? documented.get(name)?.labels ?? '';
    if (of.test(name) && !OF_THE_PROCESS.test(name)) served.push(`${name} ${type} ${labels}`);
  }
  return {
    documented: [...documented]
      .filter(([name]) => of.test(name))
      .map(([name, { type, labels }]) => `${name} ${type} ${labels}`)
      .sort(),
    served: served.sort(),
  };
}

function typesOf(page: string): readonly (readonly [name: string, type: string])[] {
  return page.split('\n').flatMap((line) => {
    const [, name, type] = TYPE.exec(line) ?? [];
    return name === undefined || type === undefined ? [] : [[name, type] as const];
  });
}

function labelsOf(page: string, name: string, type: string): string | undefined {
  const series = type === 'histogram' ? `${name}_count` : name;
  for (const line of page.split('\n')) {
    const [, found, labels = ''] = SERIES.exec(line) ?? [];
    if (found === series) return sorted([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
  }
  return undefined;
}

function sorted(labels: readonly string[]): string {
  return [...labels].sort().join();
}
