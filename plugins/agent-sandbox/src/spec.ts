/** A variable of the environment; exactly one of `value` and `secret` is there. */
export interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly secret?: { readonly name: string; readonly key: string };
}

/** Amounts by resource (`cpu`, `memory`, `ephemeral-storage`), canonical quantities. */
export type Amounts = Readonly<Record<string, string>>;

export interface Port {
  readonly protocol: string;
  readonly port: number;
}

export interface CidrRule {
  readonly cidr: string;
  readonly ports: readonly Port[];
}

/** Other Agents of the namespace; exactly one of `name` and `group` is there. */
export interface AgentRule {
  readonly name?: string;
  readonly group?: string;
  readonly ports: readonly Port[];
}

export interface Network {
  readonly groups: readonly string[];
  readonly egress: {
    readonly dns: boolean;
    readonly cidrs: readonly CidrRule[];
    readonly agents: readonly AgentRule[];
  };
  readonly ingress: { readonly agents: readonly AgentRule[] };
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
  readonly network: Network;
  readonly isolation: Isolation;
}

export interface Isolation {
  readonly runtimeClassName?: string;
  readonly user: number;
  readonly readOnlyRootFilesystem: boolean;
  readonly userNamespace: boolean;
  /** Profiles that are on the node; absent for those of the container runtime. */
  readonly seccompProfile?: string;
  readonly appArmorProfile?: string;
}

/** A claim that the Agent makes, or one that it is given. */
export type Workspace = OwnWorkspace | GivenWorkspace;

export interface OwnWorkspace {
  /** Canonical quantity. */
  readonly size: string;
  readonly storageClassName?: string;
  readonly accessModes: readonly string[];
  /** Whether the claim outlives the Agent. */
  readonly isRetained: boolean;
}

export interface GivenWorkspace {
  readonly existingClaim: string;
}

/** Whether the computer works in a claim that somebody else made. */
export function isGiven(workspace: Workspace): workspace is GivenWorkspace {
  return 'existingClaim' in workspace;
}

/** Name of the claim behind /workspace. */
export function claimNameOf({ name, workspace }: Pick<Computer, 'name' | 'workspace'>): string {
  return isGiven(workspace) ? workspace.existingClaim : name;
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
