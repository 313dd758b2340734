import type { JsonMap } from '@rynxs/log';
import { isCidr } from '../schema/cidr.js';
import { CIDR, DNS_LABEL } from '../schema/patterns.js';
import { canonicalQuantity, parseQuantity } from '../schema/quantity.js';
import { readSpec } from '../schema/recorded-spec.js';
import type { Problem } from '../schema/structural-schema.js';
import type { Amounts } from '../spec.js';
import type { Bounds } from './bounds.js';
import { UNIVERSE_WORDS, universeSpecSchema } from './universe-schema.js';

const LABEL = new RegExp(DNS_LABEL);

type DeclaredAmount = string | number;

/** A declared spec in the shape of the schema, checked and with defaults. */
interface DeclaredUniverse {
  readonly namespaces: readonly string[];
  readonly images?: Bounds['images'];
  readonly runtimeClassNames?: readonly string[];
  readonly limits?: Readonly<Record<string, DeclaredAmount>>;
  readonly workspace?: { readonly maxSize?: DeclaredAmount };
  readonly egress?: {
    readonly dns: boolean;
    readonly agents: boolean;
    readonly cidrs?: readonly {
      readonly cidr: string;
      readonly ports: readonly {
        readonly protocol: string;
        readonly port: number;
        readonly endPort?: number;
      }[];
    }[];
  };
  readonly secrets?: Bounds['secrets'];
  readonly quota?: Bounds['quota'];
}

export interface AcceptedUniverse {
  readonly namespaces: readonly string[];
  readonly bounds: Bounds;
}

/** Checks a recorded spec against the schema, every CEL rule, and what neither can say. */
export function acceptUniverse(
  recorded: JsonMap,
): AcceptedUniverse | { readonly problems: readonly Problem[] } {
  const read = readSpec(universeSpecSchema, recorded, UNIVERSE_WORDS);
  if ('problems' in read) return read;
  const spec = read.spec as unknown as DeclaredUniverse;
  const problems = [...checkNetworks(spec), ...checkAmounts(spec)];
  return problems.length > 0 ? { problems } : { namespaces: spec.namespaces, bounds: boundsOf(spec) };
}

/** The namespaces that a spec names, as far as they can be read of one that is refused. */
export function namedNamespaces({ declared }: JsonMap): readonly string[] {
  const { namespaces } = (declared ?? {}) as { namespaces?: unknown };
  if (!Array.isArray(namespaces)) return [];
  const isName = (name: unknown): name is string => typeof name === 'string' && LABEL.test(name);
  return [...new Set(namespaces.filter(isName))];
}

function* checkNetworks({ egress }: DeclaredUniverse): Iterable<Problem> {
  for (const [index, { cidr, ports }] of (egress?.cidrs ?? []).entries()) {
    const field = `spec.egress.cidrs[${index}]`;
    if (!isCidr(cidr))
      yield {
        field: `${field}.cidr`,
        detail: `must be ${UNIVERSE_WORDS[CIDR]}`,
      };
    for (const [at, { port, endPort = port }] of ports.entries()) {
      if (endPort < port)
        yield { field: `${field}.ports[${at}].endPort`, detail: 'must not be less than port' };
    }
  }
}

function* checkAmounts({ limits = {}, workspace }: DeclaredUniverse): Iterable<Problem> {
  const bytes = Object.entries(limits)
    .filter(([resource]) => resource !== 'cpu')
    .map(([resource, amount]) => [`limits.${resource}`, amount] as const);
  const { maxSize } = workspace ?? {};
  for (const [field, amount] of maxSize === undefined
    ? bytes
    : [...bytes, ['workspace.maxSize', maxSize] as const]) {
    if ((parseQuantity(String(amount))?.milli ?? 0n) % 1000n !== 0n)
      yield { field: `spec.${field}`, detail: 'must be a whole number of bytes' };
  }
}

function boundsOf(spec: DeclaredUniverse): Bounds {
  const { images, runtimeClassNames, limits, workspace, egress, secrets, quota } = spec;
  return {
    ...(images === undefined ? {} : { images }),
    ...(runtimeClassNames === undefined ? {} : { runtimeClassNames }),
    ...(limits === undefined ? {} : { limits: canonicalAmounts(limits) }),
    ...(workspace?.maxSize === undefined
      ? {}
      : { workspace: { maxSize: canonicalQuantity(workspace.maxSize) } }),
    ...(egress === undefined ? {} : { egress: egressOf(egress) }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(quota === undefined ? {} : { quota }),
  };
}

function egressOf({
  dns,
  agents,
  cidrs = [],
}: NonNullable<DeclaredUniverse['egress']>): NonNullable<Bounds['egress']> {
  return {
    dns,
    agents,
    cidrs: cidrs.map(({ cidr, ports }) => ({
      cidr,
      ports: ports.map(({ protocol, port, endPort }) => ({ protocol, port, endPort: endPort ?? port })),
    })),
  };
}

function canonicalAmounts(amounts: Readonly<Record<string, DeclaredAmount>>): Amounts {
  return Object.fromEntries(
    Object.entries(amounts).map(([resource, amount]) => [resource, canonicalQuantity(amount)]),
  );
}
