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

  /**
   * What to wait for, and then to ask again; undefined when nothing under way may affect the object. A decision has to be
   * made and appended directly after that answer: already in the next turn of the microtask queue it may be another.
   */
  blocked(id: string, context: SharedContext | undefined): Promise<void> | undefined {
    if (context === undefined) return undefined;
    for (const draft of this.#underway) if (context.mayAffect(draft, id)) return this.#wake.promise;
    return undefined;
  }
}
