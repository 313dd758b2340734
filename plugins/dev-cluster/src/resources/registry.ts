import type { ResourceType } from '@rynxs/kernel';
import type { JsonObject } from '../storage/json.js';
import type { StatusCause } from '../storage/status-error.js';
import {
  CONFIG_MAP_DEFINITION,
  claimDefinition,
  NAMESPACE_DEFINITION,
  NODE_DEFINITION,
  SECRET_DEFINITION,
  SERVICE_ACCOUNT_DEFINITION,
} from './core.js';
import { definitionOfDefinitions } from './custom/definition-of-definitions.js';
import type { DefinitionSource, ResourceDefinition } from './definition.js';
import { EVENT_DEFINITION, fromEventsGroup, newEventCauses, toEventsGroup } from './event.js';
import { LEASE_DEFINITION } from './lease.js';
import { NETWORK_POLICY_DEFINITION } from './network-policy.js';
import { POD_DEFINITION } from './pod.js';
import type { FieldSchema } from './schema/field-schema.js';
import * as kinds from './schema/kinds.js';
import { DEPLOYMENT_DEFINITION, REPLICA_SET_DEFINITION } from './workload.js';

/** A resource under one of the group versions that it is served in. */
export interface ServedResource {
  /** The type as clients name it; what is stored may have another group or version. */
  readonly type: ResourceType;
  readonly definition: ResourceDefinition;
  /** What objects of this version may look like; absent where anything is kept. */
  readonly schema?: FieldSchema;
  /** A kind that a CustomResourceDefinition has added: strategic merge patches do not work on it. */
  readonly isCustom: boolean;
  /** What is wrong with a new object by the rules of this version alone; gets it as it is stored. */
  readonly validateCreate?: (object: JsonObject) => readonly StatusCause[];
  /** Shown with every answer: the version is deprecated. */
  readonly warning?: string;
  /** Turns what is stored into what this version shows; absent when they are the same. */
  readonly fromStored?: (object: JsonObject) => JsonObject;
  /** The way back. */
  readonly toStored?: (object: JsonObject) => JsonObject;
}

/** The table of all resources: the built-in ones and those that CustomResourceDefinitions add. */
export class ResourceRegistry implements DefinitionSource {
  readonly #definitions = new Map<string, ResourceDefinition>();
  readonly #served = new Map<string, ServedResource>();
  /** Rises with every change, so that documents made from the table know when they are old. */
  revision = 0;

  definition(group: string, plural: string): ResourceDefinition | undefined {
    return this.#definitions.get(`${group}/${plural}`);
  }

  served(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#served.get(`${group}/${version}/${plural}`);
  }

  /** Adds a stored resource and every version that it is served in. */
  add(definition: ResourceDefinition, served: readonly ServedResource[]): void {
    this.#definitions.set(`${definition.type.group}/${definition.type.plural}`, definition);
    for (const resource of served) this.#served.set(servedKey(resource.type), resource);
    this.revision += 1;
  }

  /** Takes a stored resource and all its versions away. */
  remove(group: string, plural: string): void {
    const definition = this.definition(group, plural);
    if (definition === undefined) return;
    this.#definitions.delete(`${group}/${plural}`);
    for (const [key, resource] of this.#served) {
      if (resource.type.group === group && resource.type.plural === plural) this.#served.delete(key);
    }
    this.revision += 1;
  }

  /** Everything that is served, by group, version and name in order. */
  all(): readonly ServedResource[] {
    return [...this.#served.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource);
  }
}

function servedKey(type: ResourceType): string {
  return `${type.group}/${type.version}/${type.plural}`;
}

export interface BuiltInOptions {
  /** Claims are kept while a pod uses them; needs the claim controller. */
  readonly protectsClaims: boolean;
  /** The current time, RFC 3339. */
  readonly timestamp: () => string;
}

/** A registry with the built-in kinds. */
export function createRegistry(options: BuiltInOptions): ResourceRegistry {
  const registry = new ResourceRegistry();
  const builtIn = (definition: ResourceDefinition, schema: FieldSchema) =>
    registry.add(definition, [{ type: definition.type, definition, schema, isCustom: false }]);
  builtIn(NAMESPACE_DEFINITION, kinds.NAMESPACE);
  builtIn(NODE_DEFINITION, kinds.NODE);
  builtIn(POD_DEFINITION, kinds.POD);
  builtIn(CONFIG_MAP_DEFINITION, kinds.CONFIG_MAP);
  builtIn(SECRET_DEFINITION, kinds.SECRET);
  builtIn(SERVICE_ACCOUNT_DEFINITION, kinds.SERVICE_ACCOUNT);
  builtIn(claimDefinition(options.protectsClaims), kinds.PERSISTENT_VOLUME_CLAIM);
  builtIn(DEPLOYMENT_DEFINITION, kinds.DEPLOYMENT);
  builtIn(REPLICA_SET_DEFINITION, kinds.REPLICA_SET);
  builtIn(NETWORK_POLICY_DEFINITION, kinds.NETWORK_POLICY);
  builtIn(LEASE_DEFINITION, kinds.LEASE);
  // What is in the table now is built in.
  const isTaken = (group: string, plural: string) => registry.served(group, 'v1', plural)?.isCustom === false;
  builtIn(definitionOfDefinitions(isTaken, options.timestamp), kinds.CUSTOM_RESOURCE_DEFINITION);
  registry.add(EVENT_DEFINITION, [
    { type: EVENT_DEFINITION.type, definition: EVENT_DEFINITION, schema: kinds.EVENT, isCustom: false },
    {
      type: { ...EVENT_DEFINITION.type, group: 'events.k8s.io' },
      definition: EVENT_DEFINITION,
      schema: kinds.EVENTS_GROUP_EVENT,
      isCustom: false,
      validateCreate: newEventCauses,
      fromStored: toEventsGroup,
      toStored: fromEventsGroup,
    },
  ]);
  return registry;
}
