import type { LogRecord } from '@rynxs/log';
import type { SharedContext } from '../contracts/shared-context.js';
import type { EventDraft } from './events.js';

type Append = (drafts: readonly EventDraft[]) => Promise<readonly LogRecord[]>;

/**
 * Keeps decisions in order with the events of other objects that they depend on: while such an event is on its way to the
 * log, the state does not show it yet, and a decision made now would stand after it without having seen it.
 */
export class DecisionBarrier {
  readonly #append: Append;
  readonly #underway = new Set<EventDraft>();
  #wake = Promise.withResolvers<void>();

  /** `append` puts events into the log in the order of its calls; all of a term must go through this barrier. */
  constructor(append: Append) {
    this.#append = append;
  }

  /** Appends events; resolves when they are durable and part of the state. */
  readonly append: Append = async (drafts) => {
    for (const draft of drafts) this.#underway.add(draft);
    try {
      return await this.#append(drafts);
    } finally {
      for (const draft of drafts) this.#underway.delete(draft);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  };

  /** Resolves when nothing under way may affect the object. A decision that follows in the same turn is in order. */
  async passed(id: string, context: SharedContext | undefined): Promise<void> {
    while (context !== undefined && this.#mayBeAffected(id, context)) await this.#wake.promise;
  }

  #mayBeAffected(id: string, context: SharedContext): boolean {
    for (const draft of this.#underway) if (context.mayAffect(draft, id)) return true;
    return false;
  }
}
