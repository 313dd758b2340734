import type { Provider, ServiceClass, Token } from '../contracts/token.js';
import { dependenciesOf, tokenOf } from '../di/index.js';
import type { ProviderRegistry, RegisteredProvider } from './provider-registry.js';

/** A class of a plugin that is to be constructed once, for all tokens that it provides. */
export interface ServiceNode {
  readonly plugin: string;
  readonly implementation: ServiceClass<unknown>;
  readonly providers: readonly Provider[];
  /** `EVENT_STORE(file)`; several joined by `+`. */
  readonly name: string;
  /** Services that must have started before. */
  readonly requires: readonly ServiceNode[];
}

/** A token that nothing provides, and who asked for it. */
export interface MissingProvider {
  readonly token: Token<unknown>;
  /** Undefined when the kernel itself wants it. */
  readonly requirer?: ServiceNode;
  /** The type that was selected and does not exist, where the token is selected by configuration. */
  readonly type?: string;
}

export interface ServiceGraph {
  /** Each service after all that it requires. */
  readonly order: readonly ServiceNode[];
  readonly missing: readonly MissingProvider[];
  /** Circles, as the services in them, the first one repeated at the end. */
  readonly cycles: readonly (readonly ServiceNode[])[];
}

export interface GraphOptions {
  readonly registry: ProviderRegistry;
  /** What must be there, in this order. All providers of tokens of cardinality `many` are there besides. */
  readonly roots: readonly Token<unknown>[];
  /** Tokens that need no provider, because the host gives the service itself. */
  isGiven(token: Token<unknown>): boolean;
  /** The type that configuration selects; undefined when the variable is not set. */
  selected(token: Token<unknown>): string | undefined;
}

interface MutableNode extends ServiceNode {
  readonly providers: Provider[];
  readonly requires: MutableNode[];
}

/** Finds the services that are needed, what they miss, and an order in which they can start. */
export function buildServiceGraph(options: GraphOptions): ServiceGraph {
  const { registry, roots } = options;
  const nodes: MutableNode[] = [];
  const order: MutableNode[] = [];
  const missing: MissingProvider[] = [];
  const cycles: ServiceNode[][] = [];
  const path: MutableNode[] = [];

  const nodeOf = ({ plugin, provider }: RegisteredProvider): MutableNode => {
    const { implementation } = provider;
    let node = nodes.find((other) => other.plugin === plugin && other.implementation === implementation);
    if (node === undefined) {
      node = {
        plugin,
        implementation,
        providers: [],
        requires: [],
        get name() {
          return this.providers.map(({ token, type }) => `${token.name}(${type})`).join('+');
        },
      };
      nodes.push(node);
    }
    if (!node.providers.includes(provider)) node.providers.push(provider);
    return node;
  };

  const visit = (node: MutableNode): void => {
    if (order.includes(node)) return;
    const start = path.indexOf(node);
    if (start >= 0) {
      cycles.push([...path.slice(start), node]);
      return;
    }
    path.push(node);
    for (const dependency of dependenciesOf(node.implementation)) {
      const { token, optional } = tokenOf(dependency);
      for (const required of need(token, node, optional)) {
        if (!node.requires.includes(required)) node.requires.push(required);
        visit(required);
      }
    }
    path.pop();
    order.push(node);
  };

  const need = (
    token: Token<unknown>,
    requirer: MutableNode | undefined,
    optional: boolean,
  ): readonly MutableNode[] => {
    if (options.isGiven(token)) return [];
    const providers = registry.providersOf(token);
    if (token.cardinality === 'many') return providers.map(nodeOf);
    const type = options.selected(token);
    const chosen =
      token.selectedBy === undefined || (type === undefined && providers.length === 1)
        ? providers[0]
        : providers.find(({ provider }) => provider.type === type);
    if (chosen !== undefined) return [nodeOf(chosen)];
    // What was selected must exist, even where going without would do.
    if (optional && type === undefined) return [];
    missing.push({
      token,
      ...(requirer === undefined ? {} : { requirer }),
      ...(type === undefined ? {} : { type }),
    });
    return [];
  };

  for (const token of roots) for (const node of need(token, undefined, false)) visit(node);
  for (const token of registry.tokens()) {
    if (token.cardinality === 'many') for (const node of need(token, undefined, true)) visit(node);
  }
  return { order, missing, cycles };
}
