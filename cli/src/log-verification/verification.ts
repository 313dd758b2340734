import {
  type AuditResult,
  ChainVerifier,
  LogAudit,
  type NoteVerifier,
  type VerificationSummary,
  type VerifiedCommit,
} from '@rynxs/log';
import { TreeWorker } from './tree-worker.js';

/** What a log is checked against, besides itself. */
export interface Evidence {
  readonly trusted: readonly NoteVerifier[];
  readonly checkpoints: readonly string[];
  readonly anchors: readonly string[];
}

export interface VerificationEnd {
  readonly summary: VerificationSummary;
  /** Undefined when only the chain from a record on was verified. */
  readonly audit?: { readonly log: LogAudit; readonly result: AuditResult };
}

/** Something that a log's bytes are pushed through. Every method throws Damage for the first thing that is wrong. */
export interface Verification extends AsyncDisposable {
  push(chunk: Uint8Array): Promise<void> | undefined;
  finish(): Promise<VerificationEnd>;
}

type OnCommit = (commit: VerifiedCommit) => void;

/** Everything: chain, rules, tree, checkpoints, anchors. The tree of a long log grows in a thread beside the chain. */
export class FullVerification implements Verification {
  readonly #tree: TreeWorker | undefined;
  readonly #audit: LogAudit;

  constructor(evidence: Evidence, onCommit: OnCommit, isLong: boolean) {
    this.#tree = isLong ? new TreeWorker() : undefined;
    this.#audit = new LogAudit({ ...evidence, onCommit, tree: this.#tree?.sink ?? 'inline' });
  }

  push(chunk: Uint8Array): Promise<void> | undefined {
    this.#audit.push(chunk);
    return this.#tree?.ready();
  }

  async finish(): Promise<VerificationEnd> {
    const result = this.#audit.finish(await this.#tree?.roots());
    return { summary: result.summary, audit: { log: this.#audit, result } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tree?.[Symbol.asyncDispose]();
  }
}

/** Chain and rules alone, not whether events are canonical, from the commit that holds `fromSeq`; what stands before that is taken on trust. */
export class ChainVerification implements Verification {
  readonly #verifier: ChainVerifier;

  constructor(fromSeq: number, onCommit: OnCommit) {
    this.#verifier = new ChainVerifier({ fromSeq, onCommit, strict: false });
  }

  push(chunk: Uint8Array): undefined {
    this.#verifier.push(chunk);
  }

  async finish(): Promise<VerificationEnd> {
    return { summary: this.#verifier.finish() };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
