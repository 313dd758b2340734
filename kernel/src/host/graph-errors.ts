import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { suggestPackage } from './known-packages.js';
import type { PluginCandidate } from './loaded-plugin.js';
import type { ProviderRegistry } from './provider-registry.js';
import type { MissingProvider, ServiceGraph, ServiceNode } from './service-graph.js';

export interface GraphContext {
  readonly registry: ProviderRegistry;
  /** Plugins that could not be loaded; what they would have provided is not reported as missing on top. */
  readonly failed: readonly PluginCandidate[];
  /** Plugins that were not loaded because another type is selected; their types are known too. */
  readonly notNeeded: readonly PluginCandidate[];
  /** Where installed packages are looked for. */
  readonly directory: string;
}

/** RYNXS_PROVIDER_MISSING, RYNXS_PROVIDER_UNKNOWN_TYPE and RYNXS_PROVIDER_CYCLE for what is wrong with a graph. */
export async function graphErrors(
  graph: ServiceGraph,
  context: GraphContext,
): Promise<readonly RynxsError[]> {
  const errors: RynxsError[] = [];
  const reported = new Set<string>();
  for (const missing of graph.missing) {
    if (context.failed.some((candidate) => announces(candidate, missing))) continue;
    const error = await missingError(missing, context);
    if (reported.has(error.message)) continue;
    reported.add(error.message);
    errors.push(error);
  }
  for (const cycle of graph.cycles) {
    errors.push(rynxsError('RYNXS_PROVIDER_CYCLE', { cycle: cycle.map(inCycle).join(' → ') }));
  }
  return errors;
}

async function missingError(missing: MissingProvider, context: GraphContext): Promise<RynxsError> {
  const { token, type, requirer } = missing;
  const suggestion = await suggestPackage(token.name, type, context.directory);
  if (type !== undefined && token.selectedBy !== undefined) {
    const known = knownTypes(missing, context).join(', ') || 'none';
    const details = { variable: token.selectedBy, type, token: token.name, known, suggestion };
    return rynxsError('RYNXS_PROVIDER_UNKNOWN_TYPE', details);
  }
  const types = knownTypes(missing, context);
  return rynxsError('RYNXS_PROVIDER_MISSING', {
    requirer: requirer === undefined ? 'the kernel' : `plugin ${requirer.plugin} (${requirer.name})`,
    token: token.name,
    suggestion:
      types.length > 0 && token.selectedBy !== undefined
        ? `Set ${token.selectedBy} to one of ${types.join(', ')}.`
        : suggestion,
  });
}

function knownTypes({ token }: MissingProvider, { registry, notNeeded }: GraphContext): readonly string[] {
  const loaded = registry.providersOf(token).map(({ provider }) => provider.type);
  const others = notNeeded.flatMap(({ manifest }) => manifest?.provides[token.name] ?? []);
  return [...new Set([...loaded, ...others])].sort();
}

function announces({ manifest }: PluginCandidate, { token, type }: MissingProvider): boolean {
  const types = manifest?.provides[token.name] ?? [];
  return type === undefined ? types.length > 0 : types.includes(type);
}

function inCycle({ plugin, name }: ServiceNode): string {
  return `${plugin}: ${name}`;
}
