import type { Amounts } from '../spec.js';

/** Reason of the refusal of what a Universe does not admit. */
export const OUTSIDE_UNIVERSE = 'OutsideUniverse';

/** Ports `port` to `endPort`. */
export interface PortRange {
  readonly protocol: string;
  readonly port: number;
  readonly endPort: number;
}

/** What the Agents of a Universe may ask for. What is absent is not bounded. */
export interface Bounds {
  readonly images?: { readonly allowed?: readonly string[]; readonly requireDigest: boolean };
  /** One of them must be given. */
  readonly runtimeClassNames?: readonly string[];
  /** Canonical quantities; for each of them a limit must be given. */
  readonly limits?: Amounts;
  readonly workspace?: { readonly maxSize?: string };
  readonly egress?: {
    readonly dns: boolean;
    readonly agents: boolean;
    readonly cidrs: readonly { readonly cidr: string; readonly ports: readonly PortRange[] }[];
  };
  readonly secrets?: { readonly allowed: readonly string[] };
  readonly quota?: { readonly agents?: number };
}
