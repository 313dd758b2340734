/** What a shared context is told of an object. */
export interface ContextMember {
  readonly state: unknown;
  /** What was recorded last of its health. */
  readonly health: RecordedHealth | undefined;
}

/** `<Kind>Ready`, `<Kind>Degraded`, `<Kind>Suspended`. */
export type RecordedHealth = 'ready' | 'degraded' | 'suspended';

/**
 * An index over the states of objects of several kinds, for those whose state depends on others: the bounds of a
 * tenant, who came first. It is *pure* like a reconciler, and a function of the states that there are: built from the
 * same ones in any order it gives the same answers. So no snapshot holds it.
 */
export interface SharedContext {
  /**
   * The object has this state now; undefined when it is gone. Returns the aggregate ids of the other objects for which
   * something may be otherwise now. It is called for every event, so it must be quick where nothing changes.
   */
  update(id: string, member: ContextMember | undefined): Iterable<string>;
  /**
   * Whether an event of this type and aggregate, which is on its way to the log, may change the state of the object
   * `id`. Its decisions wait for such events, so that none stands in the log after one that it did not see.
   */
  mayAffect(event: { readonly type: string; readonly aggregateId: string }, id: string): boolean;
}

/** Makes contexts of one type; reconcilers that name the same object share the context. */
export interface SharedContextType {
  create(): SharedContext;
}
