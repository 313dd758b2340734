import {
  at,
  isJsonObject,
  type JsonObject,
  numberAt,
  objectAt,
  objectsAt,
  stringAt,
  stringsAt,
} from '../storage/json.js';
import { immutableCause, invalidValue, labelCauses, requiredValue } from '../storage/metadata-rules.js';
import type { StatusCause } from '../storage/status-error.js';
import { AGE_COLUMN, column, NAME_COLUMN, selectorText, wideColumn } from './columns.js';
import { ensureObject, setDefault } from './defaults.js';
import type { PrinterColumn, ResourceDefinition } from './definition.js';
import { defaultPodSpec } from './pod.js';
import { podSpecCauses, unsupportedValue } from './pod-rules.js';
import { matchesLabelSelector } from './selector.js';
import { DEPLOYMENTS, REPLICA_SETS } from './types.js';

function count(name: string, ...path: readonly string[]): PrinterColumn {
  return column(name, (object) => numberAt(object, ...path) ?? 0, { type: 'integer' });
}

const WIDE_COLUMNS: readonly PrinterColumn[] = [
  wideColumn('Containers', (object) =>
    objectsAt(object, 'spec', 'template', 'spec', 'containers')
      .map((container) => stringAt(container, 'name') ?? '')
      .join(','),
  ),
  wideColumn('Images', (object) =>
    objectsAt(object, 'spec', 'template', 'spec', 'containers')
      .map((container) => stringAt(container, 'image') ?? '')
      .join(','),
  ),
  wideColumn('Selector', (object) => selectorText(at(object, 'spec', 'selector'))),
];

function defaultTemplate(spec: JsonObject): void {
  const template = ensureObject(spec, 'template');
  ensureObject(template, 'metadata');
  defaultPodSpec(ensureObject(template, 'spec'));
}

function templateCauses(object: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const spec = objectAt(object, 'spec');
  for (const field of ['replicas', 'minReadySeconds', 'revisionHistoryLimit']) {
    const value = numberAt(spec, field) ?? 0;
    if (value < 0) causes.push(invalidValue(`spec.${field}`, value, 'must be greater than or equal to 0'));
  }
  const selector = spec.selector;
  const labels = stringsAt(spec, 'template', 'metadata', 'labels');
  if (!isJsonObject(selector)) causes.push(requiredValue('spec.selector'));
  else if (selectorText(selector) === '<none>') {
    causes.push(invalidValue('spec.selector', selector, 'empty selector is invalid for deployment'));
  }
  if (
    !isJsonObject(selector) ||
    (selectorText(selector) !== '<none>' && !matchesLabelSelector(selector, labels))
  ) {
    causes.push(
      invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    );
  }
  causes.push(...labelCauses('spec.template.metadata.labels', at(spec, 'template', 'metadata', 'labels')));
  causes.push(...podSpecCauses('spec.template.spec', objectAt(spec, 'template', 'spec')));
  const restartPolicy = at(spec, 'template', 'spec', 'restartPolicy');
  if (restartPolicy !== 'Always') {
    causes.push(unsupportedValue('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  }
  return causes;
}

function selectorChange(object: JsonObject, previous: JsonObject | undefined): StatusCause[] {
  if (previous === undefined) return [];
  const cause = immutableCause(
    'spec.selector',
    at(object, 'spec', 'selector'),
    at(previous, 'spec', 'selector'),
  );
  return cause === undefined ? [] : [cause];
}

/** What Deployments and ReplicaSets have in common. */
const SCALABLE = {
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas' },
  allowsUnconditionalUpdate: true,
} as const;

export const DEPLOYMENT_DEFINITION: ResourceDefinition = {
  type: DEPLOYMENTS,
  singular: 'deployment',
  shortNames: ['deploy'],
  listKind: 'DeploymentList',
  ...SCALABLE,
  annotationsAreContent: true,
  columns: [
    NAME_COLUMN,
    column(
      'Ready',
      (object) =>
        `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
    ),
    count('Up-to-date', 'status', 'updatedReplicas'),
    count('Available', 'status', 'availableReplicas'),
    AGE_COLUMN,
    ...WIDE_COLUMNS,
  ],
  applyDefaults: (object) => {
    const spec = ensureObject(object, 'spec');
    setDefault(spec, 'replicas', 1);
    setDefault(spec, 'revisionHistoryLimit', 10);
    setDefault(spec, 'progressDeadlineSeconds', 600);
    const strategy = ensureObject(spec, 'strategy');
    setDefault(strategy, 'type', 'RollingUpdate');
    if (strategy.type === 'RollingUpdate') {
      const rolling = ensureObject(strategy, 'rollingUpdate');
      setDefault(rolling, 'maxSurge', '25%');
      setDefault(rolling, 'maxUnavailable', '25%');
    }
    defaultTemplate(spec);
  },
  prepareForCreate: (object) => {
    object.status = {};
  },
  validate: (object, previous) => {
    const causes = templateCauses(object);
    const strategy = objectAt(object, 'spec', 'strategy');
    if (strategy.type !== 'Recreate' && strategy.type !== 'RollingUpdate') {
      causes.push(unsupportedValue('spec.strategy.type', strategy.type, ['Recreate', 'RollingUpdate']));
    }
    if (
      strategy.type === 'Recreate' &&
      strategy.rollingUpdate !== undefined &&
      strategy.rollingUpdate !== null
    ) {
      causes.push({
        reason: 'FieldValueForbidden',
        message: "Forbidden: may not be specified when strategy `type` is 'Recreate'",
        field: 'spec.strategy.rollingUpdate',
      });
    }
    return [...causes, ...selectorChange(object, previous)];
  },
};

export const REPLICA_SET_DEFINITION: ResourceDefinition = {
  type: REPLICA_SETS,
  singular: 'replicaset',
  shortNames: ['rs'],
  listKind: 'ReplicaSetList',
  ...SCALABLE,
  columns: [
    NAME_COLUMN,
    count('Desired', 'spec', 'replicas'),
    count('Current', 'status', 'replicas'),
    count('Ready', 'status', 'readyReplicas'),
    AGE_COLUMN,
    ...WIDE_COLUMNS,
  ],
  applyDefaults: (object) => {
    const spec = ensureObject(object, 'spec');
    setDefault(spec, 'replicas', 1);
    defaultTemplate(spec);
  },
  prepareForCreate: (object) => {
    object.status = { replicas: 0 };
  },
  validate: (object, previous) => [...templateCauses(object), ...selectorChange(object, previous)],
};
