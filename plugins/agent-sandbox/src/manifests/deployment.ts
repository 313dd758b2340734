import type { Manifest, ObjectMeta } from '@rynxs/kernel';
import { type Computer, claimNameOf, type EnvVariable, type Isolation, isIdle } from '../spec.js';
import { AGENT_FILE } from './config-map.js';
import { podLabelsOf, selectorOf } from './metadata.js';
import { DEPLOYMENT } from './resource-types.js';

/** Name of the only container. */
export const CONTAINER = 'agent';
export const WORKSPACE_PATH = '/workspace';

/**
 * Idles as process 1: reaps the orphans that it inherits (`wait` collects any child), ends at once on SIGTERM, starts
 * over when somebody kills its sleep, and gives up rather than spin when the image has none.
 */
export const IDLE_COMMAND = [
  '/bin/sh',
  '-c',
  "trap 'exit 0' TERM INT; while :; do sleep 2147483 & wait $!; case $? in 126|127) exit 127;; esac; done",
] as const;

/** The idle shell ends at once; what it leaves behind is not worth the usual 30 s. */
const IDLE_GRACE_PERIOD_SECONDS = 5;

const VOLUME_MOUNTS = [
  { name: 'workspace', mountPath: WORKSPACE_PATH },
  { name: 'tmp', mountPath: '/tmp' },
  { name: 'config', mountPath: '/etc/rynxs', readOnly: true },
];

// A null is owned as absent: whoever adds a host network, another strategy or a profile for the container by hand has
// it taken out again.

/** One pod that holds to the restricted Pod Security profile, or none while the computer does not run. */
export function deployment(computer: Computer, metadata: ObjectMeta): Manifest {
  const { name, isRunning } = computer;
  return {
    resource: DEPLOYMENT,
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: isRunning ? 1 : 0,
        revisionHistoryLimit: 1,
        // The workspace is one volume: two pods of one computer must never overlap.
        strategy: { type: 'Recreate', rollingUpdate: null },
        selector: { matchLabels: selectorOf(name) },
        template: { metadata: { labels: podLabelsOf(computer) }, spec: podSpec(computer) },
      },
    },
  };
}

function podSpec(computer: Computer) {
  const { name, isolation } = computer;
  return {
    runtimeClassName: isolation.runtimeClassName ?? null,
    ...(isIdle(computer) ? { terminationGracePeriodSeconds: IDLE_GRACE_PERIOD_SECONDS } : {}),
    hostNetwork: null,
    hostPID: null,
    hostIPC: null,
    // Without the field a pod shares the users of its node.
    hostUsers: isolation.userNamespace ? false : null,
    shareProcessNamespace: null,
    serviceAccountName: null,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurityContext(isolation),
    // Owned although empty, so that one that somebody adds is drift.
    initContainers: [],
    containers: [container(computer)],
    volumes: [
      { name: 'workspace', persistentVolumeClaim: { claimName: claimNameOf(computer) } },
      { name: 'tmp', emptyDir: {} },
      { name: 'config', configMap: { name, items: [{ key: AGENT_FILE, path: AGENT_FILE }] } },
    ],
  };
}

function podSecurityContext({ user, seccompProfile, appArmorProfile }: Isolation) {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    // Walking through a large workspace at each start would take minutes.
    fsGroupChangePolicy: 'OnRootMismatch',
    supplementalGroups: [],
    sysctls: [],
    seLinuxOptions: null,
    seccompProfile: profile(seccompProfile) ?? { type: 'RuntimeDefault', localhostProfile: null },
    appArmorProfile: profile(appArmorProfile) ?? null,
  };
}

function profile(localhostProfile: string | undefined) {
  return localhostProfile === undefined ? undefined : { type: 'Localhost', localhostProfile };
}

function container(computer: Computer) {
  const { image, command, args, env, resources, isolation } = computer;
  const program = isIdle(computer) ? IDLE_COMMAND : command;
  return {
    name: CONTAINER,
    image,
    command: program ?? null,
    args: args ?? null,
    workingDir: WORKSPACE_PATH,
    env: variables(env),
    envFrom: [],
    resources: owned(resources),
    // No port of the node, either.
    ports: [],
    securityContext: {
      runAsNonRoot: null,
      runAsUser: null,
      runAsGroup: null,
      seLinuxOptions: null,
      seccompProfile: null,
      appArmorProfile: null,
      allowPrivilegeEscalation: false,
      capabilities: { add: [], drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: isolation.readOnlyRootFilesystem,
    },
    volumeMounts: VOLUME_MOUNTS,
  };
}

/** Without requests the API server makes them of the limits; without either, both are owned as absent. */
function owned({ requests, limits }: Computer['resources']) {
  if (requests === undefined && limits === undefined) return { requests: null, limits: null };
  return { ...(requests === undefined ? {} : { requests }), limits: limits ?? null };
}

function variables(declared: readonly EnvVariable[]) {
  const env = declared.map(({ name, value, secret }) => {
    if (secret !== undefined)
      return { name, valueFrom: { secretKeyRef: { name: secret.name, key: secret.key } } };
    // The API server drops an empty value.
    return value === undefined || value === '' ? { name } : { name, value };
  });
  return declared.some(({ name }) => name === 'HOME')
    ? env
    : [{ name: 'HOME', value: WORKSPACE_PATH }, ...env];
}
