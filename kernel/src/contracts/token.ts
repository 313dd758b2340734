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

/** A token that may go without a provider: the service then gets undefined. Made by `optional(TOKEN)`. */
export interface OptionalToken<T> {
  readonly token: Token<T>;
  readonly optional: true;
}

/**
 * What a constructor's parameter asks for. A token of cardinality `many` gives an array of all its services, in the
 * order in which they started; also an empty one.
 */
export type Dependency<T = unknown> = Token<T> | OptionalToken<T>;

/**
 * A class whose instances implement `T`. Its constructor's parameters come from the container: either each one is
 * marked with `@inject(TOKEN)` (TypeScript), or the class lists the tokens in `static inject = [TOKEN, …]`
 * (plain JavaScript; `optional(TOKEN)` for what may be absent). The order of the list is the order of the parameters.
 */
export interface ServiceClass<T> {
  // Constructor parameters are resolved by token at run time; no static type can name them here.
  new (...dependencies: never[]): T;
  readonly inject?: readonly Dependency[];
}

/** One implementation of one token. Made by `TOKEN.as(type, Class)`. */
export interface Provider<T = unknown> {
  readonly token: Token<T>;
  /** The value of the token's selecting variable that picks this provider, or a label where nothing selects. */
  readonly type: string;
  readonly implementation: ServiceClass<T>;
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
