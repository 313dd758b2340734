import type { Leadership, Tenure } from '../contracts/leadership.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { untilAborted } from '../leadership/waiting.js';

/** Leadership that a test grants and takes away. */
export class FakeLeadership implements Leadership {
  readonly #waiting: ((tenure: Tenure | undefined) => void)[] = [];
  #granted: { holder: string; ended: AbortController; handover: AbortController } | undefined;
  #handedOut = false;
  #remainingMs = Number.POSITIVE_INFINITY;
  #holdOffMs = 0;
  /** The term that the newest tenure has become. */
  announced: { readonly epoch: number; readonly logId: string } | undefined;

  /** Gives leadership to whoever campaigns, now or as soon as somebody does. Throws while a tenure lasts. */
  grant(holder = 'fake-holder'): void {
    if (this.#granted !== undefined) throw new Error('a tenure lasts; revoke it first');
    this.#granted = { holder, ended: new AbortController(), handover: new AbortController() };
    this.#handedOut = false;
    this.#remainingMs = Number.POSITIVE_INFINITY;
    const next = this.#waiting.shift();
    if (next !== undefined) next(this.#handOut());
  }

  /** Ends the tenure at once, as a lease that was lost does. */
  revoke(reason = 'it was revoked by the test'): void {
    const granted = this.#granted;
    this.#granted = undefined;
    granted?.ended.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail: reason }));
  }

  /** Asks the holder to hand leadership over, as a person may. */
  requestHandover(): void {
    this.#granted?.handover.abort(new Error('asked for by the test'));
  }

  /** Says how long the tenure still lasts for sure: `assert` throws for anything longer. */
  setRemaining(ms: number): void {
    this.#remainingMs = ms;
  }

  /** How long terms of tenures granted from now on wait before they act, unless the term before has ended. */
  setHoldOff(ms: number): void {
    this.#holdOffMs = ms;
  }

  /** Whether a tenure lasts and somebody has it. */
  get isHeld(): boolean {
    return this.#granted !== undefined && this.#handedOut;
  }

  async *campaign(signal: AbortSignal): AsyncIterable<Tenure> {
    for (;;) {
      const tenure = await this.#nextTenure(signal);
      if (tenure === undefined) return;
      yield tenure;
      await untilAborted(tenure.signal, signal);
    }
  }

  async #nextTenure(signal: AbortSignal): Promise<Tenure | undefined> {
    if (signal.aborted) return undefined;
    if (this.#granted !== undefined && !this.#handedOut) return this.#handOut();
    return await new Promise((resolve) => {
      const take = (tenure: Tenure | undefined): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(tenure);
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        resolve(undefined);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(take);
    });
  }

  #handOut(): Tenure | undefined {
    const granted = this.#granted;
    if (granted === undefined) return undefined;
    this.#handedOut = true;
    return {
      holder: granted.holder,
      signal: granted.ended.signal,
      handover: granted.handover.signal,
      writeTimeoutMs: 10_000,
      holdOffMs: this.#holdOffMs,
      announce: (term) => {
        this.announced = term;
      },
      assert: (remainingMs) => {
        granted.ended.signal.throwIfAborted();
        if (remainingMs > this.#remainingMs) {
          const detail = `${this.#remainingMs} ms are left, ${remainingMs} ms are needed`;
          throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail });
        }
      },
      release: async () => {
        if (this.#granted === granted) this.revoke('it was released');
      },
    };
  }
}
