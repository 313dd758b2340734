import type { AgentRule, CidrRule, Computer, Lifecycle } from './spec.js';

/** A declared spec in the shape of the schema, checked and with defaults. */
export interface DeclaredSpec {
  readonly role: Computer['role'];
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly resources?: { readonly requests?: DeclaredAmounts; readonly limits?: DeclaredAmounts };
  readonly workspace: {
    readonly size?: string | number;
    readonly storageClassName?: string;
    readonly accessModes?: readonly string[];
    readonly retain?: 'Retain' | 'Delete';
    readonly existingClaim?: string;
  };
  readonly network: {
    readonly groups?: readonly string[];
    readonly egress: {
      readonly dns: boolean;
      readonly cidrs?: readonly CidrRule[];
      readonly agents?: readonly AgentRule[];
    };
    readonly ingress: { readonly agents?: readonly AgentRule[] };
  };
  readonly isolation: Computer['isolation'];
  readonly lifecycle: { readonly state: Lifecycle['state']; readonly ttl?: string };
  readonly universe?: string;
}

export type DeclaredAmounts = Readonly<Record<string, string | number>>;
