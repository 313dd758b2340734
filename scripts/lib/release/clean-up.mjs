/** Time that all of the clean-up may take. */
const TIMEOUT_MS = 180_000;

/**
 * What has to be undone, newest first, however the script ends. Undoing is not interrupted by the signal that ended the
 * script; what is not done in time is said.
 */
export class CleanUp {
  #undos = [];

  /**
   * To be registered before the thing is done, so that no moment is left in which nobody would undo it.
   *
   * @param {string} what as in "undo: …"
   * @param {(signal: AbortSignal) => Promise<unknown>} undo must also do when there is nothing to undo
   * @returns {() => void} takes it off the list, where it was undone otherwise
   */
  add(what, undo) {
    const entry = { what, undo };
    this.#undos.push(entry);
    return () => {
      this.#undos = this.#undos.filter((one) => one !== entry);
    };
  }

  /** Forgets everything: what was made is to be kept. Returns what would have been undone. */
  keep() {
    return this.#undos.splice(0).map(({ what }) => what);
  }

  /**
   * Undoes everything, also when some of it fails. Resolves to what could not be undone, and why.
   *
   * @param {(what: string) => void} onStep told of each before it is done
   */
  async run(onStep, timeoutMs = TIMEOUT_MS) {
    const signal = AbortSignal.timeout(timeoutMs);
    const left = [];
    for (const { what, undo } of this.#undos.splice(0).reverse()) {
      onStep(what);
      try {
        await undo(signal);
      } catch (error) {
        left.push(`${what}: ${error.message}`);
      }
    }
    return left;
  }
}
