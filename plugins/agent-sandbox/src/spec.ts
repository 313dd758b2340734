/** A variable of the environment; exactly one of `value` and `secret` is there. */
export interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly secret?: { readonly name: string; readonly key: string };
}

/** Amounts by resource (`cpu`, `memory`, `ephemeral-storage`), canonical quantities. */
export type Amounts = Readonly<Record<string, string>>;

export interface EgressRule {
  readonly cidr: string;
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

/**
 * A computer as it shall be: an accepted spec with all defaults in it, amounts in canonical form, and whether it is to
 * run now. Manifests are computed from this and nothing else. What does not shape a manifest is not in it.
 */
export interface Computer {
  readonly namespace: string;
  readonly name: string;
  /** Uid of the Agent. */
  readonly uid: string;
  readonly isRunning: boolean;
  readonly role: 'sandbox' | 'service';
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly EnvVariable[];
  readonly resources: { readonly requests?: Amounts; readonly limits?: Amounts };
  readonly workspace: Workspace;
  readonly egress: { readonly dns: boolean; readonly cidrs: readonly EgressRule[] };
  readonly isolation: {
    readonly runtimeClassName?: string;
    readonly user: number;
    readonly readOnlyRootFilesystem: boolean;
  };
}

export interface Workspace {
  /** Canonical quantity. */
  readonly size: string;
  readonly storageClassName?: string;
  readonly accessModes: readonly string[];
}

/** When the computer runs. */
export interface Lifecycle {
  readonly state: 'Running' | 'Suspended';
  /** RFC 3339; absent for no limit. */
  readonly expiresAt?: string;
}

/** Whether a sandbox idles in /bin/sh because it was given no command. */
export function isIdle(computer: Pick<Computer, 'role' | 'command'>): boolean {
  return computer.role === 'sandbox' && computer.command === undefined;
}
