/** Thrown for a proof that proves nothing: unreadable, signed by nobody trusted, or not leading to its root. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
}
