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

/** Values of labels that rules and panels may select; each is there at 0 before it has happened. */
const PROMISED: readonly (readonly [metric: string, label: string, values: readonly string[]])[] = [
  [
    'rynxs_events_total',
    'event_type',
    [
      'EpochStarted',
      'EpochEnded',
      'TailDropped',
      'TailAdopted',
      'KeyAdded',
      'KeyRetired',
      'LogRecovered',
      'ConfigurationObserved',
      'ActionsDecided',
      'ActionApplied',
      'ActionFailed',
      'ActionUnconfirmed',
      'DriftObserved',
      'DeadlineReached',
      'AgentObserved',
      'AgentDeleted',
      'AgentReady',
      'AgentDegraded',
      'AgentSuspended',
      'AgentCrashSummary',
      'ContainmentObserved',
      'WorkspaceClaimBound',
      'SessionObserved',
      'UniverseObserved',
    ],
  ],
  [
    'rynxs_event_append_errors_total',
    'error_type',
    ['RYNXS_LOG_FENCED', 'RYNXS_LOG_FULL', 'RYNXS_LOG_UNAVAILABLE', 'RYNXS_LEADERSHIP_LOST'],
  ],
  ['rynxs_checkpoint_errors_total', 'place', ['store', 'anchor', 'snapshot']],
  ['rynxs_leader_transitions_total', 'event', ['acquired', 'lost']],
  [
    'rynxs_leader_election_failures_total',
    'reason',
    [
      'api_error',
      'conflict_retries_exhausted',
      'lost_lease_during_renew',
      'lost_takeover_race',
      'api_error_during_retry',
    ],
  ],
  ['controller_runtime_reconcile_total', 'result', ['success', 'requeue_after', 'error']],
  ['controller_runtime_reconcile_errors_total', 'controller', ['agent', 'session', 'universe']],
  ['rynxs_objects', 'health', ['ready', 'progressing', 'degraded', 'suspended', 'none']],
  ['workqueue_retries_total', 'name', ['agent', 'session', 'universe']],
];
const PROMISED_OF_S3: typeof PROMISED = [
  [
    'rynxs_s3_put_errors_total',
    'error_type',
    ['AccessDenied', 'PreconditionFailed', 'NoSuchBucket', 'NetworkError', 'Other'],
  ],
];

/** What is promised and not on a page of metrics of an operator with this store, as `name{label="value"}`. */
export function missingSeries(page: string, store: 'file' | 's3'): readonly string[] {
  const promised = store === 's3' ? [...PROMISED, ...PROMISED_OF_S3] : PROMISED;
  const lines = page.split('\n');
  return promised.flatMap(([metric, label, values]) =>
    values
      .filter(
        (value) =>
          !lines.some((line) => line.startsWith(`${metric}{`) && line.includes(`${label}="${value}"`)),
      )
      .map((value) => `${metric}{${label}="${value}"}`),
  );
}
