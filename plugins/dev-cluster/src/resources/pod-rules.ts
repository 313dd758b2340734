import {
  at,
  isJsonObject,
  type JsonObject,
  objectAt,
  objectsAt,
  sameJson,
  stringAt,
} from '../storage/json.js';
import { invalidValue, isDnsLabel, isDnsSubdomain, requiredValue, shown } from '../storage/metadata-rules.js';
import type { StatusCause } from '../storage/status-error.js';
import { parseQuantity, QUANTITY_HELP } from './quantity.js';

const LABEL_HELP =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const ENV_NAME = /^[ -<>-~]+$/;

/** `field: Unsupported value: "x": supported values: "a", "b"`. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): StatusCause {
  const list = [...supported].sort().map((each) => JSON.stringify(each));
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(value ?? '')}: supported values: ${list.join(', ')}`,
    field,
  };
}

export function duplicateValue(field: string, value: unknown): StatusCause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

function notFoundValue(field: string, value: string): StatusCause {
  return { reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(value)}`, field };
}

function oneOf(field: string, value: unknown, supported: readonly string[]): StatusCause[] {
  if (value === undefined || (typeof value === 'string' && supported.includes(value))) return [];
  return [unsupportedValue(field, value, supported)];
}

/** What is wrong with the spec of a pod or of a template; `path` is where it stands. Call it after defaulting. */
export function podSpecCauses(path: string, spec: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const volumes = new Set<string>();
  objectsAt(spec, 'volumes').forEach((volume, index) => {
    const field = `${path}.volumes[${index}]`;
    causes.push(...nameCauses(`${field}.name`, volume.name, volumes));
    const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== undefined);
    if (sources.length > 1) {
      for (const extra of sources.slice(1)) {
        causes.push({
          reason: 'FieldValueForbidden',
          message: 'Forbidden: may not specify more than 1 volume type',
          field: `${field}.${extra}`,
        });
      }
    }
  });
  const containers = objectsAt(spec, 'containers');
  if (containers.length === 0) causes.push(requiredValue(`${path}.containers`));
  const names = new Set<string>();
  for (const list of ['containers', 'initContainers']) {
    objectsAt(spec, list).forEach((container, index) => {
      causes.push(...containerCauses(`${path}.${list}[${index}]`, container, names, volumes));
    });
  }
  causes.push(...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']));
  causes.push(
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, [
      'ClusterFirst',
      'ClusterFirstWithHostNet',
      'Default',
      'None',
    ]),
  );
  const account = spec.serviceAccountName;
  if (typeof account === 'string' && account !== '' && !isDnsSubdomain(account)) {
    causes.push(invalidValue(`${path}.serviceAccountName`, account, 'must be a valid object name'));
  }
  const grace = spec.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace < 0) {
    causes.push(
      invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0'),
    );
  }
  causes.push(...securityContextCauses(`${path}.securityContext`, objectAt(spec, 'securityContext')));
  return causes;
}

function nameCauses(field: string, value: unknown, seen: Set<string>): StatusCause[] {
  if (typeof value !== 'string' || value === '') return [requiredValue(field)];
  if (!isDnsLabel(value)) return [invalidValue(field, value, LABEL_HELP)];
  if (seen.has(value)) return [duplicateValue(field, value)];
  seen.add(value);
  return [];
}

function containerCauses(
  path: string,
  container: JsonObject,
  names: Set<string>,
  volumes: ReadonlySet<string>,
): StatusCause[] {
  const causes = nameCauses(`${path}.name`, container.name, names);
  if (typeof container.image !== 'string' || container.image === '')
    causes.push(requiredValue(`${path}.image`));
  else if (container.image.trim() !== container.image) {
    causes.push(
      invalidValue(`${path}.image`, container.image, 'must not have leading or trailing whitespace'),
    );
  }
  causes.push(
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
  );
  objectsAt(container, 'env').forEach((variable, index) => {
    const field = `${path}.env[${index}]`;
    if (typeof variable.name !== 'string' || variable.name === '')
      causes.push(requiredValue(`${field}.name`));
    else if (!ENV_NAME.test(variable.name)) {
      causes.push(
        invalidValue(
          `${field}.name`,
          variable.name,
          "a valid environment variable name must consist only of printable ASCII characters other than '='",
        ),
      );
    }
    if (isJsonObject(variable.valueFrom) && typeof variable.value === 'string' && variable.value !== '') {
      causes.push(invalidValue(`${field}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    }
  });
  const mountPaths = new Set<string>();
  objectsAt(container, 'volumeMounts').forEach((mount, index) => {
    const field = `${path}.volumeMounts[${index}]`;
    const name = stringAt(mount, 'name') ?? '';
    const mountPath = stringAt(mount, 'mountPath') ?? '';
    if (name === '') causes.push(requiredValue(`${field}.name`));
    else if (!volumes.has(name)) causes.push(notFoundValue(`${field}.name`, name));
    if (mountPath === '') causes.push(requiredValue(`${field}.mountPath`));
    else if (mountPaths.has(mountPath)) {
      causes.push(invalidValue(`${field}.mountPath`, mountPath, 'must be unique'));
    }
    mountPaths.add(mountPath);
  });
  objectsAt(container, 'ports').forEach((port, index) => {
    const field = `${path}.ports[${index}]`;
    const number = port.containerPort;
    if (typeof number !== 'number') causes.push(requiredValue(`${field}.containerPort`));
    else if (number < 1 || number > 65_535) {
      causes.push(invalidValue(`${field}.containerPort`, number, 'must be between 1 and 65535, inclusive'));
    }
    causes.push(...oneOf(`${field}.protocol`, port.protocol, ['TCP', 'UDP', 'SCTP']));
  });
  causes.push(...resourceCauses(`${path}.resources`, objectAt(container, 'resources')));
  causes.push(...securityContextCauses(`${path}.securityContext`, objectAt(container, 'securityContext')));
  return causes;
}

/** What is wrong with requests and limits: no quantities, negative, or more requested than allowed. */
export function resourceCauses(path: string, resources: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const list of ['limits', 'requests']) {
    for (const [name, quantity] of Object.entries(objectAt(resources, list))) {
      const value = parseQuantity(quantity);
      if (value === undefined) causes.push(invalidValue(`${path}.${list}[${name}]`, quantity, QUANTITY_HELP));
      else if (value < 0) {
        causes.push(invalidValue(`${path}.${list}[${name}]`, quantity, 'must be greater than or equal to 0'));
      }
    }
  }
  if (causes.length > 0) return causes;
  for (const [name, quantity] of Object.entries(objectAt(resources, 'requests'))) {
    const limit = at(resources, 'limits', name);
    if (limit === undefined) continue;
    if ((parseQuantity(quantity) ?? 0) > (parseQuantity(limit) ?? 0)) {
      causes.push(
        invalidValue(`${path}.requests`, quantity, `must be less than or equal to ${name} limit of ${limit}`),
      );
    }
  }
  return causes;
}

function securityContextCauses(path: string, context: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup']) {
    const id = context[field];
    if (typeof id === 'number' && (id < 0 || id > 2_147_483_647)) {
      causes.push(invalidValue(`${path}.${field}`, id, 'must be between 0 and 2147483647, inclusive'));
    }
  }
  if (context.privileged === true && context.allowPrivilegeEscalation === false) {
    causes.push(
      invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
    );
  }
  const seccomp = at(context, 'seccompProfile', 'type');
  causes.push(
    ...oneOf(`${path}.seccompProfile.type`, seccomp, ['Localhost', 'RuntimeDefault', 'Unconfined']),
  );
  return causes;
}

const MUTABLE_POD_FIELDS = [
  'spec.containers[*].image',
  'spec.initContainers[*].image',
  'spec.activeDeadlineSeconds',
  'spec.tolerations',
  'spec.terminationGracePeriodSeconds',
];

/** A pod's spec is fixed but for images, deadline, tolerations and a grace period that was negative. */
export function podUpdateCauses(pod: JsonObject, previous: JsonObject): StatusCause[] {
  const fixed = (object: JsonObject): JsonObject => {
    const spec = objectAt(object, 'spec');
    const withoutImages = (list: string) =>
      objectsAt(spec, list).map((container) => ({
        ...container,
        image: undefined,
        imagePullPolicy: undefined,
      }));
    return {
      ...spec,
      containers: withoutImages('containers'),
      initContainers: withoutImages('initContainers'),
      activeDeadlineSeconds: undefined,
      tolerations: undefined,
      terminationGracePeriodSeconds: undefined,
    };
  };
  if (sameJson(fixed(pod), fixed(previous))) return [];
  return [
    {
      reason: 'FieldValueForbidden',
      message: `Forbidden: pod updates may not change fields other than ${MUTABLE_POD_FIELDS.map((field) => shown(field).replaceAll('"', '`')).join(',')}`,
      field: 'spec',
    },
  ];
}
