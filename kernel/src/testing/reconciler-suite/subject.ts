import type { KubernetesObject } from '../../contracts/cluster.js';
import type { Reconciler } from '../../contracts/reconciler.js';

/** What the suite needs to know of a reconciler. */
export interface ReconcilerSubject {
  /** A new instance, as another process would make it. */
  create(): Reconciler;
  /**
   * Objects that the reconciler makes children for, at least two, whose specs lead to different children. Only their
   * specs count: the suite gives all of them the name of the first, because they stand for one object that is changed.
   * Where the reconciler knows deadlines, one of them should have one.
   */
  readonly objects: readonly KubernetesObject[];
  /** Objects whose specs it refuses. */
  readonly refused?: readonly KubernetesObject[];
}

/** One thing that a reconciler must do. `run` throws when it does not. */
export interface ReconcilerCase {
  readonly name: string;
  /** Whether the case says anything of this reconciler; default yes. */
  appliesTo?(subject: ReconcilerSubject): boolean;
  run(subject: ReconcilerSubject): void | Promise<void>;
}
