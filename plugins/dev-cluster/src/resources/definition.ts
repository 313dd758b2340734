import type { ResourceType } from '@rynxs/kernel';
import type { JsonObject, JsonValue } from '../storage/json.js';
import type { StatusCause } from '../storage/status-error.js';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0 is always shown; anything above only with `-o wide`. */
  readonly priority: number;
  /** The value of the cell; `nowMs` is for ages. */
  cell(object: JsonObject, nowMs: number): JsonValue;
}

/** Where the scale subresource finds its numbers: JSON paths such as `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicas: string;
  readonly statusReplicas: string;
  readonly labelSelector?: string;
}

/** Everything that the API server must know about a kind of object. */
export interface ResourceDefinition {
  readonly type: ResourceType;
  /** Added by a CustomResourceDefinition. */
  readonly isCustom?: boolean;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly listKind: string;
  /** Whether `/status` exists: then the main resource never changes the status, and `/status` nothing else. */
  readonly hasStatus: boolean;
  /** Whether `metadata.generation` rises with changes of anything but metadata and status. */
  readonly hasGeneration: boolean;
  /** Whether annotations count for the generation too, and travel with the status without doing so; default false. */
  readonly annotationsAreContent?: boolean;
  readonly scale?: ScalePaths;
  /** Other subresources, for discovery: `exec`, `log`. */
  readonly otherSubresources?: readonly string[];
  /** Whether an update may leave out the resource version and so overwrite whatever is there. */
  readonly allowsUnconditionalUpdate: boolean;
  /** Whether an update of an object that is not there makes it; default false. */
  readonly allowsCreateOnUpdate?: boolean;
  /** What `metadata.name` must look like; default a DNS subdomain. */
  readonly nameRule?: 'subdomain' | 'label' | 'path';
  readonly columns: readonly PrinterColumn[];
  /** Fills in defaults, in place. */
  applyDefaults?(object: JsonObject): void;
  /** Sets what only the server decides when an object is made, in place; the status is gone already. */
  prepareForCreate?(object: JsonObject): void;
  /** Keeps what an update of the main resource must not change, in place. */
  prepareForUpdate?(object: JsonObject, previous: JsonObject): void;
  /** Notes in the object that its deletion was asked for: replaces fields, and changes none in depth. May throw. */
  prepareForDelete?(object: JsonObject): void;
  /** Everything that is wrong with the object, and with the change when there was a previous one. */
  validate?(object: JsonObject, previous: JsonObject | undefined): readonly StatusCause[];
  /** As `validate`, for updates of the status subresource. */
  validateStatus?(object: JsonObject, previous: JsonObject): readonly StatusCause[];
  /** Seconds that the object lives on after a deletion was asked for; absent or 0: it goes at once. */
  gracePeriodSeconds?(object: JsonObject, requested: number | undefined): number;
  /** Finalizers of `spec.finalizers` (namespaces) that must be gone before the object goes. */
  pendingFinalizers?(object: JsonObject): readonly string[];
  /** Fields besides metadata.name and metadata.namespace that field selectors may use. */
  selectableFields?(object: JsonObject): Readonly<Record<string, string>>;
}

/** Finds definitions. `group/plural` names what is stored; all served versions of it share the objects. */
export interface DefinitionSource {
  definition(group: string, plural: string): ResourceDefinition | undefined;
}
