import 'reflect-metadata';
import { container, type DependencyContainer } from 'tsyringe';
import type { Dependency, ServiceClass, Token } from '../contracts/token.js';
import { dependenciesOf, tokenOf } from './dependencies.js';

/** A constructed service; hooks are looked up on it by the host. */
export type Service = object;

/**
 * The services of a process: what all plugins share in the root, what is a plugin's own (its configuration, its
 * logger) in a child.
 */
export class ServiceContainer {
  readonly #root = container.createChildContainer();

  /** Registers an existing object for all plugins. */
  give<T>(token: Token<T>, instance: T): void {
    this.#root.registerInstance(token.symbol, instance);
  }

  /** A container in which `own` services hide those of the root. */
  scope(own: Iterable<readonly [Token<unknown>, unknown]>): PluginContainer {
    const child = this.#root.createChildContainer();
    for (const [token, instance] of own) child.registerInstance(token.symbol, instance);
    return new PluginContainer(this.#root, child);
  }

  get<T>(token: Token<T>): T {
    return this.#root.resolve<T>(token.symbol);
  }

  getAll<T>(token: Token<T>): readonly T[] {
    return this.#root.isRegistered(token.symbol) ? this.#root.resolveAll<T>(token.symbol) : [];
  }

  has(token: Token<unknown>): boolean {
    return this.#root.isRegistered(token.symbol);
  }
}

/** What one plugin's services are made from. */
export class PluginContainer {
  readonly #root: DependencyContainer;
  readonly #child: DependencyContainer;

  constructor(root: DependencyContainer, child: DependencyContainer) {
    this.#root = root;
    this.#child = child;
  }

  /**
   * Constructs a service and offers it to all plugins under each of `tokens`. Everything that it requires must have
   * been constructed before.
   */
  construct(implementation: ServiceClass<unknown>, tokens: readonly Token<unknown>[]): Service {
    const parameters = dependenciesOf(implementation).map((dependency) => resolve(this.#child, dependency));
    // The tokens vouch for the parameters' types; the compiler cannot see through them.
    const service = new implementation(...(parameters as never[])) as Service;
    for (const token of tokens) this.#root.register(token.symbol, { useValue: service });
    return service;
  }
}

function resolve(scope: DependencyContainer, dependency: Dependency): unknown {
  const { token, optional } = tokenOf(dependency);
  const present = scope.isRegistered(token.symbol, true);
  if (token.cardinality === 'many') return present ? scope.resolveAll(token.symbol) : [];
  return optional && !present ? undefined : scope.resolve(token.symbol);
}
