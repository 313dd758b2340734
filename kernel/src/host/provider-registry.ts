import type { Provider, Token } from '../contracts/token.js';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import type { LoadedPlugin } from './loaded-plugin.js';

/** A provider and the plugin that it is of. */
export interface RegisteredProvider {
  readonly plugin: string;
  readonly provider: Provider;
}

/** All providers of the loaded plugins, by token. */
export class ProviderRegistry {
  /** RYNXS_PROVIDER_DUPLICATE and RYNXS_PLUGIN_INVALID for what cannot stand side by side. */
  readonly errors: RynxsError[] = [];
  readonly #byToken = new Map<
    symbol,
    { readonly token: Token<unknown>; readonly providers: RegisteredProvider[] }
  >();

  /** `reserved` are tokens that the host itself provides. */
  constructor(plugins: readonly LoadedPlugin[], reserved: readonly Token<unknown>[]) {
    for (const { definition } of plugins) {
      for (const provider of definition.provides) this.#add({ plugin: definition.id, provider }, reserved);
    }
  }

  /** Tokens that have a provider, in the order in which they were first seen. */
  tokens(): readonly Token<unknown>[] {
    return [...this.#byToken.values()].map(({ token }) => token);
  }

  providersOf(token: Token<unknown>): readonly RegisteredProvider[] {
    return this.#byToken.get(token.symbol)?.providers ?? [];
  }

  #add(registered: RegisteredProvider, reserved: readonly Token<unknown>[]): void {
    const { token, type } = registered.provider;
    const entry = this.#byToken.get(token.symbol) ?? { token, providers: [] };
    if (reserved.some((other) => other.symbol === token.symbol)) {
      this.#reportDuplicate(registered, 'kernel');
      return;
    }
    if (entry.token.cardinality !== token.cardinality || entry.token.selectedBy !== token.selectedBy) {
      const detail = `its token ${token.name} differs from the one of plugin ${entry.providers[0]?.plugin}`;
      this.errors.push(rynxsError('RYNXS_PLUGIN_INVALID', { plugin: registered.plugin, detail }));
      return;
    }
    // Where nothing chooses among providers of one service, a second one is one too many whatever its type.
    const choosable = token.cardinality === 'many' || token.selectedBy !== undefined;
    const first = entry.providers.find(({ provider }) => !choosable || provider.type === type);
    if (first !== undefined) {
      this.#reportDuplicate(registered, first.plugin);
      return;
    }
    entry.providers.push(registered);
    this.#byToken.set(token.symbol, entry);
  }

  #reportDuplicate({ plugin: second, provider: { token, type } }: RegisteredProvider, first: string): void {
    this.errors.push(rynxsError('RYNXS_PROVIDER_DUPLICATE', { token: token.name, type, first, second }));
  }
}
