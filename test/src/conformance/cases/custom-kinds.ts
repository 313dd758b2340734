import { randomBytes } from 'node:crypto';
import type { ApiClient, Json } from '../api-client.js';
import { type CaseContext, untilAsync } from '../conformance-case.js';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** A kind that a definition made, and a name in it for one case. */
export interface CustomKind {
  readonly group: string;
  readonly definition: string;
  /** Path of its objects. */
  readonly objects: string;
  readonly name: string;
  /** An object of that name with this spec, and with these other fields. */
  widget(spec: Json, change?: Json): Json;
}

/** A definition of Widgets in a group of its own. */
export function definitionOf(group: string, spec: Json, version: Json = {}): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec,
                status: {
                  type: 'object',
                  properties: {
                    phase: { type: 'string' },
                    replicas: { type: 'integer' },
                    selector: { type: 'string' },
                  },
                },
              },
            },
          },
          ...version,
        },
      ],
    },
  };
}

export const newGroup = () => `g${randomBytes(4).toString('hex')}.conformance.example.org`;

/** Kinds that are there, by area and definition: making one takes a real server two seconds. */
const made = new WeakMap<CaseContext, Map<string, Promise<string>>>();
let names = 0;

/** Uses a kind that the cases of an area share. */
export async function withKind(
  context: CaseContext,
  spec: Json,
  use: (kind: CustomKind) => Promise<void>,
  version: Json = {},
): Promise<void> {
  const kinds = made.get(context) ?? new Map<string, Promise<string>>();
  made.set(context, kinds);
  const key = JSON.stringify([spec, version]);
  const group = kinds.get(key) ?? makeKind(context, spec, version);
  kinds.set(key, group);
  await use(kindOf(context, await group));
}

/** Makes a kind for one case, which may change it. */
export async function withOwnKind(
  context: CaseContext,
  spec: Json,
  use: (kind: CustomKind) => Promise<void>,
): Promise<void> {
  await use(kindOf(context, await makeKind(context, spec, {})));
}

/** Makes a kind that is gone when the area ends. Resolves to its group. */
async function makeKind(
  { api, namespace, cleanUp }: CaseContext,
  spec: Json,
  version: Json,
): Promise<string> {
  const group = newGroup();
  cleanUp.push(() => api.call('DELETE', `${DEFINITIONS}/widgets.${group}`));
  await api.ok('POST', DEFINITIONS, definitionOf(group, spec, version));
  await served(api, `/apis/${group}/v1/namespaces/${namespace}/widgets`);
  return group;
}

function kindOf({ namespace }: CaseContext, group: string): CustomKind {
  names += 1;
  const name = `w${names}`;
  return {
    group,
    definition: `${DEFINITIONS}/widgets.${group}`,
    objects: `/apis/${group}/v1/namespaces/${namespace}/widgets`,
    name,
    widget: (spec, change = {}) => ({
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: { name },
      spec,
      ...change,
    }),
  };
}

/** Waits until a kind is served. */
export function served(api: ApiClient, objects: string): Promise<void> {
  return untilAsync(async () => (await api.call('GET', objects)).code === 200, `${objects} is served`);
}
