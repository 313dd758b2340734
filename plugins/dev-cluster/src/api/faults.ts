import { setTimeout as delay } from 'node:timers/promises';
import { StatusError } from '../storage/status-error.js';

/** What a request does, in the API's own words. */
export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'connect';

/** Which requests a fault hits; what is left out matches anything. */
export interface FaultMatch {
  readonly verb?: Verb | readonly Verb[];
  /** Plural: `deployments`. */
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** How many requests it hits before it is used up; default 1. */
  readonly count?: number;
  /** How many matching requests pass before; default 0. */
  readonly after?: number;
}

/** What happens to a request. */
export type FaultEffect =
  /** 429 with Retry-After, in whole seconds (default 1). Nothing is done. */
  | { readonly kind: 'throttle'; readonly retryAfterSeconds?: number }
  /** 500. Nothing is done. */
  | { readonly kind: 'error' }
  /** 409 Conflict. Nothing is done. */
  | { readonly kind: 'conflict' }
  /** 410 Expired; for a watch as an ERROR event. Nothing is done. */
  | { readonly kind: 'gone' }
  /** The connection is reset before anything is done. */
  | { readonly kind: 'reset-before' }
  /** The request is carried out, then the connection is reset without an answer. */
  | { readonly kind: 'reset-after' }
  /** The request is carried out after a delay in milliseconds. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** A watch that is cut after so many events (default 0). */
  | { readonly kind: 'drop-watch'; readonly afterEvents?: number };

export interface FaultedRequest {
  readonly verb: Verb;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface Rule {
  readonly match: FaultMatch;
  readonly effect: FaultEffect;
  toPass: number;
  remaining: number;
}

/** Faults by script, for tests: each rule hits the requests that it matches until it is used up. */
export class Faults {
  readonly #rules: Rule[] = [];
  readonly #cutters = new Set<() => void>();
  #hits = 0;

  /** Adds a rule. Of several that match a request, the oldest hits. */
  inject(match: FaultMatch, effect: FaultEffect): Disposable {
    const rule: Rule = { match, effect, toPass: match.after ?? 0, remaining: match.count ?? 1 };
    this.#rules.push(rule);
    return { [Symbol.dispose]: () => this.#remove(rule) };
  }

  /** Removes all rules. */
  clear(): void {
    this.#rules.length = 0;
  }

  /** Ends every watch that is open now, as a restart of the API server would. Returns how many there were. */
  dropWatches(): number {
    const cutters = [...this.#cutters];
    for (const cut of cutters) cut();
    return cutters.length;
  }

  /** How many requests were hit. */
  get hits(): number {
    return this.#hits;
  }

  /** Number of rules that are not used up. */
  get pending(): number {
    return this.#rules.length;
  }

  /** The fault that hits this request, if any, counted as used. For the server. */
  take(request: FaultedRequest): FaultEffect | undefined {
    for (const rule of this.#rules) {
      if (!matches(rule.match, request)) continue;
      if (rule.toPass > 0) {
        rule.toPass -= 1;
        continue;
      }
      rule.remaining -= 1;
      if (rule.remaining <= 0) this.#remove(rule);
      this.#hits += 1;
      return rule.effect;
    }
    return undefined;
  }

  /** Registers what ends an open watch. For the server. */
  watching(cut: () => void): Disposable {
    this.#cutters.add(cut);
    return { [Symbol.dispose]: () => void this.#cutters.delete(cut) };
  }

  #remove(rule: Rule): void {
    const index = this.#rules.indexOf(rule);
    if (index >= 0) this.#rules.splice(index, 1);
  }
}

function matches(match: FaultMatch, request: FaultedRequest): boolean {
  const verbs = match.verb === undefined ? undefined : [match.verb].flat();
  return (
    (verbs === undefined || verbs.includes(request.verb)) &&
    (match.resource === undefined || match.resource === request.resource) &&
    (match.subresource === undefined || match.subresource === (request.subresource ?? '')) &&
    (match.namespace === undefined || match.namespace === request.namespace) &&
    (match.name === undefined || match.name === request.name)
  );
}

/** Carries out the part of a fault that comes before the request's work; throws the refusals. */
export async function faultBefore(effect: FaultEffect, signal: AbortSignal): Promise<void> {
  switch (effect.kind) {
    case 'throttle': {
      const retryAfterSeconds = effect.retryAfterSeconds ?? 1;
      throw new StatusError(
        429,
        'TooManyRequests',
        'the server has received too many requests and has asked us to try again later',
        {
          retryAfterSeconds,
        },
      );
    }
    case 'error':
      throw new StatusError(500, 'InternalError', 'Internal error occurred: injected fault');
    case 'conflict':
      throw new StatusError(
        409,
        'Conflict',
        'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
      );
    case 'delay':
      await delay(effect.delayMs, undefined, { signal });
      return;
    default:
      return;
  }
}
