import {
  anyObject,
  boolean,
  component,
  type FieldSchema,
  int32,
  int64,
  intOrString,
  listOf,
  mapOf,
  mergedListOf,
  object,
  patchedBy,
  quantity,
  string,
  time,
} from './field-schema.js';
import { condition, LABEL_SELECTOR, OBJECT_META } from './meta.js';

const CORE = 'io.k8s.api.core.v1';
const strings = (description: string) => listOf({ type: 'string' }, description);

export const RESOURCES: FieldSchema = component(
  `${CORE}.ResourceRequirements`,
  'What a container needs and what it may use.',
  {
    limits: mapOf(quantity('An amount.'), 'The most that may be used.'),
    requests: mapOf(quantity('An amount.'), 'What is needed at least.'),
    claims: listOf(anyObject('A claim.'), 'Claims of dynamic resource allocation.'),
  },
);

const KEY_SELECTOR = (what: string) =>
  component(
    `${CORE}.${what}KeySelector`,
    `A key of a ${what}.`,
    {
      name: string(`Name of the ${what}.`),
      key: string('The key.'),
      optional: boolean('Whether it may be missing.'),
    },
    ['key'],
  );

const FIELD_REF = component(
  `${CORE}.ObjectFieldSelector`,
  'A field of the pod.',
  {
    apiVersion: string('Version of the path; v1.'),
    fieldPath: string('Path: metadata.name, status.podIP, …'),
  },
  ['fieldPath'],
);

const RESOURCE_FIELD_REF = component(
  `${CORE}.ResourceFieldSelector`,
  'A resource of a container.',
  {
    containerName: string('The container.'),
    resource: string('limits.cpu, requests.memory, …'),
    divisor: quantity('Unit of the value.'),
  },
  ['resource'],
);

const ENV_VAR = component(
  `${CORE}.EnvVar`,
  'An environment variable.',
  {
    name: string('Name of the variable.'),
    value: string('Its value; $(OTHER) is replaced.'),
    valueFrom: component(`${CORE}.EnvVarSource`, 'Where the value comes from.', {
      fieldRef: FIELD_REF,
      resourceFieldRef: RESOURCE_FIELD_REF,
      configMapKeyRef: KEY_SELECTOR('ConfigMap'),
      secretKeyRef: KEY_SELECTOR('Secret'),
    }),
  },
  ['name'],
);

const reference = (what: string) =>
  object(what, { name: string('Name.'), optional: boolean('Whether it may be missing.') });

const ENV_FROM = component(`${CORE}.EnvFromSource`, 'All keys of a ConfigMap or Secret as variables.', {
  prefix: string('Put before each key.'),
  configMapRef: reference('The ConfigMap.'),
  secretRef: reference('The Secret.'),
});

const SECCOMP = component(
  `${CORE}.SeccompProfile`,
  'Which system calls are allowed.',
  {
    type: string('RuntimeDefault, Localhost or Unconfined.'),
    localhostProfile: string('A profile on the node.'),
  },
  ['type'],
);

const SELINUX = object('SELinux labels.', {
  user: string('User.'),
  role: string('Role.'),
  type: string('Type.'),
  level: string('Level.'),
});
const APP_ARMOR = object(
  'AppArmor profile.',
  {
    type: string('RuntimeDefault, Localhost or Unconfined.'),
    localhostProfile: string('A profile on the node.'),
  },
  ['type'],
);

const SECURITY_CONTEXT = component(`${CORE}.SecurityContext`, 'What a container may do.', {
  allowPrivilegeEscalation: boolean('Whether it may gain more privileges than its parent.'),
  appArmorProfile: APP_ARMOR,
  capabilities: component(`${CORE}.Capabilities`, 'POSIX capabilities.', {
    add: strings('Added ones.'),
    drop: strings('Dropped ones.'),
  }),
  privileged: boolean('Whether it runs with the rights of the node.'),
  procMount: string('Kind of /proc.'),
  readOnlyRootFilesystem: boolean('Whether the root file system is read-only.'),
  runAsGroup: int64('Group id of its process.'),
  runAsNonRoot: boolean('Refuses to run as user 0.'),
  runAsUser: int64('User id of its process.'),
  seLinuxOptions: SELINUX,
  seccompProfile: SECCOMP,
  windowsOptions: anyObject('For Windows.'),
});

const POD_SECURITY_CONTEXT = component(`${CORE}.PodSecurityContext`, 'What all containers of a pod may do.', {
  appArmorProfile: APP_ARMOR,
  fsGroup: int64('Group that owns volumes.'),
  fsGroupChangePolicy: string('OnRootMismatch or Always.'),
  runAsGroup: int64('Group id of processes.'),
  runAsNonRoot: boolean('Refuses to run as user 0.'),
  runAsUser: int64('User id of processes.'),
  seLinuxOptions: SELINUX,
  seLinuxChangePolicy: string('MountOption or Recursive.'),
  seccompProfile: SECCOMP,
  supplementalGroups: listOf({ type: 'integer', format: 'int64' }, 'Further groups of processes.'),
  supplementalGroupsPolicy: string('Merge or Strict.'),
  sysctls: listOf(
    object('A kernel setting.', { name: string('Name.'), value: string('Value.') }),
    'Kernel settings.',
  ),
  windowsOptions: anyObject('For Windows.'),
});

const HTTP_GET = component(
  `${CORE}.HTTPGetAction`,
  'An HTTP request.',
  {
    host: string('Host; the pod by default.'),
    httpHeaders: listOf(object('A header.', { name: string('Name.'), value: string('Value.') }), 'Headers.'),
    path: string('Path.'),
    port: intOrString('Number or name of the port.'),
    scheme: string('HTTP or HTTPS.'),
  },
  ['port'],
);
const EXEC = component(`${CORE}.ExecAction`, 'A command in the container.', {
  command: strings('The command.'),
});
const TCP = component(
  `${CORE}.TCPSocketAction`,
  'A TCP connection.',
  { host: string('Host; the pod by default.'), port: intOrString('Number or name of the port.') },
  ['port'],
);

const PROBE = component(`${CORE}.Probe`, 'A check that is repeated.', {
  exec: EXEC,
  grpc: anyObject('A gRPC health check.'),
  httpGet: HTTP_GET,
  tcpSocket: TCP,
  failureThreshold: int32('Failures in a row until it counts.'),
  initialDelaySeconds: int32('Seconds before the first check.'),
  periodSeconds: int32('Seconds between checks.'),
  successThreshold: int32('Successes in a row until it counts.'),
  terminationGracePeriodSeconds: int64('Seconds to end after the check failed.'),
  timeoutSeconds: int32('Seconds until a check has failed.'),
});

const HANDLER = component(`${CORE}.LifecycleHandler`, 'What is done at a point of a container’s life.', {
  exec: EXEC,
  httpGet: HTTP_GET,
  tcpSocket: TCP,
  sleep: object('A pause.', { seconds: int64('Its length.') }),
});

const CONTAINER = component(
  `${CORE}.Container`,
  'A program of a pod.',
  {
    name: string('Name, unique in the pod.'),
    image: string('Container image.'),
    command: strings('Instead of the image’s entry point.'),
    args: strings('Arguments of the entry point.'),
    workingDir: string('Working directory.'),
    env: mergedListOf(ENV_VAR, 'Environment variables.', 'name'),
    envFrom: listOf(ENV_FROM, 'Sources of environment variables.'),
    ports: mergedListOf(
      component(
        `${CORE}.ContainerPort`,
        'A port that the container listens on.',
        {
          containerPort: int32('Number of the port.'),
          hostIP: string('Address of the node.'),
          hostPort: int32('Port of the node.'),
          name: string('Name of the port.'),
          protocol: string('TCP, UDP or SCTP.'),
        },
        ['containerPort'],
      ),
      'Ports that the container listens on.',
      'containerPort',
    ),
    resources: RESOURCES,
    resizePolicy: listOf(anyObject('A policy.'), 'What a change of resources does.'),
    restartPolicy: string('For init containers: Always makes a sidecar.'),
    restartPolicyRules: listOf(anyObject('A rule.'), 'Restart rules.'),
    volumeMounts: mergedListOf(
      component(
        `${CORE}.VolumeMount`,
        'Where a volume appears.',
        {
          name: string('Name of the volume.'),
          mountPath: string('Path in the container.'),
          mountPropagation: string('None, HostToContainer or Bidirectional.'),
          readOnly: boolean('Whether it is read-only.'),
          recursiveReadOnly: string('Disabled, IfPossible or Enabled.'),
          subPath: string('Path inside the volume.'),
          subPathExpr: string('Path inside the volume, with variables.'),
        },
        ['name', 'mountPath'],
      ),
      'Volumes that the container sees.',
      'mountPath',
    ),
    volumeDevices: mergedListOf(
      object('A block device.', {
        name: string('Name of the claim.'),
        devicePath: string('Path in the container.'),
      }),
      'Block devices that the container sees.',
      'devicePath',
    ),
    livenessProbe: PROBE,
    readinessProbe: PROBE,
    startupProbe: PROBE,
    lifecycle: component(`${CORE}.Lifecycle`, 'What is done at points of its life.', {
      postStart: HANDLER,
      preStop: HANDLER,
      stopSignal: string('Signal that ends it.'),
    }),
    terminationMessagePath: string('File with its last words.'),
    terminationMessagePolicy: string('File or FallbackToLogsOnError.'),
    imagePullPolicy: string('Always, IfNotPresent or Never.'),
    securityContext: SECURITY_CONTEXT,
    stdin: boolean('Whether it has a standard input.'),
    stdinOnce: boolean('Whether that closes after the first client.'),
    tty: boolean('Whether it has a terminal.'),
  },
  ['name'],
);

const KEY_TO_PATH = component(
  `${CORE}.KeyToPath`,
  'A key as a file.',
  { key: string('The key.'), path: string('Path of the file.'), mode: int32('Permissions.') },
  ['key', 'path'],
);
const items = listOf(KEY_TO_PATH, 'Which keys appear as which files; all by default.');
const CONFIG_MAP_VOLUME = component(`${CORE}.ConfigMapVolumeSource`, 'Keys of a ConfigMap as files.', {
  name: string('Name of the ConfigMap.'),
  items,
  defaultMode: int32('Permissions of the files.'),
  optional: boolean('Whether it may be missing.'),
});
const OTHER_VOLUMES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'downwardAPI',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'image',
  'iscsi',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
];
const VOLUME = component(
  `${CORE}.Volume`,
  'A directory that containers can mount.',
  {
    name: string('Name, unique in the pod.'),
    configMap: CONFIG_MAP_VOLUME,
    secret: component(`${CORE}.SecretVolumeSource`, 'Keys of a Secret as files.', {
      secretName: string('Name of the Secret.'),
      items,
      defaultMode: int32('Permissions of the files.'),
      optional: boolean('Whether it may be missing.'),
    }),
    emptyDir: component(`${CORE}.EmptyDirVolumeSource`, 'A directory that lives as long as the pod.', {
      medium: string('Empty for disk, or Memory.'),
      sizeLimit: quantity('The most that it may hold.'),
    }),
    persistentVolumeClaim: component(
      `${CORE}.PersistentVolumeClaimVolumeSource`,
      'The volume of a claim.',
      { claimName: string('Name of the claim.'), readOnly: boolean('Whether it is read-only.') },
      ['claimName'],
    ),
    ephemeral: anyObject('A claim that lives as long as the pod.'),
    hostPath: component(
      `${CORE}.HostPathVolumeSource`,
      'A path of the node.',
      { path: string('The path.'), type: string('What must be there.') },
      ['path'],
    ),
    ...Object.fromEntries(OTHER_VOLUMES.map((name) => [name, anyObject('Another kind of volume.')])),
  },
  ['name'],
);

const LOCAL_REFERENCE = component(`${CORE}.LocalObjectReference`, 'An object of the same namespace.', {
  name: string('Its name.'),
});

/** spec of pods and pod templates. */
export const POD_SPEC: FieldSchema = component(
  `${CORE}.PodSpec`,
  'What a pod is made of.',
  {
    activeDeadlineSeconds: int64('Seconds that it may run.'),
    affinity: anyObject('Rules for the choice of a node.'),
    automountServiceAccountToken: boolean('Whether a token of the service account is mounted.'),
    containers: mergedListOf(CONTAINER, 'The programs.', 'name'),
    dnsConfig: anyObject('DNS settings.'),
    dnsPolicy: string('ClusterFirst, ClusterFirstWithHostNet, Default or None.'),
    enableServiceLinks: boolean('Whether services appear as environment variables.'),
    ephemeralContainers: mergedListOf(anyObject('A container.'), 'Containers for debugging.', 'name'),
    hostAliases: mergedListOf(
      object('Lines of /etc/hosts.', { ip: string('Address.'), hostnames: strings('Names.') }, ['ip']),
      'Lines of /etc/hosts.',
      'ip',
    ),
    hostIPC: boolean('Whether it shares the IPC namespace of the node.'),
    hostNetwork: boolean('Whether it shares the network of the node.'),
    hostPID: boolean('Whether it shares the process ids of the node.'),
    hostUsers: boolean('Whether it shares the user namespace of the node.'),
    hostname: string('Host name.'),
    hostnameOverride: string('Host name, taken as it is.'),
    imagePullSecrets: mergedListOf(LOCAL_REFERENCE, 'Secrets to pull images with.', 'name'),
    initContainers: mergedListOf(CONTAINER, 'Programs that run before.', 'name'),
    nodeName: string('The node that it runs on.'),
    nodeSelector: mapOf({ type: 'string' }, 'Labels that the node must have.'),
    os: object('Operating system.', { name: string('linux or windows.') }, ['name']),
    overhead: mapOf(quantity('An amount.'), 'What the runtime class needs.'),
    preemptionPolicy: string('Never or PreemptLowerPriority.'),
    priority: int32('Priority.'),
    priorityClassName: string('Name of the priority class.'),
    readinessGates: listOf(anyObject('A gate.'), 'Further conditions of readiness.'),
    resourceClaims: patchedBy(
      'merge,retainKeys',
      mergedListOf(anyObject('A claim.'), 'Claims of dynamic resource allocation.', 'name'),
    ),
    resources: RESOURCES,
    restartPolicy: string('Always, OnFailure or Never.'),
    runtimeClassName: string('Name of the runtime class.'),
    schedulerName: string('Name of the scheduler.'),
    schedulingGates: mergedListOf(anyObject('A gate.'), 'What must be cleared before scheduling.', 'name'),
    securityContext: POD_SECURITY_CONTEXT,
    serviceAccount: string('Old name of serviceAccountName.'),
    serviceAccountName: string('The service account that it runs as.'),
    setHostnameAsFQDN: boolean('Whether the full name is the host name.'),
    shareProcessNamespace: boolean('Whether its containers see each other’s processes.'),
    subdomain: string('Subdomain of its name.'),
    terminationGracePeriodSeconds: int64('Seconds to end after SIGTERM.'),
    tolerations: listOf(
      component(`${CORE}.Toleration`, 'A taint that does not keep the pod away.', {
        effect: string('NoSchedule, PreferNoSchedule or NoExecute.'),
        key: string('Key of the taint.'),
        operator: string('Exists or Equal.'),
        tolerationSeconds: int64('How long it is tolerated.'),
        value: string('Value of the taint.'),
      }),
      'Taints that do not keep the pod away.',
    ),
    topologySpreadConstraints: mergedListOf(
      component(
        `${CORE}.TopologySpreadConstraint`,
        'How pods spread.',
        {
          labelSelector: LABEL_SELECTOR,
          matchLabelKeys: strings('Labels that must be alike.'),
          maxSkew: int32('Largest difference.'),
          minDomains: int32('Smallest number of domains.'),
          nodeAffinityPolicy: string('Honor or Ignore.'),
          nodeTaintsPolicy: string('Honor or Ignore.'),
          topologyKey: string('Label that makes domains.'),
          whenUnsatisfiable: string('DoNotSchedule or ScheduleAnyway.'),
        },
        ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
      ),
      'How pods spread.',
      'topologyKey',
    ),
    volumes: patchedBy('merge,retainKeys', mergedListOf(VOLUME, 'Directories for its containers.', 'name')),
  },
  ['containers'],
);

export const POD_TEMPLATE: FieldSchema = component(`${CORE}.PodTemplateSpec`, 'The pods that are made.', {
  metadata: OBJECT_META,
  spec: POD_SPEC,
});

const CONTAINER_STATE = component(`${CORE}.ContainerState`, 'Exactly one of three.', {
  waiting: object('Not running yet.', { reason: string('Why.'), message: string('More.') }),
  running: object('Running.', { startedAt: time('Since when.') }),
  terminated: object('Ended.', {
    exitCode: int32('Exit code.'),
    signal: int32('Signal that ended it.'),
    reason: string('Why.'),
    message: string('More.'),
    startedAt: time('When it began.'),
    finishedAt: time('When it ended.'),
    containerID: string('Its id.'),
  }),
});

const CONTAINER_STATUS = component(`${CORE}.ContainerStatus`, 'How a container is doing.', {
  name: string('Its name.'),
  state: CONTAINER_STATE,
  lastState: CONTAINER_STATE,
  ready: boolean('Whether it passes its readiness probe.'),
  restartCount: int32('How often it was started again.'),
  image: string('The image that runs.'),
  imageID: string('Digest of the image.'),
  containerID: string('Its id.'),
  started: boolean('Whether it has started.'),
  allocatedResources: mapOf(quantity('An amount.'), 'What it was given.'),
  resources: RESOURCES,
  volumeMounts: listOf(anyObject('A mount.'), 'Its mounts.'),
  user: anyObject('Its user.'),
  stopSignal: string('Signal that ends it.'),
  allocatedResourcesStatus: listOf(anyObject('A status.'), 'Status of devices.'),
});

export const POD_STATUS: FieldSchema = component(`${CORE}.PodStatus`, 'How a pod is doing.', {
  phase: string('Pending, Running, Succeeded, Failed or Unknown.'),
  conditions: mergedListOf(
    condition(`${CORE}.PodCondition`, {
      lastProbeTime: time('When it was checked last.'),
      observedGeneration: int64('The generation that it speaks of.'),
    }),
    'Aspects of its state.',
    'type',
  ),
  message: string('Why it is in this state.'),
  reason: string('One word for why.'),
  nominatedNodeName: string('Node that is being made free for it.'),
  hostIP: string('Address of its node.'),
  hostIPs: listOf(object('An address.', { ip: string('Address.') }), 'Addresses of its node.'),
  podIP: string('Its address.'),
  podIPs: listOf(object('An address.', { ip: string('Address.') }), 'Its addresses.'),
  startTime: time('When the node took it up.'),
  initContainerStatuses: listOf(CONTAINER_STATUS, 'Its init containers.'),
  containerStatuses: listOf(CONTAINER_STATUS, 'Its containers.'),
  ephemeralContainerStatuses: listOf(CONTAINER_STATUS, 'Its containers for debugging.'),
  qosClass: string('Guaranteed, Burstable or BestEffort.'),
  resize: string('State of a resize.'),
  resourceClaimStatuses: listOf(anyObject('A status.'), 'Its resource claims.'),
  observedGeneration: int64('The generation that the status speaks of.'),
});
