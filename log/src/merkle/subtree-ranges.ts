/** The leaves `start` to `end - 1`, whose tree hash is part of a proof. */
export interface SubtreeRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The subtrees whose hashes are the inclusion path of leaf `index` in the tree of `size` leaves, from the leaf's
 * sibling to the root's child (RFC 6962, 2.1.1). Throws RangeError unless 0 <= index < size.
 */
export function inclusionRanges(index: number, size: number): readonly SubtreeRange[] {
  assertSize(index);
  assertSize(size);
  if (index >= size) throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  const fromRoot: SubtreeRange[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + leftLeaves(end - start);
    if (index < middle) {
      fromRoot.push({ start: middle, end });
      end = middle;
    } else {
      fromRoot.push({ start, end: middle });
      start = middle;
    }
  }
  return fromRoot.reverse();
}

/**
 * The subtrees whose hashes prove that the tree of `newSize` leaves begins with that of `oldSize`, in the order of
 * RFC 6962, 2.1.2. None when the sizes are the same, or the old tree is empty.
 * Throws RangeError unless 0 <= oldSize <= newSize.
 */
export function consistencyRanges(oldSize: number, newSize: number): readonly SubtreeRange[] {
  assertSize(oldSize);
  assertSize(newSize);
  if (oldSize > newSize)
    throw new RangeError(`a tree of ${newSize} leaves cannot begin with one of ${oldSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  const fromRoot: SubtreeRange[] = [];
  let [start, end] = [0, newSize];
  while (end !== oldSize) {
    const middle = start + leftLeaves(end - start);
    if (oldSize <= middle) {
      fromRoot.push({ start: middle, end });
      end = middle;
    } else {
      fromRoot.push({ start, end: middle });
      start = middle;
    }
  }
  // A subtree that begins at 0 is the old tree itself, whose root the verifier has.
  if (start > 0) fromRoot.push({ start, end });
  return fromRoot.reverse();
}

/** Leaves of the left half: the largest power of two that is smaller than the number of leaves. */
function leftLeaves(leaves: number): number {
  let power = 1;
  while (power * 2 < leaves) power *= 2;
  return power;
}

function assertSize(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a number of leaves`);
}
