import type { ResourceType } from '@rynxs/kernel';
import type { JsonObject } from './json.js';

/** One cause of an invalid object, as metav1.StatusCause. */
export interface StatusCause {
  /** FieldValueInvalid, FieldValueRequired, FieldValueNotSupported, FieldValueForbidden, FieldValueDuplicate, … */
  readonly reason: string;
  readonly message: string;
  /** Path of the field: `spec.containers[0].name`; absent where no field is to blame. */
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A refusal as the API server words it: a metav1.Status with its HTTP code. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  constructor(
    /** HTTP status code. */
    readonly code: number,
    /** metav1.StatusReason: NotFound, Conflict, …; empty for the few refusals that have none. */
    readonly reason: string,
    message: string,
    readonly details?: StatusDetails,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The body of the answer. */
  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: { ...this.details } as unknown as JsonObject }),
      code: this.code,
    };
  }
}

/** `deployments.apps`, or `pods` in the core group: how the API server's messages name a resource. */
export function qualifiedName(type: ResourceType): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

function detailsOf(type: ResourceType, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.plural,
  };
}

export function notFound(type: ResourceType, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualifiedName(type)} "${name}" not found`,
    detailsOf(type, name),
  );
}

export function alreadyExists(type: ResourceType, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualifiedName(type)} "${name}" already exists`,
    detailsOf(type, name),
  );
}

export function conflict(type: ResourceType, name: string, detail: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": ${detail}`,
    detailsOf(type, name),
  );
}

/** 409 for a precondition of a deletion: the one conflict that names the kind where others name the resource. */
export function preconditionFailed(type: ResourceType, name: string, detail: string): StatusError {
  return conflict({ ...type, plural: type.kind }, name, detail);
}

export function badRequest(message: string, options?: ErrorOptions): StatusError {
  return new StatusError(400, 'BadRequest', message, undefined, options);
}

export function forbidden(
  type: ResourceType,
  name: string,
  detail: string,
  causes?: readonly StatusCause[],
): StatusError {
  const what = name === '' ? qualifiedName(type) : `${qualifiedName(type)} "${name}"`;
  return new StatusError(403, 'Forbidden', `${what} is forbidden: ${detail}`, {
    ...detailsOf(type, name),
    ...(causes === undefined ? {} : { causes }),
  });
}

/** 422 with every field that is wrong. `causes` must not be empty. */
export function invalid(type: ResourceType, name: string, causes: readonly StatusCause[]): StatusError {
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  return new StatusError(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.kind,
    causes,
  });
}

/** 422 for options of a request (ListOptions, CreateOptions, …) that make no sense. */
export function invalidOptions(kind: string, causes: readonly StatusCause[]): StatusError {
  return invalid({ group: 'meta.k8s.io', version: 'v1', kind, plural: '', namespaced: false }, '', causes);
}

/** 410: the asked-for resource version is older than the bounded history. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}
