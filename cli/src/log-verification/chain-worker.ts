import { LineFeed } from '@rynxs/kernel/threads';
import type { ChainVerifierOptions, VerificationSummary, VerifiedCommit } from '@rynxs/log';

/** Commits that follow one another and verified, as if they were one. */
export interface VerifiedRun extends Omit<VerifiedCommit, 'offset'> {
  readonly commits: number;
}

/** Where a ChainWorker begins; at the first record when absent. */
export interface ChainTerms extends Pick<ChainVerifierOptions, 'fromSeq' | 'prevHash' | 'term'> {
  /** A run ends before this record, when a commit does. */
  readonly until?: number;
}

export type ChainAnswer =
  | { readonly run: VerifiedRun }
  | { readonly damage: string }
  | { readonly summary: VerificationSummary };

/**
 * Verifies a chain and its rules in a thread of its own, not whether events are canonical. That something is wrong is all
 * that it says of damage: an Error from every method.
 */
export class ChainWorker implements AsyncDisposable {
  readonly #feed: LineFeed<ChainAnswer>;
  readonly #summary = Promise.withResolvers<VerificationSummary>();
  readonly #onRun: (run: VerifiedRun) => void;
  #damage: Error | undefined;

  constructor(terms: ChainTerms, onRun: (run: VerifiedRun) => void) {
    this.#onRun = onRun;
    this.#summary.promise.catch(() => undefined);
    this.#feed = new LineFeed(new URL('./chain-thread.js', import.meta.url), {
      data: terms,
      onAnswer: (answer) => this.#on(answer),
      onFailure: (error) => this.#summary.reject(new Error('the chain is not verified', { cause: error })),
    });
  }

  /** Has the next bytes verified, cut anywhere; they must stay as they are until this has resolved. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#damage !== undefined) throw this.#damage;
    await this.#feed.giveAll(chunk);
  }

  /** Resolves when all that was pushed has verified. */
  async finish(): Promise<VerificationSummary> {
    await this.#feed.tell('finish');
    return this.#summary.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed[Symbol.asyncDispose]();
  }

  #on(answer: ChainAnswer): void {
    if ('run' in answer) {
      this.#onRun(answer.run);
    } else if ('summary' in answer) {
      this.#summary.resolve(answer.summary);
    } else {
      this.#damage = new Error(answer.damage);
      this.#summary.reject(this.#damage);
    }
  }
}
