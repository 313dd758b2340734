import type { Refusal } from '@rynxs/kernel';
import type { Bounds } from './bounds.js';

/** What the log says of a Universe. Replaced, never changed. */
export interface UniverseState {
  readonly name: string;
  readonly uid: string;
  /** Of the newest spec that was accepted; absent while none was, and then its namespaces admit no Agent. */
  readonly bounds?: Bounds;
  /** Seq of the event by which a namespace was claimed, for as long as it is claimed since without a break. */
  readonly claims: Readonly<Record<string, number>>;
  /** Why the newest spec was not accepted. */
  readonly invalid?: Refusal;
  /** Universes that have claimed a namespace before, by namespace. */
  readonly taken: Readonly<Record<string, string>>;
  /** What is wrong, and whether that is on the record. */
  readonly refusal?: Refusal & { readonly isRecorded: boolean };
}

/** Seq of the event by which the Universe has claimed a namespace; undefined when it does not. */
export function claimOf(claims: UniverseState['claims'], namespace: string): number | undefined {
  return Object.hasOwn(claims, namespace) ? claims[namespace] : undefined;
}

/** The namespaces whose Agents the Universe bounds. */
export function governedNamespaces({ claims, taken }: UniverseState): readonly string[] {
  return Object.keys(claims)
    .filter((namespace) => !Object.hasOwn(taken, namespace))
    .sort();
}
