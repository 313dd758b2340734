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
import { condition, kind, LABEL_SELECTOR, OBJECT_REFERENCE, OBSERVED_GENERATION, REPLICAS } from './meta.js';
import { POD_SPEC, POD_STATUS, POD_TEMPLATE } from './pod-spec.js';

const CORE = 'io.k8s.api.core.v1';
const APPS = 'io.k8s.api.apps.v1';
const strings = (description: string) => listOf({ type: 'string' }, description);
const stringMap = (description: string) => mapOf({ type: 'string' }, description);
const bytes: FieldSchema = { type: 'string', format: 'byte' };

export const POD = kind(`${CORE}.Pod`, 'Containers that run together on a node.', {
  spec: POD_SPEC,
  status: POD_STATUS,
});

export const CONFIG_MAP = kind(`${CORE}.ConfigMap`, 'Configuration for pods.', {
  data: stringMap('Texts by key.'),
  binaryData: mapOf(bytes, 'Bytes by key, in base64.'),
  immutable: boolean('Whether the data can no longer change.'),
});

export const SECRET = kind(`${CORE}.Secret`, 'Data that not everyone may read.', {
  data: mapOf(bytes, 'Bytes by key, in base64.'),
  stringData: stringMap('Texts by key; written into data, never read back.'),
  type: string('What the secret is for.'),
  immutable: boolean('Whether the data can no longer change.'),
});

export const SERVICE_ACCOUNT = kind(`${CORE}.ServiceAccount`, 'An identity of processes.', {
  automountServiceAccountToken: boolean('Whether pods get a token.'),
  imagePullSecrets: listOf(
    object('A secret.', { name: string('Its name.') }),
    'Secrets to pull images with.',
  ),
  secrets: mergedListOf(OBJECT_REFERENCE, 'Secrets that its pods may use.', 'name'),
});

export const NAMESPACE = kind(`${CORE}.Namespace`, 'A scope for names.', {
  spec: component(`${CORE}.NamespaceSpec`, 'What holds the namespace.', {
    finalizers: strings('What must be done before it may go.'),
  }),
  status: component(`${CORE}.NamespaceStatus`, 'State of the namespace.', {
    phase: string('Active or Terminating.'),
    conditions: mergedListOf(condition(`${CORE}.NamespaceCondition`), 'Aspects of its state.', 'type'),
  }),
});

export const NODE = kind(`${CORE}.Node`, 'A machine that runs pods.', {
  spec: component(`${CORE}.NodeSpec`, 'What is wanted of the node.', {
    podCIDR: string('Addresses of its pods.'),
    podCIDRs: patchedBy('merge', strings('Addresses of its pods.')),
    providerID: string('Its id at the provider.'),
    taints: listOf(
      object('What keeps pods away.', {
        key: string('Key.'),
        value: string('Value.'),
        effect: string('NoSchedule, PreferNoSchedule or NoExecute.'),
        timeAdded: time('Since when.'),
      }),
      'What keeps pods away.',
    ),
    unschedulable: boolean('Whether it takes no new pods.'),
    configSource: anyObject('No longer used.'),
    externalID: string('No longer used.'),
  }),
  status: component(`${CORE}.NodeStatus`, 'State of the node.', {
    addresses: mergedListOf(
      object('An address.', { type: string('InternalIP, Hostname, …'), address: string('Address.') }),
      'Its addresses.',
      'type',
    ),
    allocatable: mapOf(quantity('An amount.'), 'What pods may use.'),
    capacity: mapOf(quantity('An amount.'), 'What it has.'),
    conditions: mergedListOf(
      condition(`${CORE}.NodeCondition`, { lastHeartbeatTime: time('When it was heard of last.') }),
      'Aspects of its state.',
      'type',
    ),
    daemonEndpoints: anyObject('Ports of its daemons.'),
    images: listOf(anyObject('An image.'), 'Images that it has.'),
    nodeInfo: component(
      `${CORE}.NodeSystemInfo`,
      'Its software.',
      Object.fromEntries(
        [
          'architecture',
          'bootID',
          'containerRuntimeVersion',
          'kernelVersion',
          'kubeProxyVersion',
          'kubeletVersion',
          'machineID',
          'operatingSystem',
          'osImage',
          'systemUUID',
        ].map((name) => [name, string(name)]),
      ),
    ),
    phase: string('No longer used.'),
    volumesAttached: listOf(anyObject('A volume.'), 'Volumes that are attached.'),
    volumesInUse: strings('Volumes in use.'),
    config: anyObject('No longer used.'),
    features: anyObject('What it can do.'),
    runtimeHandlers: listOf(anyObject('A handler.'), 'Its runtime handlers.'),
  }),
});

export const PERSISTENT_VOLUME_CLAIM = kind(`${CORE}.PersistentVolumeClaim`, 'A wish for a volume.', {
  spec: component(`${CORE}.PersistentVolumeClaimSpec`, 'What is wanted.', {
    accessModes: strings('ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.'),
    dataSource: anyObject('What the volume is filled from.'),
    dataSourceRef: anyObject('What the volume is filled from.'),
    resources: component(`${CORE}.VolumeResourceRequirements`, 'How large.', {
      limits: mapOf(quantity('An amount.'), 'The most that is wanted.'),
      requests: mapOf(quantity('An amount.'), 'What is needed at least.'),
    }),
    selector: LABEL_SELECTOR,
    storageClassName: string('Kind of storage.'),
    volumeAttributesClassName: string('Class of the volume’s attributes.'),
    volumeMode: string('Filesystem or Block.'),
    volumeName: string('The volume that it is bound to.'),
  }),
  status: component(`${CORE}.PersistentVolumeClaimStatus`, 'What there is.', {
    accessModes: strings('Access modes of the volume.'),
    allocatedResourceStatuses: stringMap('States of a resize.'),
    allocatedResources: mapOf(quantity('An amount.'), 'What a resize allocated.'),
    capacity: mapOf(quantity('An amount.'), 'How large the volume is.'),
    conditions: mergedListOf(
      condition(`${CORE}.PersistentVolumeClaimCondition`, {
        lastProbeTime: time('When it was checked last.'),
      }),
      'Aspects of its state.',
      'type',
    ),
    currentVolumeAttributesClassName: string('Class that is in force.'),
    modifyVolumeStatus: anyObject('State of a change of class.'),
    phase: string('Pending, Bound or Lost.'),
  }),
});

export const EVENT = kind(
  `${CORE}.Event`,
  'Something that happened to an object.',
  {
    action: string('What was done.'),
    count: int32('How often.'),
    eventTime: time('When it was seen first.'),
    firstTimestamp: time('When it was recorded first.'),
    involvedObject: OBJECT_REFERENCE,
    lastTimestamp: time('When it was recorded last.'),
    message: string('What happened.'),
    reason: string('One word for what happened.'),
    related: OBJECT_REFERENCE,
    reportingComponent: string('Who reports.'),
    reportingInstance: string('Which instance of it.'),
    series: object('A row of equal events.', {
      count: int32('How many.'),
      lastObservedTime: time('When it was seen last.'),
    }),
    source: object('Who reports.', { component: string('Name.'), host: string('Node.') }),
    type: string('Normal or Warning.'),
  },
  ['involvedObject'],
);

export const EVENTS_GROUP_EVENT = kind(
  'io.k8s.api.events.v1.Event',
  'Something that happened to an object.',
  {
    action: string('What was done.'),
    deprecatedCount: int32('How often.'),
    deprecatedFirstTimestamp: time('When it was recorded first.'),
    deprecatedLastTimestamp: time('When it was recorded last.'),
    deprecatedSource: object('Who reports.', { component: string('Name.'), host: string('Node.') }),
    eventTime: time('When it was seen first.'),
    note: string('What happened.'),
    reason: string('One word for what happened.'),
    regarding: OBJECT_REFERENCE,
    related: OBJECT_REFERENCE,
    reportingController: string('Who reports.'),
    reportingInstance: string('Which instance of it.'),
    series: object('A row of equal events.', {
      count: int32('How many.'),
      lastObservedTime: time('When it was seen last.'),
    }),
    type: string('Normal or Warning.'),
  },
);

export const DEPLOYMENT = kind(`${APPS}.Deployment`, 'Pods of one kind, kept running and rolled over.', {
  spec: component(
    `${APPS}.DeploymentSpec`,
    'What is wanted.',
    {
      minReadySeconds: int32('Seconds that a pod must be ready to count as available.'),
      paused: boolean('Whether changes of the template are held back.'),
      progressDeadlineSeconds: int32('Seconds until a roll-over counts as failed.'),
      replicas: REPLICAS,
      revisionHistoryLimit: int32('How many old ReplicaSets are kept.'),
      selector: LABEL_SELECTOR,
      strategy: patchedBy(
        'retainKeys',
        component(`${APPS}.DeploymentStrategy`, 'How old pods are replaced.', {
          type: string('Recreate or RollingUpdate.'),
          rollingUpdate: component(`${APPS}.RollingUpdateDeployment`, 'Bounds of a rolling update.', {
            maxSurge: intOrString('How many pods more.'),
            maxUnavailable: intOrString('How many pods fewer.'),
          }),
        }),
      ),
      template: POD_TEMPLATE,
    },
    ['selector', 'template'],
  ),
  status: component(`${APPS}.DeploymentStatus`, 'What there is.', {
    availableReplicas: int32('Available pods.'),
    collisionCount: int32('Collisions of hashes.'),
    conditions: mergedListOf(
      condition(`${APPS}.DeploymentCondition`, { lastUpdateTime: time('When it was updated last.') }),
      'Aspects of its state.',
      'type',
    ),
    observedGeneration: OBSERVED_GENERATION,
    readyReplicas: int32('Ready pods.'),
    replicas: int32('All pods.'),
    terminatingReplicas: int32('Pods that are ending.'),
    unavailableReplicas: int32('Pods that are missing.'),
    updatedReplicas: int32('Pods of the newest template.'),
  }),
});

export const REPLICA_SET = kind(`${APPS}.ReplicaSet`, 'A number of equal pods.', {
  spec: component(
    `${APPS}.ReplicaSetSpec`,
    'What is wanted.',
    {
      minReadySeconds: int32('Seconds that a pod must be ready to count as available.'),
      replicas: REPLICAS,
      selector: LABEL_SELECTOR,
      template: POD_TEMPLATE,
    },
    ['selector'],
  ),
  status: component(`${APPS}.ReplicaSetStatus`, 'What there is.', {
    availableReplicas: int32('Available pods.'),
    conditions: mergedListOf(condition(`${APPS}.ReplicaSetCondition`), 'Aspects of its state.', 'type'),
    fullyLabeledReplicas: int32('Pods with all labels of the template.'),
    observedGeneration: OBSERVED_GENERATION,
    readyReplicas: int32('Ready pods.'),
    replicas: int32('All pods.'),
    terminatingReplicas: int32('Pods that are ending.'),
  }),
});

const NETWORKING = 'io.k8s.api.networking.v1';
const PEER = component(`${NETWORKING}.NetworkPolicyPeer`, 'Who may talk.', {
  ipBlock: component(
    `${NETWORKING}.IPBlock`,
    'Addresses.',
    { cidr: string('The range.'), except: strings('Ranges in it that are left out.') },
    ['cidr'],
  ),
  namespaceSelector: LABEL_SELECTOR,
  podSelector: LABEL_SELECTOR,
});
const PORTS = listOf(
  component(`${NETWORKING}.NetworkPolicyPort`, 'A port.', {
    endPort: int32('Last port of a range.'),
    port: intOrString('Number or name.'),
    protocol: string('TCP, UDP or SCTP.'),
  }),
  'Ports; all when empty.',
);

export const NETWORK_POLICY = kind(`${NETWORKING}.NetworkPolicy`, 'Which traffic of pods is allowed.', {
  spec: component(`${NETWORKING}.NetworkPolicySpec`, 'Which traffic is allowed.', {
    podSelector: LABEL_SELECTOR,
    policyTypes: strings('Ingress, Egress.'),
    ingress: listOf(
      component(`${NETWORKING}.NetworkPolicyIngressRule`, 'Traffic to the pods.', {
        from: listOf(PEER, 'From whom; everyone when empty.'),
        ports: PORTS,
      }),
      'Traffic to the pods that is allowed.',
    ),
    egress: listOf(
      component(`${NETWORKING}.NetworkPolicyEgressRule`, 'Traffic from the pods.', {
        to: listOf(PEER, 'To whom; everyone when empty.'),
        ports: PORTS,
      }),
      'Traffic from the pods that is allowed.',
    ),
  }),
});

export const LEASE = kind('io.k8s.api.coordination.v1.Lease', 'Who leads, and for how long.', {
  spec: component('io.k8s.api.coordination.v1.LeaseSpec', 'Who leads.', {
    acquireTime: time('When it was acquired.'),
    holderIdentity: string('Who holds it.'),
    leaseDurationSeconds: int32('Seconds that it lasts after a renewal.'),
    leaseTransitions: int32('How often the holder changed.'),
    preferredHolder: string('Who shall have it next.'),
    renewTime: time('When it was renewed last.'),
    strategy: string('How a holder is chosen.'),
  }),
});

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const NAMES = {
  plural: string('Lower-case plural, as in URLs.'),
  singular: string('Lower-case singular.'),
  kind: string('Kind, in CamelCase.'),
  listKind: string('Kind of lists.'),
  shortNames: strings('Short names for kubectl.'),
  categories: strings('Groups that it is listed with.'),
};

export const CUSTOM_RESOURCE_DEFINITION = kind(
  `${EXTENSIONS}.CustomResourceDefinition`,
  'A kind of object that is added to the API.',
  {
    spec: component(
      `${EXTENSIONS}.CustomResourceDefinitionSpec`,
      'The kind.',
      {
        conversion: object('How versions are converted.', {
          strategy: string('None.'),
          webhook: anyObject('A webhook.'),
        }),
        group: string('API group.'),
        names: component(`${EXTENSIONS}.CustomResourceDefinitionNames`, 'Its names.', NAMES, [
          'plural',
          'kind',
        ]),
        preserveUnknownFields: boolean('No longer used.'),
        scope: string('Namespaced or Cluster.'),
        versions: listOf(
          component(
            `${EXTENSIONS}.CustomResourceDefinitionVersion`,
            'A version of the kind.',
            {
              name: string('v1, v1alpha1, …'),
              served: boolean('Whether it can be used.'),
              storage: boolean('Whether objects are stored in it.'),
              deprecated: boolean('Whether its use gives a warning.'),
              deprecationWarning: string('That warning.'),
              schema: object('What objects look like.', {
                openAPIV3Schema: anyObject('The schema.'),
              }),
              subresources: object('Its subresources.', {
                status: anyObject('Present when there is a status subresource.'),
                scale: object('Where the numbers of the scale subresource are.', {
                  specReplicasPath: string('Path of the wanted number.'),
                  statusReplicasPath: string('Path of the actual number.'),
                  labelSelectorPath: string('Path of the selector.'),
                }),
              }),
              additionalPrinterColumns: listOf(
                object('A column of kubectl get.', {
                  name: string('Heading.'),
                  type: string('Type of the value.'),
                  format: string('Format of the value.'),
                  description: string('What it shows.'),
                  priority: int32('Above 0: only with -o wide.'),
                  jsonPath: string('Where the value is.'),
                }),
                'Columns of kubectl get.',
              ),
              selectableFields: listOf(
                object('A field.', { jsonPath: string('Its path.') }),
                'Fields that field selectors may use.',
              ),
            },
            ['name', 'served', 'storage'],
          ),
          'Its versions.',
        ),
      },
      ['group', 'names', 'scope', 'versions'],
    ),
    status: component(`${EXTENSIONS}.CustomResourceDefinitionStatus`, 'Whether it is served.', {
      acceptedNames: object('The names in use.', NAMES),
      conditions: listOf(
        condition(`${EXTENSIONS}.CustomResourceDefinitionCondition`, {
          observedGeneration: int64('The generation that it speaks of.'),
        }),
        'Aspects of its state.',
      ),
      storedVersions: strings('Versions that objects were stored in.'),
      observedGeneration: OBSERVED_GENERATION,
    }),
  },
  ['spec'],
);
