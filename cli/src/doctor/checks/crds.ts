import { type ClusterConnection, ClusterError, type KubernetesObject } from '@rynxs/kernel';
import type { Json, JsonMap } from '@rynxs/log';
import type { Check } from '../check.js';
import { type Finding, failed, ok, warning } from '../finding.js';
import { RULES, schemaDifferences } from '../schema-differences.js';
import { minorOf } from './api-server.js';

const MOST_NAMED = 5;
/** Minor number of the first Kubernetes whose API server keeps rules in the Common Expression Language. */
const FIRST_WITH_RULES = 25;
const GVK = 'x-kubernetes-group-version-kind';

const INSTALL =
  'Apply the definitions that came with this version: `kubectl apply -f helm/rynxs/crds/`. Helm installs them once, and never upgrades them.';

interface Definition {
  readonly name: string;
  readonly group: string;
  readonly kind: string;
  readonly version: string;
  readonly schema: JsonMap;
}

interface OpenApi {
  readonly components?: { readonly schemas?: Readonly<Record<string, JsonMap>> };
}

/**
 * Whether the CustomResourceDefinitions are installed, and are those of this version. What the API server publishes is
 * compared (OpenAPI v3), which everybody may read who is authenticated: the operator has no right to the definitions.
 */
export const crdsCheck: Check = {
  name: 'crds',
  parts: [
    async (installation, signal) => {
      const connection = await installation.knownConnection();
      const definitions = (await installation.definitions()).flatMap(definitionsOf);
      const groups = new Set(definitions.map(({ group, version }) => `${group}/${version}`));
      const published = new Map(
        await Promise.all(
          [...groups].map(async (group) => [group, await openApiOf(connection, group, signal)] as const),
        ),
      );
      const hasRules = minorOf(await installation.version().catch(() => undefined)) >= FIRST_WITH_RULES;
      return definitions.flatMap((definition) =>
        judge(definition, published.get(`${definition.group}/${definition.version}`), hasRules),
      );
    },
  ],
};

/** A definition with each version of which it has a schema. */
function definitionsOf({ metadata, spec }: KubernetesObject): readonly Definition[] {
  const { group, names, versions } = spec as {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: JsonMap };
    }[];
  };
  return versions.map(({ name, schema }) => ({
    name: metadata.name,
    group,
    kind: names.kind,
    version: name,
    schema: schema.openAPIV3Schema,
  }));
}

/** The schemas of a group's version; those of none where it is not served, a ClusterError where they are not told. */
async function openApiOf(
  connection: ClusterConnection,
  group: string,
  signal: AbortSignal,
): Promise<readonly JsonMap[] | ClusterError> {
  try {
    const { body } = await connection.read(`/openapi/v3/apis/${group}`, { signal });
    return Object.values((body as OpenApi).components?.schemas ?? {});
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return error.reason === 'missing' ? [] : error;
  }
}

function judge(
  definition: Definition,
  published: readonly JsonMap[] | ClusterError | undefined,
  hasRules: boolean,
): Finding[] {
  const { name, schema } = definition;
  if (published instanceof ClusterError) {
    const remedy = 'Bind the ClusterRole system:discovery to system:authenticated again, as clusters do.';
    return [warning(`${name}: whether it is installed cannot be told: ${published.message}`, remedy)];
  }
  const found = published?.find((one) => isOf(definition, one[GVK]));
  if (found === undefined) return [failed(`${name} is not installed`, INSTALL)];
  const { missing: all, unknown } = schemaDifferences(schema, found);
  const missing = hasRules ? all : all.filter((path) => !path.endsWith(`(${RULES})`));
  if (missing.length > 0) {
    return [failed(`${name} is installed, and is of another version: ${named(missing)}`, INSTALL)];
  }
  if (unknown.length > 0) {
    return [
      warning(
        `${name} is of a newer version: it has ${named(unknown)}, which this one does not know`,
        INSTALL,
      ),
    ];
  }
  return [ok(`${name} is installed, with the schema of this version`)];
}

function isOf({ group, version, kind }: Definition, gvks: Json | undefined): boolean {
  if (!Array.isArray(gvks)) return false;
  return (gvks as readonly JsonMap[]).some(
    (one) => one.group === group && one.version === version && one.kind === kind,
  );
}

function named(paths: readonly string[]): string {
  const more = paths.length - MOST_NAMED;
  return `${paths.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
