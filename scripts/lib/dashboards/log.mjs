import { dashboard, graph, increase, of, quantile, rate } from './grafana.mjs';

const commits = 'rynxs_event_append_duration_seconds_count';

const writing = [
  graph({
    title: 'Time for a commit',
    description: 'From when events are sent to the store until they are durable.',
    queries: [0.5, 0.9, 0.99].map((q) => [quantile(q, 'rynxs_event_append_duration_seconds'), `p${q * 100}`]),
    unit: 's',
  }),
  graph({
    title: 'Commits and events',
    description: 'In a second. What is to be recorded while a commit is on its way goes into the next one.',
    queries: [
      [`sum(rate(${of(commits)}[$__rate_interval]))`, 'commits'],
      [`sum(rate(${of('rynxs_events_total')}[$__rate_interval]))`, 'events'],
    ],
    unit: 'ops',
  }),
  graph({
    title: 'Oldest event not durable',
    description: 'How long it waits. Nothing is done before the decision for it is durable.',
    queries: [[of('rynxs_event_append_oldest_pending_seconds'), '{{namespace}}/{{pod}}']],
    unit: 's',
  }),
  graph({
    title: 'Commits that failed',
    description: 'By the code of the error; docs/errors.md has the remedies.',
    queries: [[increase('rynxs_event_append_errors_total', 'error_type'), '{{error_type}}']],
  }),
  graph({
    title: 'Records',
    description: 'Sequence number of the last record, as each process knows it: followers come after.',
    queries: [[of('rynxs_log_head_seq'), '{{namespace}}/{{pod}}']],
    unit: 'none',
  }),
  graph({
    title: 'Terms',
    description: 'Epoch of the last record: it rises with every term of any process.',
    queries: [[`max by (namespace, job) (${of('rynxs_log_epoch')})`, '{{namespace}}/{{job}}']],
    unit: 'none',
    stepped: true,
  }),
];

const store = [
  graph({
    title: 'Writes to the bucket',
    description: 'Requests in a second that write; one that is sent again counts again.',
    queries: [[rate('rynxs_s3_put_total', 'namespace, job'), '{{namespace}}/{{job}}']],
    unit: 'reqps',
  }),
  graph({
    title: 'Writes to the bucket that failed',
    description: 'PreconditionFailed alone is the fence at work: somebody else had written there first.',
    queries: [[increase('rynxs_s3_put_errors_total', 'error_type'), '{{error_type}}']],
  }),
  graph({
    title: 'Disk used',
    description: 'Of the file system that holds the log, with the file store.',
    queries: [[`max by (namespace, job) (${of('rynxs_log_disk_used_ratio')})`, '{{namespace}}/{{job}}']],
    unit: 'percentunit',
    max: 1,
  }),
  graph({
    title: 'Store answers',
    description: '1 while the store could be written or read last.',
    queries: [[of('rynxs_log_available'), '{{namespace}}/{{pod}}']],
    max: 2,
    stepped: true,
  }),
];

const checkpoints = [
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
    title: 'Time for a checkpoint',
    description: 'To sign it and to keep it.',
    queries: [0.5, 0.99].map((q) => [quantile(q, 'rynxs_checkpoint_duration_seconds'), `p${q * 100}`]),
    unit: 's',
  }),
  graph({
    title: 'Checkpoints that failed',
    description: 'By where they could not be kept: in the store, as the anchor, or as a snapshot.',
    queries: [[increase('rynxs_checkpoint_errors_total', 'place'), '{{place}}']],
  }),
];

const reading = [
  graph({
    title: 'Last replay',
    description: 'Time to verify and replay the log, at the last start of each process.',
    queries: [[of('rynxs_replay_last_duration_seconds'), '{{namespace}}/{{pod}}']],
    unit: 's',
  }),
  graph({
    title: 'Verification in the background',
    description: 'Work in a second on what stands behind a snapshot.',
    queries: [[rate('rynxs_verification_duration_seconds_sum', 'namespace, pod'), '{{namespace}}/{{pod}}']],
    unit: 's',
  }),
  graph({
    title: 'Damage',
    description: '1 when the log was found damaged: rynxs log verify says where.',
    queries: [[of('rynxs_log_chain_broken'), '{{namespace}}/{{pod}}']],
    max: 2,
    stepped: true,
  }),
];

/** How the event log does. */
export const logDashboard = dashboard({
  uid: 'rynxs-log',
  title: 'Rynxs / Log',
  description: 'How the event log of the Rynxs operator does: writing, its store, checkpoints, reading.',
  rows: [
    ['Writing', writing],
    ['Store', store],
    ['Checkpoints', checkpoints],
    ['Reading', reading],
  ],
});
