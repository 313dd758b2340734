import type { Provider, ServiceClass } from './plugin.js';

/**
 * A typed name for a service: what a plugin provides and what another one asks for. Tokens are the public API of
 * the kernel. Two tokens of one name are the same token, also across two copies of the kernel in a process,
 * because identity is `Symbol.for('rynxs.token/<name>')`.
 */
export interface Token<T> {
  /** Global identity of the token. */
  readonly symbol: symbol;
  /** Upper-case name, as in manifests and messages: `EVENT_STORE`. */
  readonly name: string;
  /** `one`: exactly one provider is selected. `many`: every registered provider is used. */
  readonly cardinality: 'one' | 'many';
  /** Configuration variable that selects the provider: `EVENT_STORE_TYPE`. Absent where nothing is to be chosen. */
  readonly selectedBy?: string;
  /** Declares that `implementation` is the provider of this token for the type `type` (`file`, `s3`, …). */
  as(type: string, implementation: ServiceClass<T>): Provider<T>;
}

export interface TokenOptions {
  readonly cardinality?: 'one' | 'many';
  readonly selectedBy?: string;
}

/** Makes a token. `name` is upper case with underscores and must be unique among all plugins of a process. */
export function createToken<T>(name: string, options: TokenOptions = {}): Token<T> {
  const token: Token<T> = {
    symbol: Symbol.for(`rynxs.token/${name}`),
    name,
    cardinality: options.cardinality ?? 'one',
    ...(options.selectedBy === undefined ? {} : { selectedBy: options.selectedBy }),
    as: (type, implementation) => ({ token, type, implementation }),
  };
  return Object.freeze(token);
}
