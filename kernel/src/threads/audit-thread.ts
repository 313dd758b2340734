import { type Damage, LogPosition, type NoteVerifier, type RolledBack } from '@rynxs/log';
import {
  type AuditAnswer,
  type AuditEnd,
  type AuditTerms,
  damageFrom,
  FINISH,
  rolledBackFrom,
  SETTLE,
} from './audit-messages.js';
import { LineFeed } from './line-feed.js';

export interface AuditThreadOptions {
  /** Where to go on. It is not moved: the thread has its own. */
  readonly position: LogPosition;
  readonly trusted: readonly NoteVerifier[];
  readonly checkpoints: readonly string[];
  readonly anchors: readonly string[];
}

/** What was found of a log's records, all of which verified. */
export interface AuditedLog {
  readonly position: LogPosition;
  /** The size of the newest checkpoint of a trusted key that the log agrees with; 0 when there is none. */
  readonly signedTo: number;
  /** Set when the log is shorter than, or other than, what checkpoints or anchors say. */
  readonly rolledBack: RolledBack | undefined;
}

/**
 * A LogAudit in a thread of its own, so that a log can be read for its events while it is verified. Nothing of what was
 * read counts before `finish` has resolved.
 */
export class AuditThread implements AsyncDisposable {
  readonly #feed: LineFeed<AuditAnswer>;
  readonly #settled = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<AuditEnd>();
  #damage: Damage | undefined;

  constructor({ position, trusted, checkpoints, anchors }: AuditThreadOptions) {
    const terms: AuditTerms = {
      position: position.toState(),
      trusted: trusted.map(String),
      checkpoints,
      anchors,
    };
    // Failures are for whoever waits, and perhaps nobody does.
    this.#settled.promise.catch(() => undefined);
    this.#end.promise.catch(() => undefined);
    this.#feed = new LineFeed(new URL('./audit-worker.js', import.meta.url), {
      data: terms,
      onAnswer: (answer) => this.#on(answer),
      onFailure: (error) => {
        const failure = new Error('the log is not verified', { cause: error });
        this.#settled.reject(failure);
        this.#end.reject(failure);
      },
    });
  }

  /** Has the next bytes verified, cut anywhere. Throws Damage that was found in earlier ones. */
  push(chunk: Uint8Array): void {
    if (this.#damage !== undefined) throw this.#damage;
    this.#feed.give(chunk);
  }

  /** Resolves when there is room again, undefined while there is; rejects when the thread has failed. */
  ready(): Promise<void> | undefined {
    return this.#feed.ready();
  }

  /** Resolves to the first damage in what was pushed, when all of it was looked at. */
  async damage(): Promise<Damage | undefined> {
    await this.#feed.tell(SETTLE);
    await this.#settled.promise;
    return this.#damage;
  }

  /** Ends the audit. Throws Damage for the first thing that is wrong with the records. */
  async finish(): Promise<AuditedLog> {
    await this.#feed.tell(FINISH);
    const { position, signedTo, rolledBack } = await this.#end.promise;
    return {
      position: LogPosition.from(position),
      signedTo,
      rolledBack: rolledBack && rolledBackFrom(rolledBack),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed[Symbol.asyncDispose]();
  }

  #on(answer: AuditAnswer): void {
    if ('settled' in answer) this.#settled.resolve();
    else if ('end' in answer) this.#end.resolve(answer.end);
    else {
      this.#damage = damageFrom(answer.damage);
      this.#end.reject(this.#damage);
    }
  }
}
