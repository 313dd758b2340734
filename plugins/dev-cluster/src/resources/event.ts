import { at, cloneJson, type JsonObject, type JsonValue, numberAt, stringAt } from '../storage/json.js';
import { invalidValue, requiredValue } from '../storage/metadata-rules.js';
import type { StatusCause } from '../storage/status-error.js';
import { age, column, NAME_COLUMN, wideColumn } from './columns.js';
import type { ResourceDefinition } from './definition.js';
import { EVENTS } from './types.js';

function lastSeen(event: JsonObject, nowMs: number): string {
  const seen =
    at(event, 'series', 'lastObservedTime') ??
    event.lastTimestamp ??
    event.eventTime ??
    at(event, 'metadata', 'creationTimestamp');
  return age(seen, nowMs);
}

function involved(event: JsonObject, ...path: readonly string[]): string {
  return stringAt(event, 'involvedObject', ...path) ?? '';
}

export const EVENT_DEFINITION: ResourceDefinition = {
  type: EVENTS,
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  listKind: 'EventList',
  hasStatus: false,
  hasGeneration: false,
  allowsUnconditionalUpdate: true,
  allowsCreateOnUpdate: true,
  columns: [
    column('Last Seen', lastSeen),
    column('Type', (event) => stringAt(event, 'type') ?? ''),
    column('Reason', (event) => stringAt(event, 'reason') ?? ''),
    column('Object', (event) => `${involved(event, 'kind').toLowerCase()}/${involved(event, 'name')}`),
    wideColumn('Subobject', (event) => involved(event, 'fieldPath')),
    wideColumn(
      'Source',
      (event) => stringAt(event, 'source', 'component') ?? stringAt(event, 'reportingComponent') ?? '',
    ),
    column('Message', (event) => (stringAt(event, 'message') ?? '').trim()),
    wideColumn('First Seen', (event, nowMs) =>
      age(event.firstTimestamp ?? at(event, 'metadata', 'creationTimestamp'), nowMs),
    ),
    wideColumn('Count', (event) => String(numberAt(event, 'count') ?? 1)),
    { ...NAME_COLUMN, priority: 1 },
  ],
  validate: (event) => {
    const about = involved(event, 'namespace');
    const namespace = stringAt(event, 'metadata', 'namespace') ?? '';
    if (about === '' ? namespace === 'default' || namespace === 'kube-system' : about === namespace)
      return [];
    return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
  },
  selectableFields: (event) => ({
    'involvedObject.kind': involved(event, 'kind'),
    'involvedObject.namespace': involved(event, 'namespace'),
    'involvedObject.name': involved(event, 'name'),
    'involvedObject.uid': involved(event, 'uid'),
    'involvedObject.apiVersion': involved(event, 'apiVersion'),
    'involvedObject.resourceVersion': involved(event, 'resourceVersion'),
    'involvedObject.fieldPath': involved(event, 'fieldPath'),
    reason: stringAt(event, 'reason') ?? '',
    reportingComponent: stringAt(event, 'reportingComponent') ?? '',
    source: stringAt(event, 'source', 'component') ?? stringAt(event, 'reportingComponent') ?? '',
    type: stringAt(event, 'type') ?? '',
  }),
};

/** What events.k8s.io/v1 asks of a new event that core/v1 does not; the event is in the form of core/v1. */
export function newEventCauses(event: JsonObject): readonly StatusCause[] {
  const causes = [
    ['eventTime', 'eventTime'],
    ['reportingComponent', 'reportingController'],
    ['reportingInstance', 'reportingInstance'],
    ['action', 'action'],
    ['reason', 'reason'],
  ].flatMap(([stored = '', field = '']) => ((event[stored] ?? '') === '' ? [requiredValue(field)] : []));
  const type = stringAt(event, 'type') ?? '';
  if (type !== 'Normal' && type !== 'Warning') {
    // The value is not quoted where it should be: so it words it.
    causes.push(invalidValue('type', '', `has invalid value: ${type}`));
  }
  return causes;
}

/** Field names in core/v1 by their names in events.k8s.io/v1; the rest has the same name in both. */
const CORE_NAMES: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const EVENTS_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CORE_NAMES).map(([events, core]) => [core, events]),
);

function renamed(event: JsonObject, names: Readonly<Record<string, string>>, apiVersion: string): JsonObject {
  const result: JsonObject = {};
  for (const [field, value] of Object.entries(event))
    result[names[field] ?? field] = cloneJson<JsonValue | undefined>(value);
  result.apiVersion = apiVersion;
  return result;
}

/** An event as events.k8s.io/v1 shows it. */
export function toEventsGroup(event: JsonObject): JsonObject {
  return renamed(event, EVENTS_NAMES, 'events.k8s.io/v1');
}

/** An event of events.k8s.io/v1 as it is stored, in core/v1. */
export function fromEventsGroup(event: JsonObject): JsonObject {
  return renamed(event, CORE_NAMES, 'v1');
}
