// What Rynxs's dashboards use of Grafana's dashboard model (Grafana 10 and newer):
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

const SCHEMA_VERSION = 39;
const COLUMNS = 24;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
/** Exists in every operator from the start, also while it does not lead: what tells operators from others. */
const OPERATORS = 'rynxs_leader_election_status';

/** The series of a metric that the variables of the dashboard select, with more matchers on demand. */
export function of(metric, matchers = '') {
  const more = matchers === '' ? '' : `,${matchers}`;
  return `${metric}{namespace=~"$namespace",job=~"$job"${more}}`;
}

/** What a counter has grown by in a second, in the time that a point of a graph stands for; summed over all but `by`. */
export function rate(metric, by, matchers) {
  return `sum by (${by}) (rate(${of(metric, matchers)}[$__rate_interval]))`;
}

/** What a counter has grown by in the time that a point of a graph stands for. */
export function increase(metric, by, matchers) {
  return `sum by (${by}) (increase(${of(metric, matchers)}[$__rate_interval]))`;
}

/** A quantile of a histogram, for each value of the labels `by`. */
export function quantile(q, histogram, by = '') {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${of(`${histogram}_bucket`)}[$__rate_interval])))`;
}

/** The part of `all` that is not `bad`, in the whole time that is shown; 1 when there was nothing at all. */
export function shareOfGood(bad, all) {
  return `1 - ${bad} / clamp_min(${all}, 1)`;
}

/** What counters have grown by in the whole time that is shown. */
export function total(metric, matchers) {
  return `sum(increase(${of(metric, matchers)}[$__range]))`;
}

/** One number, coloured by `thresholds`: what begins at a value, as `[[null, 'green'], [1, 'red']]`. */
export function stat({ title, description, query, legend, unit = 'none', decimals, thresholds }) {
  return {
    type: 'stat',
    width: 4,
    height: 4,
    title,
    description,
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals === undefined ? {} : { decimals }),
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps: thresholds.map(([value, color]) => ({ value, color })) },
      },
      overrides: [],
    },
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      colorMode: 'value',
      graphMode: 'none',
      textMode: 'auto',
      orientation: 'auto',
      justifyMode: 'auto',
    },
    targets: [target(query, legend ?? title, 0, { instant: true, range: false })],
  };
}

/** Lines over time: `queries` are expressions with their legends. */
export function graph({
  title,
  description,
  queries,
  unit = 'short',
  max,
  stacked = false,
  stepped = false,
}) {
  return {
    type: 'timeseries',
    width: 8,
    height: 7,
    title,
    description,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: 'line',
          lineInterpolation: stepped ? 'stepAfter' : 'linear',
          lineWidth: 1,
          fillOpacity: stacked ? 40 : 8,
          showPoints: 'never',
          spanNulls: false,
          stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: queries.map(([query, legend], index) =>
      target(query, legend, index, { instant: false, range: true }),
    ),
  };
}

/** A dashboard: rows of `[title, panels]`, whose panels are laid out from left to right. */
export function dashboard({ uid, title, description, rows }) {
  return {
    uid,
    title,
    description,
    tags: ['rynxs'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'Rynxs',
        tags: ['rynxs'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
      },
    ],
    templating: {
      list: [
        datasource(),
        variable('namespace', 'Namespace', `label_values(${OPERATORS}, namespace)`),
        variable('job', 'Job', `label_values(${OPERATORS}{namespace=~"$namespace"}, job)`),
      ],
    },
    panels: laidOut(rows),
  };
}

function target(expr, legendFormat, index, kind) {
  return { refId: String.fromCharCode(65 + index), datasource: DATASOURCE, expr, legendFormat, ...kind };
}

function datasource() {
  const common = { hide: 0, multi: false, includeAll: false, current: {}, options: [] };
  return {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    refresh: 1,
    ...common,
  };
}

function variable(name, label, query) {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    // When the time range changes: operators come and go.
    refresh: 2,
    sort: 1,
    hide: 0,
    multi: true,
    includeAll: true,
    current: { selected: true, text: ['All'], value: ['$__all'] },
    options: [],
  };
}

function laidOut(rows) {
  const panels = [];
  let y = 0;
  for (const [title, content] of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const { width, height: h, ...panel } of content) {
      if (x + width > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      const gridPos = { x, y, w: width, h };
      panels.push({ id: panels.length + 1, datasource: DATASOURCE, gridPos, ...panel });
      x += width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return panels;
}
