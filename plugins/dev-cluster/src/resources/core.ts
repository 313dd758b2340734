import { at, isJsonObject, type JsonObject, objectAt, stringAt } from '../storage/json.js';
import { immutableCause, invalidValue, requiredValue } from '../storage/metadata-rules.js';
import { forbidden, type StatusCause } from '../storage/status-error.js';
import { AGE_COLUMN, column, NAME_COLUMN, wideColumn } from './columns.js';
import { ensureObject, setDefault } from './defaults.js';
import type { ResourceDefinition } from './definition.js';
import { parseQuantity } from './quantity.js';
import {
  CONFIG_MAPS,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from './types.js';

/** The storage class that claims without one get; its volumes are directories of the local node. */
export const LOCAL_STORAGE_CLASS = 'rynxs-local';

/** Keeps a claim while a pod uses it. */
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';

/** All values of a ConfigMap or Secret together. */
const MAX_DATA_BYTES = 1024 * 1024;
const DATA_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const KEY_HELP =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function dataCauses(object: JsonObject, fields: readonly string[]): StatusCause[] {
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const field of fields) {
    for (const [key, value] of Object.entries(objectAt(object, field))) {
      if (!DATA_KEY.test(key) || key === '.' || key === '..') {
        causes.push(invalidValue(`${field}[${key}]`, key, KEY_HELP));
      }
      if (typeof value === 'string') bytes += Buffer.byteLength(value);
    }
  }
  if (bytes > MAX_DATA_BYTES) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes`,
      field: '[]',
    });
  }
  return causes;
}

function immutableDataCauses(
  object: JsonObject,
  previous: JsonObject | undefined,
  fields: readonly string[],
): StatusCause[] {
  if (previous?.immutable !== true) return [];
  const message = 'Forbidden: field is immutable when `immutable` is set';
  return ['immutable', ...fields]
    .filter((field) => immutableCause(field, object[field], previous[field]) !== undefined)
    .map((field) => ({ reason: 'FieldValueForbidden', message, field }));
}

function size(object: JsonObject, ...fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + Object.keys(objectAt(object, field)).length, 0);
}

export const CONFIG_MAP_DEFINITION: ResourceDefinition = {
  type: CONFIG_MAPS,
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  listKind: 'ConfigMapList',
  hasStatus: false,
  hasGeneration: false,
  allowsUnconditionalUpdate: true,
  columns: [
    NAME_COLUMN,
    column('Data', (object) => size(object, 'data', 'binaryData'), { type: 'integer' }),
    AGE_COLUMN,
  ],
  validate: (object, previous) => {
    const causes = dataCauses(object, ['data', 'binaryData']);
    for (const key of Object.keys(objectAt(object, 'binaryData'))) {
      if (key in objectAt(object, 'data'))
        causes.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    return [...causes, ...immutableDataCauses(object, previous, ['data', 'binaryData'])];
  },
};

export const SECRET_DEFINITION: ResourceDefinition = {
  type: SECRETS,
  singular: 'secret',
  shortNames: [],
  categories: [],
  listKind: 'SecretList',
  hasStatus: false,
  hasGeneration: false,
  allowsUnconditionalUpdate: true,
  columns: [
    NAME_COLUMN,
    column('Type', (object) => stringAt(object, 'type') ?? ''),
    column('Data', (object) => size(object, 'data'), { type: 'integer' }),
    AGE_COLUMN,
  ],
  applyDefaults: (object) => {
    setDefault(object, 'type', 'Opaque');
    if (!isJsonObject(object.stringData)) return;
    const data = ensureObject(object, 'data');
    for (const [key, value] of Object.entries(object.stringData)) {
      if (typeof value === 'string') data[key] = Buffer.from(value).toString('base64');
    }
    delete object.stringData;
  },
  validate: (object, previous) => {
    const causes = dataCauses(object, ['data']);
    for (const [key, value] of Object.entries(objectAt(object, 'data'))) {
      if (typeof value === 'string' && !isBase64(value)) {
        causes.push(invalidValue(`data[${key}]`, '<hidden>', 'illegal base64 data'));
      }
    }
    if (previous !== undefined) {
      const cause = immutableCause('type', object.type, previous.type);
      if (cause !== undefined) causes.push(cause);
    }
    return [...causes, ...immutableDataCauses(object, previous, ['data'])];
  },
  selectableFields: (object) => ({ type: stringAt(object, 'type') ?? '' }),
};

function isBase64(value: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
    value.replace(/[\r\n]/g, ''),
  );
}

export const SERVICE_ACCOUNT_DEFINITION: ResourceDefinition = {
  type: SERVICE_ACCOUNTS,
  singular: 'serviceaccount',
  shortNames: ['sa'],
  categories: [],
  listKind: 'ServiceAccountList',
  hasStatus: false,
  hasGeneration: false,
  allowsUnconditionalUpdate: true,
  columns: [
    NAME_COLUMN,
    column(
      'Secrets',
      (object) => {
        const secrets = at(object, 'secrets');
        return Array.isArray(secrets) ? secrets.length : 0;
      },
      { type: 'integer' },
    ),
    AGE_COLUMN,
  ],
};

export const NAMESPACE_DEFINITION: ResourceDefinition = {
  type: NAMESPACES,
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  listKind: 'NamespaceList',
  hasStatus: true,
  hasGeneration: false,
  otherSubresources: ['finalize'],
  allowsUnconditionalUpdate: true,
  nameRule: 'label',
  columns: [NAME_COLUMN, column('Status', (object) => stringAt(object, 'status', 'phase') ?? ''), AGE_COLUMN],
  applyDefaults: (object) => {
    const labels = ensureObject(ensureObject(object, 'metadata'), 'labels');
    labels['kubernetes.io/metadata.name'] = stringAt(object, 'metadata', 'name') ?? '';
  },
  prepareForCreate: (object) => {
    object.spec = { finalizers: ['kubernetes'] };
    object.status = { phase: 'Active' };
  },
  prepareForUpdate: (object, previous) => {
    // Only the finalize subresource takes these away.
    object.spec = objectAt(previous, 'spec');
  },
  pendingFinalizers: (object) => {
    const finalizers = at(object, 'spec', 'finalizers');
    return Array.isArray(finalizers) ? finalizers.filter((name) => typeof name === 'string') : [];
  },
  prepareForDelete: (object) => {
    const name = stringAt(object, 'metadata', 'name') ?? '';
    // The uid of kube-system is the identity of the cluster.
    if (name === 'default' || name === 'kube-system') {
      throw forbidden(NAMESPACES, name, 'this namespace may not be deleted');
    }
    object.status = { ...objectAt(object, 'status'), phase: 'Terminating' };
  },
  selectableFields: (object) => ({ 'status.phase': stringAt(object, 'status', 'phase') ?? '' }),
};

export const NODE_DEFINITION: ResourceDefinition = {
  type: NODES,
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  listKind: 'NodeList',
  hasStatus: true,
  hasGeneration: false,
  allowsUnconditionalUpdate: true,
  columns: [
    NAME_COLUMN,
    column('Status', nodeStatusWord),
    column('Roles', (object) => {
      const prefix = 'node-role.kubernetes.io/';
      const roles = Object.keys(objectAt(object, 'metadata', 'labels'))
        .filter((label) => label.startsWith(prefix))
        .map((label) => label.slice(prefix.length));
      return roles.length === 0 ? '<none>' : roles.join(',');
    }),
    AGE_COLUMN,
    column('Version', (object) => stringAt(object, 'status', 'nodeInfo', 'kubeletVersion') ?? ''),
    wideColumn('OS-Image', (object) => stringAt(object, 'status', 'nodeInfo', 'osImage') ?? '<unknown>'),
    wideColumn(
      'Kernel-Version',
      (object) => stringAt(object, 'status', 'nodeInfo', 'kernelVersion') ?? '<unknown>',
    ),
    wideColumn(
      'Container-Runtime',
      (object) => stringAt(object, 'status', 'nodeInfo', 'containerRuntimeVersion') ?? '<unknown>',
    ),
  ],
  selectableFields: (object) => ({
    'spec.unschedulable': String(at(object, 'spec', 'unschedulable') === true),
  }),
};

function nodeStatusWord(node: JsonObject): string {
  const conditions = at(node, 'status', 'conditions');
  const ready = (Array.isArray(conditions) ? conditions : []).find((each) => at(each, 'type') === 'Ready');
  const word = at(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `protectsClaims`: claims get the finalizer that keeps them while in use; the claim controller takes it away. */
export function claimDefinition(protectsClaims: boolean): ResourceDefinition {
  return {
    type: PERSISTENT_VOLUME_CLAIMS,
    singular: 'persistentvolumeclaim',
    shortNames: ['pvc'],
    categories: [],
    listKind: 'PersistentVolumeClaimList',
    hasStatus: true,
    hasGeneration: false,
    allowsUnconditionalUpdate: true,
    columns: [
      NAME_COLUMN,
      column('Status', (object) =>
        at(object, 'metadata', 'deletionTimestamp') === undefined
          ? (stringAt(object, 'status', 'phase') ?? '')
          : 'Terminating',
      ),
      column('Volume', (object) => stringAt(object, 'spec', 'volumeName') ?? ''),
      column('Capacity', (object) => stringAt(object, 'status', 'capacity', 'storage') ?? ''),
      column('Access Modes', (object) => {
        const modes = at(object, 'status', 'accessModes');
        return (Array.isArray(modes) ? modes : [])
          .map((mode) => ACCESS_MODES[String(mode)] ?? mode)
          .join(',');
      }),
      column('StorageClass', (object) => stringAt(object, 'spec', 'storageClassName') ?? ''),
      column('VolumeAttributesClass', () => '<unset>'),
      AGE_COLUMN,
      wideColumn('VolumeMode', (object) => stringAt(object, 'spec', 'volumeMode') ?? '<unset>'),
    ],
    applyDefaults: (object) => {
      setDefault(ensureObject(object, 'spec'), 'volumeMode', 'Filesystem');
    },
    prepareForCreate: (object) => {
      // The DefaultStorageClass and StorageObjectInUseProtection admission plugins of a real API server.
      setDefault(ensureObject(object, 'spec'), 'storageClassName', LOCAL_STORAGE_CLASS);
      object.status = { phase: 'Pending' };
      if (!protectsClaims) return;
      const meta = ensureObject(object, 'metadata');
      const finalizers = Array.isArray(meta.finalizers) ? meta.finalizers : [];
      if (!finalizers.includes(CLAIM_PROTECTION)) meta.finalizers = [...finalizers, CLAIM_PROTECTION];
    },
    prepareForUpdate: (object, previous) => {
      // What the binder has set stays when a client sends its manifest again.
      const spec = ensureObject(object, 'spec');
      for (const field of ['volumeName', 'storageClassName']) {
        const bound = at(previous, 'spec', field);
        if (bound !== undefined && bound !== null) setDefault(spec, field, bound);
      }
    },
    validate: claimCauses,
  };
}

function claimCauses(object: JsonObject, previous: JsonObject | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  const modes = at(object, 'spec', 'accessModes');
  if (!Array.isArray(modes) || modes.length === 0) {
    causes.push(requiredValue('spec.accessModes', 'at least 1 access mode is required'));
  } else {
    for (const mode of modes) {
      if (typeof mode === 'string' && mode in ACCESS_MODES) continue;
      causes.push({
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(mode)}: supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`,
        field: 'spec.accessModes',
      });
    }
  }
  const requested = at(object, 'spec', 'resources', 'requests', 'storage');
  const bytes = parseQuantity(requested);
  if (requested === undefined) causes.push(requiredValue('spec.resources[storage]'));
  else if (bytes === undefined || bytes <= 0) {
    causes.push(invalidValue('spec.resources[storage]', requested, 'must be greater than zero'));
  }
  if (previous === undefined) return causes;
  const fixed = (claim: JsonObject): JsonObject => {
    const spec = { ...objectAt(claim, 'spec') };
    if (stringAt(previous, 'status', 'phase') === 'Bound') delete spec.resources;
    return spec;
  };
  const before = fixed(previous);
  const after = fixed(object);
  // The binder may set the volume of a claim that has none.
  if (before.volumeName === undefined) delete after.volumeName;
  const message =
    'Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  if (immutableCause('spec', after, before) !== undefined) {
    causes.push({ reason: 'FieldValueForbidden', message, field: 'spec' });
  }
  const previousBytes = parseQuantity(at(previous, 'spec', 'resources', 'requests', 'storage'));
  if (bytes !== undefined && previousBytes !== undefined && bytes < previousBytes) {
    causes.push({
      reason: 'FieldValueForbidden',
      message: 'Forbidden: field can not be less than status.capacity',
      field: 'spec.resources.requests.storage',
    });
  }
  return causes;
}
