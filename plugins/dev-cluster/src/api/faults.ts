import { setTimeout as delay } from 'node:timers/promises';
import type { ResourceType } from '@rynxs/kernel';
import { conflict, forbidden, qualifiedName, StatusError } from '../storage/status-error.js';

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

/** What happens to a request. Unless said otherwise it is answered so, in the words of the API server, and nothing is done. */
export type FaultEffect =
  /** 429 with Retry-After, in whole seconds (default 1): API priority and fairness. */
  | { readonly kind: 'throttle'; readonly retryAfterSeconds?: number }
  /** 503 with Retry-After, in whole seconds (default 1): the server is starting, or ending. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds?: number }
  /** 500. */
  | { readonly kind: 'error' }
  /** 409 Conflict: somebody else was faster. */
  | { readonly kind: 'conflict' }
  /** 410 Expired; for a watch as an ERROR event. */
  | { readonly kind: 'gone' }
  /** 401: the token has expired. */
  | { readonly kind: 'unauthorized' }
  /** 403: no RBAC rule allows it; the message names the rule that is missing. */
  | { readonly kind: 'forbidden' }
  /** 403: a ResourceQuota is used up. */
  | { readonly kind: 'quota-exceeded' }
  /** 400: an admission webhook denies the request, with a message of its own (default `not today`). */
  | { readonly kind: 'webhook-denies'; readonly message?: string }
  /** 500 after a delay in milliseconds (default 0): an admission webhook does not answer in time. */
  | { readonly kind: 'webhook-times-out'; readonly delayMs?: number }
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
export async function faultBefore(
  effect: FaultEffect,
  request: FaultedRequest,
  type: ResourceType,
  signal: AbortSignal,
): Promise<void> {
  switch (effect.kind) {
    case 'throttle':
      throw new StatusError(
        429,
        'TooManyRequests',
        'the server has received too many requests and has asked us to try again later',
        { retryAfterSeconds: effect.retryAfterSeconds ?? 1 },
      );
    case 'unavailable':
      throw new StatusError(503, 'ServiceUnavailable', 'apiserver not ready', {
        retryAfterSeconds: effect.retryAfterSeconds ?? 1,
      });
    case 'error':
      throw new StatusError(500, 'InternalError', 'Internal error occurred: injected fault');
    case 'conflict':
      throw conflict(
        type,
        request.name ?? '',
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    case 'unauthorized':
      throw new StatusError(401, 'Unauthorized', 'Unauthorized');
    case 'forbidden':
      throw forbidden(type, request.name ?? '', missingRule(request, type));
    case 'quota-exceeded':
      throw forbidden(type, request.name ?? '', usedUp(type));
    case 'webhook-denies': {
      const detail = effect.message ?? 'not today';
      throw new StatusError(400, '', `admission webhook "${WEBHOOK}" denied the request: ${detail}`);
    }
    case 'webhook-times-out':
      await delay(effect.delayMs ?? 0, undefined, { signal });
      throw new StatusError(
        500,
        'InternalError',
        `Internal error occurred: failed calling webhook "${WEBHOOK}": failed to call webhook: Post "https://webhook.faults.svc:443/": context deadline exceeded`,
      );
    case 'delay':
      await delay(effect.delayMs, undefined, { signal });
      return;
    default:
      return;
  }
}

/** The name of the webhook that faults speak of. */
const WEBHOOK = 'faults.example.org';

/** What RBAC says: the verb, the resource and the place that a rule would have to allow. */
function missingRule({ verb, subresource, namespace }: FaultedRequest, type: ResourceType): string {
  const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  const place = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "faulted" cannot ${verb} resource "${resource}" in API group "${type.group}" ${place}`;
}

function usedUp(type: ResourceType): string {
  const counted = `count/${qualifiedName(type)}`;
  return `exceeded quota: faults, requested: ${counted}=1, used: ${counted}=1, limited: ${counted}=1`;
}
