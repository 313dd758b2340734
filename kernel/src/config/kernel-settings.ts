import { type ConfigValues, defineConfig } from '../contracts/config.js';

/** Settings of the kernel itself; under `kernel:` in rynxs.yaml. */
export const kernelSettings = defineConfig({
  eventStoreType: {
    type: 'string',
    default: 'file',
    env: 'EVENT_STORE_TYPE',
    doc: 'Which event store holds the log; a plugin provides it.',
  },
  leadershipType: {
    type: 'string',
    default: 'standalone',
    env: 'LEADERSHIP_TYPE',
    doc: 'How one of several operators is chosen to act: `lease` by a Lease of the cluster, which takes a log that all can reach; `standalone` for a single one.',
  },
  clusterType: {
    type: 'string',
    default: 'kubernetes',
    env: 'CLUSTER_TYPE',
    doc: 'Which cluster is worked on: `kubernetes`, or `embedded` for one inside this process.',
  },
  telemetryType: {
    type: 'string',
    default: 'prometheus',
    env: 'TELEMETRY_TYPE',
    doc: 'Where metrics and health go; `none` serves nothing.',
  },
  plugins: {
    type: 'list',
    env: 'RYNXS_PLUGINS',
    doc: 'Plugins to load besides those that come with Rynxs: names of packages, or paths.',
  },
  logLevel: {
    type: 'choice',
    values: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    env: 'LOG_LEVEL',
    doc: 'The least important log lines that are written.',
  },
  logFormat: {
    type: 'choice',
    values: ['json', 'text'],
    default: 'json',
    env: 'LOG_FORMAT',
    doc: 'Form of log lines: JSON for machines, text for people.',
  },
  startTimeout: {
    type: 'duration',
    default: '30s',
    env: 'START_TIMEOUT',
    min: 1,
    max: 3_600_000,
    doc: 'Time that each plugin has to load, and each of its services to start.',
  },
  stopTimeout: {
    type: 'duration',
    default: '10s',
    env: 'STOP_TIMEOUT',
    min: 1,
    max: 3_600_000,
    doc: 'Time that each service of a plugin has to stop.',
  },
  signingKeyFile: {
    type: 'string',
    env: 'LOG_SIGNING_KEY_FILE',
    doc: 'File with the private key that signs the checkpoints of the log; `rynxs keys generate` makes one; an Ed25519 key in PEM will do, too. Without it they are unsigned.',
  },
  previousSigningKeyFile: {
    type: 'string',
    env: 'LOG_PREVIOUS_SIGNING_KEY_FILE',
    doc: 'File with the signing key before, for a change of keys: it vouches for the new one and is retired.',
  },
  trustedKeys: {
    type: 'list',
    env: 'LOG_TRUSTED_KEYS',
    doc: 'Verifier keys whose checkpoints of the log count besides those of the own signing key.',
  },
  anchor: {
    type: 'choice',
    values: ['configmap', 'none'],
    default: 'configmap',
    env: 'LOG_ANCHOR',
    doc: 'Where the newest checkpoint is remembered outside of the store: the ConfigMap rynxs-log-anchor, or nowhere.',
  },
  damageLinger: {
    type: 'duration',
    default: '65s',
    env: 'LOG_DAMAGE_LINGER',
    min: 0,
    max: 3_600_000,
    doc: 'How long an operator that found its log damaged still serves its metrics before it ends, so that a scrape sees it; `0s` ends at once.',
  },
  namespace: {
    type: 'string',
    default: 'kube-system',
    env: 'POD_NAMESPACE',
    doc: "Namespace of the operator's own objects, as the ConfigMap rynxs-log-anchor.",
  },
  shard: {
    type: 'string',
    default: 'default',
    env: 'RYNXS_SHARD',
    doc: 'Name of the part of the cluster that this operator works on; recorded in the log.',
  },
  workers: {
    type: 'integer',
    default: '16',
    env: 'RYNXS_WORKERS',
    min: 1,
    max: 256,
    doc: 'Objects that are reconciled at the same time.',
  },
});

export type KernelSettings = ConfigValues<typeof kernelSettings>;
