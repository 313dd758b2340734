import type { Values } from './chart-renderer.js';
import type { FieldPath } from './rendered-chart.js';

/** What a value does: with `given`, `is` stands in the rendered chart at `at`; without the value at `path`, it does not. */
export interface ValueEffect {
  readonly path: string;
  readonly given: Values;
  /** Kind and name of an object, and the way into it; no way means the object itself, of which `is` says whether it is there. */
  readonly at: readonly [kind: string, name: string, ...way: FieldPath];
  readonly is: unknown;
}

type Place = ValueEffect['at'];

const OPERATOR = ['Deployment', 'rynxs-operator'] as const;
const POD = [...OPERATOR, 'spec', 'template', 'spec'] as const;
const CONTAINER = [...POD, 'containers', 'operator'] as const;
const MINIO_POD = ['Deployment', 'rynxs-minio', 'spec', 'template', 'spec'] as const;
const MINIO_CONTAINER = [...MINIO_POD, 'containers', 'minio'] as const;
const CLAIM = ['PersistentVolumeClaim', 'rynxs-operator-logs'] as const;
const MINIO_CLAIM = ['PersistentVolumeClaim', 'rynxs-minio'] as const;
const MONITOR = ['ServiceMonitor', 'rynxs-operator'] as const;
const METRICS_SERVICE = ['Service', 'rynxs-operator-metrics'] as const;
const BOUNDARY = ['NetworkPolicy', 'rynxs-operator-metrics'] as const;
const RULES = ['PrometheusRule', 'rynxs-operator-alerts'] as const;
const BUDGET = ['PodDisruptionBudget', 'rynxs-operator'] as const;
const DASHBOARD = ['ConfigMap', 'rynxs-dashboard-operator'] as const;
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const S3 = { bucket: 'my-event-log' };
const VERIFIER_KEY = 'rynxs+01234567+AQID';

function env(name: string): Place {
  return [...CONTAINER, 'env', name, 'value'];
}

/** An effect of one value that is alone. */
function alone(path: string, value: unknown, at: Place, is: unknown): ValueEffect {
  return { path, given: nested(path, value), at, is };
}

/** An effect of one value among others that it needs. */
function among(others: Values, path: string, value: unknown, at: Place, is: unknown): ValueEffect {
  return { path, given: merged(others, nested(path, value)), at, is };
}

function nested(path: string, value: unknown): Values {
  const [name = '', ...rest] = path.split('.');
  return { [name]: rest.length === 0 ? value : nested(rest.join('.'), value) };
}

function merged(first: Values, second: Values): Values {
  const both = { ...first, ...second };
  for (const name of Object.keys(first)) {
    const inside = [first[name], second[name]];
    if (inside.every(isMap))
      Object.assign(both, { [name]: merged(inside[0] as Values, inside[1] as Values) });
  }
  return both;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const REPLICAS = { replicaCount: 3, leaderElection: { enabled: true }, logSink: { type: 's3', s3: S3 } };
const ELECTION = { leaderElection: { enabled: true }, logSink: { type: 's3', s3: S3 } };
const METRICS = { metrics: { enabled: true } };
const MONITORED = { metrics: { enabled: true, serviceMonitor: { enabled: true } } };
const BOUNDED = { metrics: { enabled: true, networkPolicy: { enabled: true } } };
const ALERTS = { metrics: { enabled: true, prometheusRule: { enabled: true } } };
const DASHBOARDS = { metrics: { enabled: true, dashboards: { enabled: true } } };
const MINIO = { minio: { enabled: true } };
const EXEC = { execPolicy: { enabled: true, namespaces: ['agents'] } };
const EXEC_POLICY = ['ValidatingAdmissionPolicy', 'rynxs-operator-exec-rynxs'] as const;
const EXEC_BINDING = ['ValidatingAdmissionPolicyBinding', 'rynxs-operator-exec-rynxs'] as const;
const PROBE = { initialDelaySeconds: 1, periodSeconds: 3, timeoutSeconds: 4, failureThreshold: 5 };
const AMOUNTS = { cpu: '1', memory: '1Gi', 'ephemeral-storage': '2Gi' };
const RESOURCES = { requests: AMOUNTS, limits: AMOUNTS, claims: [{ name: 'device' }] };
const SECCOMP = { type: 'Localhost', localhostProfile: 'rynxs.json' };
const POD_SECURITY = {
  runAsNonRoot: false,
  runAsUser: 1000,
  runAsGroup: 1001,
  fsGroup: 1002,
  fsGroupChangePolicy: 'Always',
  supplementalGroups: [1003],
  seccompProfile: SECCOMP,
  seLinuxOptions: { level: 's0' },
  sysctls: [{ name: 'net.core.somaxconn', value: '1024' }],
};
const SECURITY = {
  allowPrivilegeEscalation: true,
  readOnlyRootFilesystem: false,
  privileged: true,
  runAsNonRoot: false,
  runAsUser: 1000,
  runAsGroup: 1001,
  capabilities: { drop: ['CHOWN'], add: ['SYS_TIME'] },
  seccompProfile: SECCOMP,
  seLinuxOptions: { level: 's0' },
};
const TOLERATIONS = [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }];
const AFFINITY = {
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
  podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
  podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
};
const PLUGIN_IMAGE = { name: 'store', image: 'registry.example.com/store:1', path: '/plugin' };
const RELABELING = [{ action: 'labeldrop', regex: 'pod' }];

/** One effect for each value of the chart, at least. */
export const VALUE_EFFECTS: readonly ValueEffect[] = [
  alone('fullnameOverride', 'other', ['Deployment', 'other'], true),
  alone(
    'image.repository',
    'registry.example.com/op',
    [...CONTAINER, 'image'],
    'registry.example.com/op:v0.1.0',
  ),
  alone('image.tag', 'v9', [...CONTAINER, 'image'], 'ghcr.io/rynxs/operator:v9'),
  alone('image.digest', DIGEST, [...CONTAINER, 'image'], `ghcr.io/rynxs/operator@${DIGEST}`),
  alone('image.pullPolicy', 'Always', [...CONTAINER, 'imagePullPolicy'], 'Always'),
  alone('imagePullSecrets', [{ name: 'mine' }], [...POD, 'imagePullSecrets'], [{ name: 'mine' }]),
  among(ELECTION, 'replicaCount', 3, [...OPERATOR, 'spec', 'replicas'], 3),

  among({ logSink: { type: 's3', s3: S3 } }, 'leaderElection.enabled', true, env('LEADERSHIP_TYPE'), 'lease'),
  among(ELECTION, 'leaderElection.leaseDuration', '20s', env('LEADER_ELECTION_LEASE_DURATION'), '20s'),
  among(ELECTION, 'leaderElection.leaseDurationSeconds', 60, env('LEADER_ELECTION_LEASE_DURATION'), '60s'),
  among(ELECTION, 'leaderElection.renewDeadline', '8s', env('LEADER_ELECTION_RENEW_DEADLINE'), '8s'),
  among(ELECTION, 'leaderElection.renewDeadlineSeconds', 9, env('LEADER_ELECTION_RENEW_DEADLINE'), '9s'),
  among(ELECTION, 'leaderElection.retryPeriod', '500ms', env('LEADER_ELECTION_RETRY_PERIOD'), '500ms'),
  among(ELECTION, 'leaderElection.retryPeriodSeconds', 1, env('LEADER_ELECTION_RETRY_PERIOD'), '1s'),
  among(ELECTION, 'leaderElection.requestTimeout', '1s', env('LEADER_ELECTION_REQUEST_TIMEOUT'), '1s'),

  among({ logSink: { s3: S3 } }, 'logSink.type', 's3', env('EVENT_STORE_TYPE'), 's3'),
  alone('logSink.anchor', 'none', env('LOG_ANCHOR'), 'none'),
  among({ logSink: { s3: S3 } }, 'logSink.s3.enabled', true, env('EVENT_STORE_TYPE'), 's3'),
  among(ELECTION, 'logSink.s3.endpoint', 's3.example.com', env('S3_ENDPOINT'), 's3.example.com'),
  among(MINIO, 'logSink.s3.bucket', 'my-event-log', env('S3_BUCKET'), 'my-event-log'),
  among(ELECTION, 'logSink.s3.prefix', 'cluster-1', env('S3_PREFIX'), 'cluster-1'),
  among(ELECTION, 'logSink.s3.region', 'eu-central-1', env('S3_REGION'), 'eu-central-1'),
  among(
    ELECTION,
    'logSink.s3.accessKeySecret',
    'mine',
    [...CONTAINER, 'env', 'AWS_SECRET_ACCESS_KEY', 'valueFrom', 'secretKeyRef'],
    { name: 'mine', key: 'AWS_SECRET_ACCESS_KEY' },
  ),
  among(ELECTION, 'logSink.s3.forcePathStyle', false, env('S3_FORCE_PATH_STYLE'), 'false'),
  among(ELECTION, 'logSink.s3.caConfigMap', 'ca', [...POD, 'volumes', 's3-ca', 'configMap'], { name: 'ca' }),

  alone('persistence.enabled', false, [...POD, 'volumes', 'logs', 'emptyDir'], {}),
  alone('persistence.size', '20Gi', [...CLAIM, 'spec', 'resources', 'requests', 'storage'], '20Gi'),
  alone('persistence.storageClass', 'fast', [...CLAIM, 'spec', 'storageClassName'], 'fast'),
  alone('persistence.storageClass', '-', [...CLAIM, 'spec', 'storageClassName'], ''),
  alone(
    'persistence.accessModes',
    ['ReadWriteOncePod'],
    [...CLAIM, 'spec', 'accessModes'],
    ['ReadWriteOncePod'],
  ),
  alone(
    'persistence.existingClaim',
    'mine',
    [...POD, 'volumes', 'logs', 'persistentVolumeClaim', 'claimName'],
    'mine',
  ),
  alone('persistence.existingClaim', 'mine', CLAIM, false),
  alone('persistence.annotations', { a: 'b' }, [...CLAIM, 'metadata', 'annotations', 'a'], 'b'),

  alone('signingKey.create', false, env('LOG_SIGNING_KEY_FILE'), undefined),
  alone(
    'signingKey.existingSecret',
    'mine',
    [...POD, 'volumes', 'signing-key', 'secret', 'secretName'],
    'mine',
  ),
  alone(
    'signingKey.previousSecret',
    'old',
    env('LOG_PREVIOUS_SIGNING_KEY_FILE'),
    '/etc/rynxs/previous-signing-key/log-signing.key',
  ),
  alone(
    'signingKey.trustedKeys',
    [VERIFIER_KEY, VERIFIER_KEY],
    env('LOG_TRUSTED_KEYS'),
    `${VERIFIER_KEY},${VERIFIER_KEY}`,
  ),

  alone('shard', 'east', env('RYNXS_SHARD'), 'east'),
  alone('shard', 'east', ['Role', 'rynxs-operator', 'rules', 1, 'resourceNames'], ['rynxs-log-anchor-east']),
  alone('workers', 4, env('RYNXS_WORKERS'), '4'),
  alone('agents.defaultWorkspaceSize', '5Gi', env('AGENT_WORKSPACE_SIZE'), '5Gi'),
  alone('watchNamespaces', ['a', 'b'], env('KUBE_NAMESPACES'), 'a,b'),
  alone('watchNamespaces', ['a', 'b'], ['Role', 'rynxs-operator-agents'], true),
  alone('logging.level', 'debug', env('LOG_LEVEL'), 'debug'),
  alone('logging.format', 'text', env('LOG_FORMAT'), 'text'),

  alone(
    'plugins',
    [{ package: 'a' }, { package: '/mnt/plugins/b' }],
    env('RYNXS_PLUGINS'),
    'a,/mnt/plugins/b',
  ),
  alone('plugins', [{ package: 'a', env: [{ name: 'A', value: '1' }] }], env('A'), '1'),
  alone(
    'plugins',
    [{ package: 'a', id: 'a', config: { size: 1 } }],
    ['ConfigMap', 'rynxs-operator-config', 'data', 'rynxs.yaml'],
    'a:\n  size: 1\n',
  ),
  alone(
    'plugins',
    [{ package: 'a', id: 'a', config: { size: 1 } }],
    [...CONTAINER, 'args'],
    ['start', '--config', '/etc/rynxs/config/rynxs.yaml'],
  ),
  alone(
    'pluginImages',
    [PLUGIN_IMAGE],
    [...POD, 'initContainers', 'plugin-store', 'command'],
    ['cp', '-R', '/plugin/.', '/mnt/plugins/store'],
  ),
  alone('extraEnv', [{ name: 'KUBE_MAX_CONNECTIONS', value: '4' }], env('KUBE_MAX_CONNECTIONS'), '4'),
  alone('extraEnv', [{ name: 'LOG_LEVEL', value: 'warn' }], env('LOG_LEVEL'), 'warn'),
  alone('extraVolumes', [{ name: 'x', emptyDir: {} }], [...POD, 'volumes', 'x'], { name: 'x', emptyDir: {} }),
  alone(
    'extraVolumeMounts',
    [{ name: 'x', mountPath: '/x' }],
    [...CONTAINER, 'volumeMounts', 'x', 'mountPath'],
    '/x',
  ),

  alone('metrics.enabled', true, METRICS_SERVICE, true),
  among(METRICS, 'metrics.service.port', 80, [...METRICS_SERVICE, 'spec', 'ports', 0, 'port'], 80),
  among(METRICS, 'metrics.service.annotations', { a: 'b' }, [...METRICS_SERVICE, 'metadata', 'annotations'], {
    a: 'b',
  }),
  among(METRICS, 'metrics.serviceMonitor.enabled', true, MONITOR, true),
  among(MONITORED, 'metrics.serviceMonitor.labels', { a: 'b' }, [...MONITOR, 'metadata', 'labels', 'a'], 'b'),
  among(
    MONITORED,
    'metrics.serviceMonitor.interval',
    '15s',
    [...MONITOR, 'spec', 'endpoints', 0, 'interval'],
    '15s',
  ),
  among(
    MONITORED,
    'metrics.serviceMonitor.scrapeTimeout',
    '5s',
    [...MONITOR, 'spec', 'endpoints', 0, 'scrapeTimeout'],
    '5s',
  ),
  among(
    MONITORED,
    'metrics.serviceMonitor.relabelings',
    RELABELING,
    [...MONITOR, 'spec', 'endpoints', 0, 'relabelings'],
    RELABELING,
  ),
  among(
    MONITORED,
    'metrics.serviceMonitor.metricRelabelings',
    RELABELING,
    [...MONITOR, 'spec', 'endpoints', 0, 'metricRelabelings'],
    RELABELING,
  ),
  among(METRICS, 'metrics.networkPolicy.enabled', true, BOUNDARY, true),
  among(
    BOUNDED,
    'metrics.networkPolicy.namespaces',
    ['prometheus'],
    [...BOUNDARY, 'spec', 'ingress', 0, 'from', 0, 'namespaceSelector', 'matchExpressions', 0],
    { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['prometheus'] },
  ),
  among(METRICS, 'metrics.prometheusRule.enabled', true, RULES, true),
  among(ALERTS, 'metrics.prometheusRule.labels', { a: 'b' }, [...RULES, 'metadata', 'labels', 'a'], 'b'),
  among(
    ALERTS,
    'metrics.prometheusRule.annotations',
    { a: 'b' },
    [...RULES, 'metadata', 'annotations', 'a'],
    'b',
  ),
  among(
    ALERTS,
    'metrics.prometheusRule.namespace',
    'monitoring',
    [...RULES, 'metadata', 'namespace'],
    'monitoring',
  ),

  among(REPLICAS, 'podDisruptionBudget.enabled', false, BUDGET, false),
  among(REPLICAS, 'podDisruptionBudget.minAvailable', 2, [...BUDGET, 'spec', 'minAvailable'], 2),
  among(REPLICAS, 'podDisruptionBudget.maxUnavailable', '50%', [...BUDGET, 'spec', 'maxUnavailable'], '50%'),
  among(
    REPLICAS,
    'topologySpread.nodes',
    'hard',
    [...POD, 'topologySpreadConstraints', 0, 'whenUnsatisfiable'],
    'DoNotSchedule',
  ),
  among(
    REPLICAS,
    'topologySpread.zones',
    'hard',
    [...POD, 'topologySpreadConstraints', 1, 'whenUnsatisfiable'],
    'DoNotSchedule',
  ),

  alone('serviceAccount.create', false, ['ServiceAccount', 'rynxs-operator'], false),
  alone('serviceAccount.name', 'mine', [...POD, 'serviceAccountName'], 'mine'),
  alone(
    'serviceAccount.annotations',
    { 'eks.amazonaws.com/role-arn': 'arn' },
    ['ServiceAccount', 'rynxs-operator', 'metadata', 'annotations'],
    { 'eks.amazonaws.com/role-arn': 'arn' },
  ),
  alone('rbac.create', false, ['ClusterRole', 'rynxs-operator'], false),
  alone('crds.manage', true, ['CustomResourceDefinition', 'agents.universe.ai'], true),
  among({ execPolicy: { namespaces: ['agents'] } }, 'execPolicy.enabled', true, EXEC_POLICY, true),
  among(
    { ...EXEC, watchNamespaces: ['other'] },
    'execPolicy.namespaces',
    ['agents'],
    [...EXEC_BINDING, 'spec', 'matchResources', 'namespaceSelector', 'matchExpressions', 0, 'values'],
    ['agents'],
  ),
  among(
    EXEC,
    'execPolicy.allowedGroups',
    ['support'],
    [...EXEC_POLICY, 'spec', 'validations', 0, 'expression'],
    'has(request.userInfo.groups) && request.userInfo.groups.exists(group, group in ["support"])',
  ),

  alone('resources', RESOURCES, [...CONTAINER, 'resources'], RESOURCES),
  alone('podSecurityContext', POD_SECURITY, [...POD, 'securityContext'], POD_SECURITY),
  alone('securityContext', SECURITY, [...CONTAINER, 'securityContext'], SECURITY),
  alone('probes.startup', PROBE, [...CONTAINER, 'startupProbe'], {
    httpGet: { path: '/livez', port: 'health' },
    ...PROBE,
  }),
  alone('probes.liveness', PROBE, [...CONTAINER, 'livenessProbe'], {
    httpGet: { path: '/livez', port: 'health' },
    ...PROBE,
  }),
  alone('probes.readiness', PROBE, [...CONTAINER, 'readinessProbe'], {
    httpGet: { path: '/readyz', port: 'health' },
    ...PROBE,
  }),
  alone('terminationGracePeriodSeconds', 60, [...POD, 'terminationGracePeriodSeconds'], 60),
  alone('podAnnotations', { a: 'b' }, [...OPERATOR, 'spec', 'template', 'metadata', 'annotations', 'a'], 'b'),
  alone('podLabels', { a: 'b' }, [...OPERATOR, 'spec', 'template', 'metadata', 'labels', 'a'], 'b'),
  alone('nodeSelector', { a: 'b' }, [...POD, 'nodeSelector'], { a: 'b' }),
  alone('tolerations', TOLERATIONS, [...POD, 'tolerations'], TOLERATIONS),
  alone('affinity', AFFINITY, [...POD, 'affinity'], AFFINITY),
  alone('priorityClassName', 'high', [...POD, 'priorityClassName'], 'high'),

  alone('minio.enabled', true, ['Service', 'minio-service'], true),
  alone('minio.enabled', true, env('S3_ENDPOINT'), 'minio-service.rynxs.svc:9000'),
  among(
    MINIO,
    'minio.image.repository',
    'mine',
    [...MINIO_CONTAINER, 'image'],
    'mine:RELEASE.2025-09-07T16-13-09Z',
  ),
  among(MINIO, 'minio.image.tag', 'v1', [...MINIO_CONTAINER, 'image'], 'quay.io/minio/minio:v1'),
  among(MINIO, 'minio.image.digest', DIGEST, [...MINIO_CONTAINER, 'image'], `quay.io/minio/minio@${DIGEST}`),
  among(MINIO, 'minio.image.pullPolicy', 'Never', [...MINIO_CONTAINER, 'imagePullPolicy'], 'Never'),
  among(
    MINIO,
    'minio.existingSecret',
    'mine',
    [...MINIO_CONTAINER, 'env', 'MINIO_ROOT_PASSWORD', 'valueFrom', 'secretKeyRef', 'name'],
    'mine',
  ),
  among(MINIO, 'minio.bucket.create', false, [...MINIO_POD, 'initContainers'], undefined),
  among(MINIO, 'minio.persistence.enabled', false, [...MINIO_POD, 'volumes', 'data', 'emptyDir'], {}),
  among(
    MINIO,
    'minio.persistence.size',
    '1Ti',
    [...MINIO_CLAIM, 'spec', 'resources', 'requests', 'storage'],
    '1Ti',
  ),
  among(
    MINIO,
    'minio.persistence.storageClass',
    'fast',
    [...MINIO_CLAIM, 'spec', 'storageClassName'],
    'fast',
  ),
  among(MINIO, 'minio.persistence.existingClaim', 'mine', MINIO_CLAIM, false),
  among(MINIO, 'minio.resources', RESOURCES, [...MINIO_CONTAINER, 'resources'], RESOURCES),
  among(MINIO, 'minio.probes.liveness', PROBE, [...MINIO_CONTAINER, 'livenessProbe', 'failureThreshold'], 5),
  among(
    MINIO,
    'minio.probes.readiness',
    PROBE,
    [...MINIO_CONTAINER, 'readinessProbe', 'failureThreshold'],
    5,
  ),

  among(METRICS, 'metrics.dashboards.enabled', true, DASHBOARD, true),
  among(DASHBOARDS, 'metrics.dashboards.labels', { a: 'b' }, [...DASHBOARD, 'metadata', 'labels', 'a'], 'b'),
  among(
    DASHBOARDS,
    'metrics.dashboards.labels',
    { grafana_dashboard: 'yes' },
    [...DASHBOARD, 'metadata', 'labels', 'grafana_dashboard'],
    'yes',
  ),
  among(
    DASHBOARDS,
    'metrics.dashboards.annotations',
    { a: 'b' },
    [...DASHBOARD, 'metadata', 'annotations', 'a'],
    'b',
  ),
  among(
    DASHBOARDS,
    'metrics.dashboards.namespace',
    'grafana',
    [...DASHBOARD, 'metadata', 'namespace'],
    'grafana',
  ),
];
