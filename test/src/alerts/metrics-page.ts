import { groupingLabelsOf, type Matcher, type Selector, selectorsOf } from './promql.js';

/** One series of a page of metrics. */
export interface PageSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const SERIES = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
/** What a scrape adds to every series. */
const OF_THE_SCRAPE = new Set(['namespace', 'job', 'pod', 'instance', 'service', 'endpoint', 'container']);
/** What Prometheus makes itself of each scrape. */
const BY_PROMETHEUS = new Set(['up']);
/** A regular expression that lists texts. */
const LIST = /^[\w|]+$/;

/** The series of a page in the text format of Prometheus. */
export function seriesOf(page: string): readonly PageSeries[] {
  return page.split('\n').flatMap((line) => {
    const [, name, labels = ''] = SERIES.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', value = '']) => [label, value] as const);
    return [{ name, labels: Object.fromEntries(pairs) }];
  });
}

/**
 * What expressions select and group by that is not on a page of metrics: names, labels and values of labels, as one line
 * each. An expression that asks for what nobody serves is no error in Prometheus: it is an alert that never fires, or an
 * empty panel. `made` are the names that other rules record.
 */
export function missingFrom(
  page: string,
  expressions: readonly string[],
  made: ReadonlySet<string> = new Set(),
): readonly string[] {
  const series = seriesOf(page);
  const missing = new Set<string>();
  for (const expression of expressions) {
    const selectors = selectorsOf(expression).filter(
      ({ metric }) => !made.has(metric) && !BY_PROMETHEUS.has(metric),
    );
    for (const line of selectors.flatMap((selector) => missingOf(selector, series))) missing.add(line);
    if (selectors.length === 0) continue;
    const read = series.filter(({ name }) => selectors.some(({ metric }) => metric === name));
    for (const label of groupingLabelsOf(expression)) {
      if (!OF_THE_SCRAPE.has(label) && !read.some(({ labels }) => label in labels))
        missing.add(`by (${label}): ${selectors.map(({ metric }) => metric).join(', ')}`);
    }
  }
  return [...missing];
}

function missingOf({ metric, matchers }: Selector, all: readonly PageSeries[]): readonly string[] {
  const series = all.filter(({ name }) => name === metric);
  if (series.length === 0) return [metric];
  const own = matchers.filter(({ label }) => !OF_THE_SCRAPE.has(label));
  return own.flatMap((matcher) =>
    valuesOf(matcher)
      .filter((value) => !series.some(({ labels }) => isThere(labels[matcher.label], value)))
      .map((value) => `${metric}{${matcher.label}="${value ?? '…'}"}`),
  );
}

/** The values that a matcher names; undefined for any. */
function valuesOf({ operator, value }: Matcher): readonly (string | undefined)[] {
  if (operator === '=' || operator === '!=') return [value];
  return LIST.test(value) ? value.split('|') : [undefined];
}

function isThere(found: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined ? found !== undefined : found === wanted;
}
