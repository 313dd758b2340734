import { dashboard, graph, increase, of, quantile, rate, shareOfGood, stat, total } from './grafana.mjs';

const GOOD_SHARE = [
  [null, 'red'],
  [0.99, 'orange'],
  [0.999, 'green'],
];

const serviceLevels = [
  stat({
    title: 'Leaders',
    description:
      'Processes that lead, for each operator. It must be 1; an operator without replicas leads, too.',
    query: `sum by (namespace, job) (${of('rynxs_leader_election_status')})`,
    legend: '{{namespace}}/{{job}}',
    thresholds: [
      [null, 'red'],
      [1, 'green'],
      [2, 'red'],
    ],
  }),
  stat({
    title: 'Passes without an error',
    description: 'Part of all passes over objects that did not end with an error, in the time that is shown.',
    query: shareOfGood(
      total('controller_runtime_reconcile_errors_total'),
      total('controller_runtime_reconcile_total'),
    ),
    unit: 'percentunit',
    decimals: 2,
    thresholds: GOOD_SHARE,
  }),
  stat({
    title: 'Actions that succeeded',
    description:
      'Part of what was done to children of Agents that had its effect, in the time that is shown.',
    query: shareOfGood(
      total('rynxs_events_total', 'event_type="ActionFailed"'),
      total('rynxs_events_total', 'event_type=~"ActionApplied|ActionFailed"'),
    ),
    unit: 'percentunit',
    decimals: 2,
    thresholds: GOOD_SHARE,
  }),
  stat({
    title: 'Commits made durable',
    description: 'Part of all commits that the store of the log has taken, in the time that is shown.',
    query: shareOfGood(
      total('rynxs_event_append_errors_total'),
      `(${total('rynxs_event_append_duration_seconds_count')} + ${total('rynxs_event_append_errors_total')})`,
    ),
    unit: 'percentunit',
    decimals: 2,
    thresholds: GOOD_SHARE,
  }),
  stat({
    title: 'Oldest event not durable',
    description: 'How long the oldest event waits that is not durable yet. Nothing is done before it is.',
    query: `max(${of('rynxs_event_append_oldest_pending_seconds')})`,
    unit: 's',
    thresholds: [
      [null, 'green'],
      [1, 'orange'],
      [10, 'red'],
    ],
  }),
  stat({
    title: 'Agents not ready',
    description: 'Agents that should run and do not: on their way, or degraded.',
    query: `sum(${of('rynxs_objects', 'reconciler="agent",health=~"progressing|degraded"')})`,
    thresholds: [
      [null, 'green'],
      [1, 'orange'],
    ],
  }),
  graph({
    title: 'Time for a pass',
    description: 'From when an object is looked at until what follows from it is done and reported.',
    queries: [0.5, 0.95, 0.99].map((q) => [quantile(q, 'rynxs_reconcile_duration_seconds'), `p${q * 100}`]),
    unit: 's',
  }),
  graph({
    title: 'Time for a commit',
    description: 'From when events are sent to the store of the log until they are durable.',
    queries: [0.5, 0.95, 0.99].map((q) => [
      quantile(q, 'rynxs_event_append_duration_seconds'),
      `p${q * 100}`,
    ]),
    unit: 's',
  }),
  graph({
    title: 'Since the last durable event',
    description: 'An idle operator records nothing; what must not grow is the time that an event waits.',
    queries: [
      [
        `time() - max by (namespace, job) (${of('rynxs_event_append_last_success_timestamp_seconds')} > 0)`,
        'since the last: {{namespace}}/{{job}}',
      ],
      [
        `max by (namespace, job) (${of('rynxs_event_append_oldest_pending_seconds')})`,
        'oldest waits: {{namespace}}/{{job}}',
      ],
    ],
    unit: 's',
  }),
];

const leadership = [
  graph({
    title: 'Who leads',
    description: '1 for the process that leads.',
    queries: [[of('rynxs_leader_election_status'), '{{namespace}}/{{pod}}']],
    max: 2,
    stepped: true,
  }),
  graph({
    title: 'Leadership gained and lost',
    description:
      'Terms that began and ended. A rolling update makes one of each for every leader that it replaces.',
    queries: [[increase('rynxs_leader_transitions_total', 'event'), '{{event}}']],
  }),
  graph({
    title: 'Steps of the election that failed',
    description: 'By reason; lost_takeover_race is no harm: another replica was faster.',
    queries: [[increase('rynxs_leader_election_failures_total', 'reason'), '{{reason}}']],
  }),
];

const log = [
  graph({
    title: 'Events',
    description: 'Events in a second that became durable, by type. Types that do not occur are left out.',
    queries: [[`${rate('rynxs_events_total', 'event_type')} > 0`, '{{event_type}}']],
    unit: 'ops',
    stacked: true,
  }),
  graph({
    title: 'Commits that failed',
    description: 'By the code of the error; docs/errors.md has the remedies.',
    queries: [[increase('rynxs_event_append_errors_total', 'error_type'), '{{error_type}}']],
  }),
  graph({
    title: 'State of the log',
    description: 'Whether the store answers, and whether the log was found damaged.',
    queries: [
      [`min by (namespace, pod) (${of('rynxs_log_available')})`, 'available: {{namespace}}/{{pod}}'],
      [`max by (namespace, pod) (${of('rynxs_log_chain_broken')})`, 'damaged: {{namespace}}/{{pod}}'],
    ],
    max: 2,
    stepped: true,
  }),
  graph({
    title: 'Since the last checkpoint',
    description:
      'What is not covered by a signed checkpoint could be taken from the end of the log unnoticed.',
    queries: [
      [
        `time() - max by (namespace, job) (${of('rynxs_checkpoint_last_success_timestamp_seconds')} > 0)`,
        '{{namespace}}/{{job}}',
      ],
    ],
    unit: 's',
  }),
  graph({
    title: 'Last replay',
    description: 'Time to verify and replay the log, at the last start of each process.',
    queries: [[of('rynxs_replay_last_duration_seconds'), '{{namespace}}/{{pod}}']],
    unit: 's',
  }),
  graph({
    title: 'Disk used',
    description: 'Of the file system that holds the log, with the file store.',
    queries: [[`max by (namespace, job) (${of('rynxs_log_disk_used_ratio')})`, '{{namespace}}/{{job}}']],
    unit: 'percentunit',
    max: 1,
  }),
];

const reconcile = [
  graph({
    title: 'Passes',
    description: 'Passes over objects in a second, by reconciler and result.',
    queries: [
      [rate('controller_runtime_reconcile_total', 'controller, result'), '{{controller}} {{result}}'],
    ],
    unit: 'ops',
  }),
  graph({
    title: 'Time for a pass, 99 %',
    description: 'By reconciler.',
    queries: [[quantile(0.99, 'rynxs_reconcile_duration_seconds', 'reconciler'), '{{reconciler}}']],
    unit: 's',
  }),
  graph({
    title: 'Objects worked on',
    description: 'At the same time, and how many may be (RYNXS_WORKERS).',
    queries: [
      [`sum by (controller) (${of('controller_runtime_active_workers')})`, '{{controller}}'],
      [`max(${of('controller_runtime_max_concurrent_reconciles')})`, 'most'],
    ],
  }),
  graph({
    title: 'Queue',
    description: 'Keys that wait, by reconciler.',
    queries: [[`sum by (name) (${of('workqueue_depth')})`, '{{name}}']],
  }),
  graph({
    title: 'Time in the queue, 99 %',
    description: 'How long keys wait before they are worked on.',
    queries: [[quantile(0.99, 'workqueue_queue_duration_seconds', 'name'), '{{name}}']],
    unit: 's',
  }),
  graph({
    title: 'Retries and stuck work',
    description: 'Keys in a second that were put back after a failure; time for which the oldest pass runs.',
    queries: [
      [rate('workqueue_retries_total', 'name'), 'retries in a second: {{name}}'],
      [
        `max by (name) (${of('workqueue_longest_running_processor_seconds')})`,
        'longest pass in seconds: {{name}}',
      ],
    ],
  }),
];

const apiClient = [
  graph({
    title: 'Requests',
    description: 'Requests to the API server in a second, by HTTP status; <error> when no answer came.',
    queries: [[rate('rest_client_requests_total', 'code'), '{{code}}']],
    unit: 'reqps',
  }),
  graph({
    title: 'Time for a request, 99 %',
    description: 'By verb; of a watch, to the beginning of its answer.',
    queries: [[quantile(0.99, 'rest_client_request_duration_seconds', 'verb'), '{{verb}}']],
    unit: 's',
  }),
  graph({
    title: 'Sent again, and watches',
    description:
      'Requests that were throttled or refused and sent again; watches that ended, and those within a second.',
    queries: [
      [rate('rest_client_request_retries_total', 'code'), 'sent again: {{code}}'],
      [`sum(rate(${of('reflector_watches_total')}[$__rate_interval]))`, 'watches ended'],
      [`sum(rate(${of('reflector_short_watches_total')}[$__rate_interval]))`, 'watches ended at once'],
    ],
    unit: 'reqps',
  }),
];

const agents = [
  graph({
    title: 'Agents by health',
    description: 'As the leader saw each of them last.',
    queries: [[`sum by (health) (${of('rynxs_objects', 'reconciler="agent"')})`, '{{health}}']],
    stacked: true,
  }),
  graph({
    title: 'Agents that became ready or degraded',
    description: 'As recorded in the log: what lasts.',
    queries: [
      [
        increase('rynxs_events_total', 'event_type', 'event_type=~"AgentReady|AgentDegraded|AgentSuspended"'),
        '{{event_type}}',
      ],
    ],
  }),
  graph({
    title: 'Objects',
    description: 'Agents, Sessions and Universes that are worked on.',
    queries: [[`sum by (reconciler) (${of('rynxs_objects')})`, '{{reconciler}}']],
  }),
];

const processes = [
  graph({
    title: 'Processor',
    description: 'Cores that are used.',
    queries: [[rate('process_cpu_seconds_total', 'namespace, pod'), '{{namespace}}/{{pod}}']],
  }),
  graph({
    title: 'Memory',
    description: 'Resident memory.',
    queries: [[of('process_resident_memory_bytes'), '{{namespace}}/{{pod}}']],
    unit: 'bytes',
  }),
  graph({
    title: 'Lag of the event loop, 99 %',
    description: 'How late a process comes to what it has to do.',
    queries: [[of('nodejs_eventloop_lag_p99_seconds'), '{{namespace}}/{{pod}}']],
    unit: 's',
  }),
];

/** How an operator does, from what its users notice down to its processes. */
export const operatorDashboard = dashboard({
  uid: 'rynxs-operator',
  title: 'Rynxs / Operator',
  description: 'How the Rynxs operator does: service levels first, then what stands behind them.',
  rows: [
    ['Service levels', serviceLevels],
    ['Leadership', leadership],
    ['Log', log],
    ['Reconcile', reconcile],
    ['API client', apiClient],
    ['Agents', agents],
    ['Processes', processes],
  ],
});
