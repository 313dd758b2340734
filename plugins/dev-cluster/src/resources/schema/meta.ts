import {
  anyObject,
  boolean,
  component,
  type FieldSchema,
  int32,
  int64,
  listOf,
  mapOf,
  mergedListOf,
  string,
  time,
} from './field-schema.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const OWNER_REFERENCE = component(
  `${META}.OwnerReference`,
  'Names an object that this one belongs to; it goes when its owners are gone.',
  {
    apiVersion: string('API version of the owner.'),
    kind: string('Kind of the owner.'),
    name: string('Name of the owner.'),
    uid: string('Uid of the owner.'),
    controller: boolean('Whether the owner is the one that manages this object.'),
    blockOwnerDeletion: boolean('Whether a foreground deletion of the owner waits for this object.'),
  },
  ['apiVersion', 'kind', 'name', 'uid'],
);

/** metadata of every object. */
export const OBJECT_META: FieldSchema = component(
  `${META}.ObjectMeta`,
  'What every object has: its identity, labels, owners and times.',
  {
    name: string('Name, unique in its namespace. Cannot be changed.'),
    generateName: string('Prefix of a name that the server makes unique, when there is no name.'),
    namespace: string('The namespace that the object lives in.'),
    selfLink: string('No longer used.'),
    uid: string('Unique over time and space; set by the server.'),
    resourceVersion: string('Version of the object for optimistic concurrency; opaque.'),
    generation: int64('Rises when what is wanted changes.'),
    creationTimestamp: time('When the object was made.'),
    deletionTimestamp: time('When the object is to be gone; set by a deletion that has to wait.'),
    deletionGracePeriodSeconds: int64('Seconds that the object may take to end.'),
    labels: mapOf({ type: 'string' }, 'Names and values to select objects by.'),
    annotations: mapOf({ type: 'string' }, 'Names and values for tools; nothing selects by them.'),
    ownerReferences: mergedListOf(OWNER_REFERENCE, 'The objects that this one belongs to.', 'uid'),
    finalizers: mergedListOf({ type: 'string' }, 'What must be done before the object may go.'),
    managedFields: listOf(
      component(`${META}.ManagedFieldsEntry`, 'Who wrote, when and how.', {
        manager: string('Name of the writer.'),
        operation: string('Apply or Update.'),
        apiVersion: string('API version that was written.'),
        time: time('When it was written.'),
        fieldsType: string('FieldsV1.'),
        fieldsV1: anyObject('The fields that were written.'),
        subresource: string('The subresource that was written.'),
      }),
      'Who wrote which fields.',
    ),
  },
);

export const LABEL_SELECTOR: FieldSchema = component(
  `${META}.LabelSelector`,
  'Selects objects by labels; all parts must match.',
  {
    matchLabels: mapOf({ type: 'string' }, 'Labels that must have exactly these values.'),
    matchExpressions: listOf(
      component(
        `${META}.LabelSelectorRequirement`,
        'One requirement on a label.',
        {
          key: string('The label.'),
          operator: string('In, NotIn, Exists or DoesNotExist.'),
          values: listOf({ type: 'string' }, 'Values for In and NotIn.'),
        },
        ['key', 'operator'],
      ),
      'Requirements on labels.',
    ),
  },
);

/** A condition as deployments and pods have it. */
export function condition(name: string, extra: Readonly<Record<string, FieldSchema>> = {}): FieldSchema {
  return component(
    name,
    'One aspect of the state of the object.',
    {
      type: string('What the condition is about.'),
      status: string('True, False or Unknown.'),
      reason: string('One word for why.'),
      message: string('A sentence for people.'),
      lastTransitionTime: time('When the status changed last.'),
      ...extra,
    },
    ['type', 'status'],
  );
}

export const OBSERVED_GENERATION = int64('The generation that the status speaks of.');
export const REPLICAS = int32('How many pods are wanted.');

export const OBJECT_REFERENCE: FieldSchema = component(
  'io.k8s.api.core.v1.ObjectReference',
  'Names an object, or a part of one.',
  {
    apiVersion: string('API version of the object.'),
    kind: string('Kind of the object.'),
    name: string('Name of the object.'),
    namespace: string('Namespace of the object.'),
    uid: string('Uid of the object.'),
    resourceVersion: string('The version that is meant.'),
    fieldPath: string('The part of the object that is meant.'),
  },
);

/** A kind: metadata and what makes it special. */
export function kind(
  name: string,
  description: string,
  fields: Readonly<Record<string, FieldSchema>>,
  required: readonly string[] = [],
): FieldSchema {
  return component(
    name,
    description,
    {
      apiVersion: string('Group and version of the API that this object is written in.'),
      kind: string('The kind of the object.'),
      metadata: OBJECT_META,
      ...fields,
    },
    required,
  );
}
