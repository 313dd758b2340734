/** The user id that a sandboxed process has inside when its pod does not name one: `nonroot` of distroless images. */
export const DEFAULT_SANDBOX_USER = 65_532;

/** Who sandboxed processes are on the host. */
export interface HostIdentity {
  readonly uid: number;
  readonly gid: number;
  /**
   * Whether privileges are given up first. A process that is root on the host stays owner of root's files, and of
   * every setting in /proc/sys, whatever its namespaces say: so an operator that runs as root starts its sandboxes as
   * an ordinary user, and there is one path for both.
   */
  readonly dropsRoot: boolean;
}

/** The identity for an operator with these ids; by default those of this process. */
export function hostIdentity(
  uid: number = process.getuid?.() ?? -1,
  gid: number = process.getgid?.() ?? -1,
): HostIdentity {
  if (uid === 0) return { uid: DEFAULT_SANDBOX_USER, gid: DEFAULT_SANDBOX_USER, dropsRoot: true };
  return { uid, gid, dropsRoot: false };
}

/** The start of a `setpriv` command that takes this identity, and with it the way back to any other. */
export function takeIdentity(identity: HostIdentity): readonly string[] {
  const drop = identity.dropsRoot
    ? [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups']
    : [];
  return ['setpriv', ...drop, '--no-new-privs'];
}
