import type { ResourceType } from '@rynxs/kernel';
import type { ResourceRegistry, ServedResource } from '../resources/registry.js';
import type { JsonObject } from '../storage/json.js';
import type { Answer } from './answer.js';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}

const OTHER_SUBRESOURCES: Readonly<
  Record<string, { verbs: readonly string[]; kind: string; group?: string }>
> = {
  binding: { verbs: ['create'], kind: 'Binding' },
  exec: { verbs: ['create', 'get'], kind: 'PodExecOptions' },
  log: { verbs: ['get'], kind: 'Pod' },
  finalize: { verbs: ['update'], kind: 'Namespace' },
};

function subresourcesOf(served: ServedResource): readonly Subresource[] {
  const { definition, type } = served;
  const list: Subresource[] = [];
  if (definition.hasStatus) list.push({ name: 'status', verbs: STATUS_VERBS, kind: type });
  if (definition.scale !== undefined) {
    list.push({
      name: 'scale',
      verbs: STATUS_VERBS,
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    });
  }
  for (const name of definition.otherSubresources ?? []) {
    const known = OTHER_SUBRESOURCES[name];
    if (known !== undefined) {
      list.push({
        name,
        verbs: known.verbs,
        kind: { group: type.group, version: type.version, kind: known.kind },
      });
    }
  }
  return list;
}

/** Versions in the order that clients prefer: v1, v2beta1 before v1alpha1, … */
function compareVersions(a: string, b: string): number {
  const rank = (version: string): readonly [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return [3, 0, 0];
    const [, major, stage, minor] = match;
    const maturity = stage === undefined ? 0 : stage === 'beta' ? 1 : 2;
    return [maturity, -Number(major), -Number(minor ?? 0)];
  };
  const left = rank(a);
  const right = rank(b);
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || (a < b ? -1 : 1);
}

/** Answers the discovery documents from the table of resources. */
export class Discovery {
  readonly #registry: ResourceRegistry;

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** Versions of a group that are served, the preferred one first; undefined when there is no such group. */
  versions(group: string): readonly string[] | undefined {
    const versions = new Set(
      this.#registry
        .all()
        .filter((served) => served.type.group === group)
        .map((served) => served.type.version),
    );
    return versions.size === 0 ? undefined : [...versions].sort(compareVersions);
  }

  /** Names of all groups but core. */
  groups(): readonly string[] {
    return [...new Set(this.#registry.all().map((served) => served.type.group))].filter(
      (group) => group !== '',
    );
  }

  /** `/api`; aggregated when the client takes that. */
  core(accept: string | undefined, address: string): Answer {
    if (wantsAggregated(accept)) return this.#aggregated(['']);
    return answer({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
    });
  }

  /** `/apis`; aggregated when the client takes that. */
  all(accept: string | undefined): Answer {
    if (wantsAggregated(accept)) return this.#aggregated(this.groups());
    const groups = this.groups().map((group) => this.#group(group));
    return answer({ kind: 'APIGroupList', apiVersion: 'v1', groups });
  }

  /** `/apis/<group>`; undefined when there is no such group. */
  group(group: string): Answer | undefined {
    if (this.versions(group) === undefined) return undefined;
    return answer({ ...this.#group(group), kind: 'APIGroup', apiVersion: 'v1' });
  }

  /** `/apis/<group>/<version>`; undefined when it is not served. */
  resources(group: string, version: string): Answer | undefined {
    const served = this.#served(group, version);
    if (served.length === 0) return undefined;
    const resources = served.flatMap((each) => [
      {
        name: each.type.plural,
        singularName: each.definition.singular,
        namespaced: each.type.namespaced,
        kind: each.type.kind,
        verbs: VERBS,
        ...(each.definition.shortNames.length === 0 ? {} : { shortNames: [...each.definition.shortNames] }),
        ...(each.definition.categories.length === 0 ? {} : { categories: [...each.definition.categories] }),
      },
      ...subresourcesOf(each).map((subresource) => ({
        name: `${each.type.plural}/${subresource.name}`,
        singularName: '',
        namespaced: each.type.namespaced,
        ...(subresource.kind.group === group
          ? {}
          : { group: subresource.kind.group, version: subresource.kind.version }),
        kind: subresource.kind.kind,
        verbs: [...subresource.verbs],
      })),
    ]);
    return answer({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: group === '' ? version : `${group}/${version}`,
      resources,
    });
  }

  #served(group: string, version: string): readonly ServedResource[] {
    return this.#registry.all().filter((each) => each.type.group === group && each.type.version === version);
  }

  #group(group: string): JsonObject {
    const versions = (this.versions(group) ?? []).map((version) => ({
      groupVersion: `${group}/${version}`,
      version,
    }));
    return { name: group, versions, preferredVersion: versions[0] };
  }

  #aggregated(groups: readonly string[]): Answer {
    const items = groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: (this.versions(group) ?? []).map((version) => ({
        version,
        freshness: 'Current',
        resources: this.#served(group, version).map(aggregatedResource),
      })),
    }));
    return {
      code: 200,
      contentType: AGGREGATED,
      body: { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items },
    };
  }
}

function aggregatedResource(served: ServedResource): JsonObject {
  const { type, definition } = served;
  const subresources = subresourcesOf(served).map((each) => ({
    subresource: each.name,
    responseKind: isSameVersion(each.kind, type)
      ? { ...NO_OTHER_VERSION, kind: each.kind.kind }
      : { group: each.kind.group, version: each.kind.version, kind: each.kind.kind },
    verbs: [...each.verbs],
  }));
  return {
    resource: type.plural,
    responseKind: { ...NO_OTHER_VERSION, kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: VERBS,
    ...(definition.shortNames.length === 0 ? {} : { shortNames: [...definition.shortNames] }),
    ...(definition.categories.length === 0 ? {} : { categories: [...definition.categories] }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** Left empty where it is the version that is being described. */
const NO_OTHER_VERSION = { group: '', version: '' };

function isSameVersion(
  a: Pick<ResourceType, 'group' | 'version'>,
  b: Pick<ResourceType, 'group' | 'version'>,
): boolean {
  return a.group === b.group && a.version === b.version;
}

function wantsAggregated(accept: string | undefined): boolean {
  return accept?.includes('as=APIGroupDiscoveryList') === true && accept.includes('v=v2;');
}

function answer(body: JsonObject): Answer {
  return { code: 200, body };
}
