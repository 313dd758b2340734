import type { KubernetesObject, LogKeys } from '@rynxs/kernel';
import { checkpointOrigin, MerkleFrontier, NoteSigner, parseCheckpointNote } from '@rynxs/log';

/** A key for simulations alone: what happens in a run shall follow from its seed. */
const SIGNER = NoteSigner.parse('PRIVATE+KEY+first+82e4c336+AQRoGv4yozoJ1LJjhi4Rr/VMxisL4w/N2DUmIsiEWb6q');

export const KEYS: LogKeys = { signer: SIGNER, trusted: [SIGNER.verifier] };

/**
 * Holds checkpoints and anchors against the true tree of the log: each must be signed, cover whole commits that are
 * durable, and an anchor must move upwards only.
 */
export class TreeWitness {
  readonly #frontier = new MerkleFrontier();
  readonly #roots = new Map<number, Buffer>();
  readonly #checkpoints: string[] = [];
  readonly #anchors = new Map<string, { readonly size: number; readonly text: string }>();

  readonly #isSigned: boolean;

  /** `isSigned`: whether checkpoints must be. */
  constructor(isSigned = true) {
    this.#isSigned = isSigned;
  }

  /** Checkpoints that were created, oldest first. */
  get checkpoints(): readonly string[] {
    return this.#checkpoints;
  }

  get anchors(): readonly string[] {
    return [...this.#anchors.values()].map(({ text }) => text);
  }

  /** A commit is durable. */
  grow(lines: Uint8Array): void {
    this.#frontier.appendLines(lines);
    this.#roots.set(this.#frontier.size, this.#frontier.root());
  }

  /** Says what is wrong with a checkpoint that was just created; undefined when nothing is. */
  checkpoint(text: string): string | undefined {
    this.#checkpoints.push(text);
    return this.#wrongIn(text);
  }

  /** Says what is wrong with anchors as they stand now. */
  anchored(object: KubernetesObject): string | undefined {
    for (const [logId, text] of Object.entries((object.data ?? {}) as Record<string, string>)) {
      const wrong = this.#wrongIn(text);
      if (wrong !== undefined) return `anchor: ${wrong}`;
      const { size, origin } = parseCheckpointNote(text);
      if (origin !== checkpointOrigin(logId)) return `the anchor of ${logId} is one of ${origin}`;
      const before = this.#anchors.get(logId)?.size ?? 0;
      if (size < before) return `the anchor moved back from ${before} to ${size}`;
      this.#anchors.set(logId, { size, text });
    }
    return undefined;
  }

  #wrongIn(text: string): string | undefined {
    const { note, origin, size, root } = parseCheckpointNote(text);
    if (this.#isSigned && !SIGNER.verifier.named(origin).verify(note))
      return `the checkpoint of ${size} is not signed`;
    const expected = this.#roots.get(size);
    if (expected === undefined)
      return `a checkpoint of ${size} records: no commit that is durable ends there`;
    return expected.equals(root) ? undefined : `the checkpoint of ${size} has another root than the log`;
  }
}
