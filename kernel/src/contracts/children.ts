/** A child of an object: `Deployment/my-agent`. */
export type ChildKey = string;

/**
 * What the log says of one child; an empty one was there once, or was to be. `B` is whatever the reconciler's manifests are
 * computed from.
 */
export interface ChildState<B> {
  /** Uid of the object that exists; absent when none is known to. */
  readonly uid?: string;
  /** Digest of the manifest that it matches; absent when it is known to differ, or nothing is known. */
  readonly digest?: string;
  /** What the manifest that was last applied was computed from. */
  readonly basis?: B;
  /** A decided action that has no outcome yet. */
  readonly pending?: {
    readonly decision: number;
    readonly action: number;
    readonly verb: 'create' | 'update' | 'delete';
    readonly digest: string | null;
    readonly basis: B;
  };
  /** Why the last action failed; forgotten by the next decision. */
  readonly failure?: {
    readonly digest: string | null;
    readonly reason: string;
    readonly message: string;
    readonly permanent: boolean;
  };
}

export type ChildrenState<B> = { readonly [child: ChildKey]: ChildState<B> };
