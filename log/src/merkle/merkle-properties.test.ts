import { expect } from 'chai';
import fc from 'fast-check';
import { leafHash, MerkleFrontier, nodeHash } from '../index.js';
import { SubtreeHasher } from './subtree-hasher.js';
import { consistencyRanges, inclusionRanges, type SubtreeRange } from './subtree-ranges.js';
import {
  type ConsistencyClaim,
  type InclusionClaim,
  verifyConsistency,
  verifyInclusion,
} from './verify-proof.js';

const MAX_SIZE = 300;
const LEAVES = Array.from({ length: MAX_SIZE }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
const size = fc.integer({ min: 1, max: MAX_SIZE });

/** Root of leaves as RFC 6962, 2.1, defines it, word for word. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return nodeHash(treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half)));
}

const ROOTS = Array.from({ length: MAX_SIZE + 1 }, (_, leaves) =>
  leaves === 0 ? new MerkleFrontier().root() : treeHash(LEAVES.slice(0, leaves)),
);

function frontierOf(leaves: number): MerkleFrontier {
  const frontier = new MerkleFrontier();
  for (const leaf of LEAVES.slice(0, leaves)) frontier.append(leaf);
  return frontier;
}

function hashesOf(ranges: readonly SubtreeRange[]): readonly Buffer[] {
  const hasher = new SubtreeHasher(ranges);
  for (const leaf of LEAVES) hasher.append(leaf);
  return hasher.hashes();
}

function inclusion(index: number, ofSize: number): InclusionClaim {
  const path = hashesOf(inclusionRanges(index, ofSize));
  return { index, size: ofSize, leaf: LEAVES[index]!, path, root: ROOTS[ofSize]! };
}

function consistency(oldSize: number, newSize: number): ConsistencyClaim {
  const path = hashesOf(consistencyRanges(oldSize, newSize));
  return { oldSize, newSize, oldRoot: ROOTS[oldSize]!, newRoot: ROOTS[newSize]!, path };
}

/** The hash with one bit changed, each bit once. */
function flipped(bytes: Uint8Array): Buffer[] {
  return Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
    return copy;
  });
}

/** The path with a hash dropped, added, moved or changed. */
function changedPaths(path: readonly Uint8Array[]): (readonly Uint8Array[])[] {
  const more = [LEAVES[0]!, Buffer.alloc(32), ...path];
  const places = Array.from({ length: path.length + 1 }, (_, at) => at);
  return [
    ...path.map((_, at) => path.toSpliced(at, 1)),
    ...places.flatMap((at) => more.map((hash) => path.toSpliced(at, 0, hash))),
    ...path.slice(1).map((hash, at) => path.toSpliced(at, 2, hash, path[at]!)),
    ...path.flatMap((hash, at) => flipped(hash).map((changed) => path.with(at, changed))),
    ...path.map((hash, at) => path.with(at, hash.subarray(1))),
    ...path.map((hash, at) => path.with(at, Buffer.concat([hash, Buffer.of(0)]))),
  ];
}

const NO_SIZES = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1' as unknown as number];

describe('MerkleFrontier', () => {
  it('has the root that RFC 6962 defines, at every size to 300', () => {
    const frontier = new MerkleFrontier();
    LEAVES.forEach((leaf, index) => {
      frontier.append(leaf);
      expect(frontier.root().equals(ROOTS[index + 1]!), `${index + 1} leaves`).to.equal(true);
    });
  });

  it('has one hash for each perfect subtree, largest first', () => {
    const { hashes } = frontierOf(7);
    expect(hashes).to.deep.equal([ROOTS[4], nodeHash(LEAVES[4]!, LEAVES[5]!), LEAVES[6]]);
    for (let leaves = 0; leaves <= MAX_SIZE; leaves++) {
      expect(frontierOf(leaves).hashes).to.have.length(leaves.toString(2).replaceAll('0', '').length);
    }
  });

  it('goes on from its hashes as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.nat({ max: MAX_SIZE }), fc.nat({ max: MAX_SIZE }), (stop, more) => {
        const frontier = frontierOf(stop);
        const resumed = new MerkleFrontier(frontier.size, frontier.hashes);
        const cloned = frontier.clone();
        for (const leaf of LEAVES.slice(stop, stop + more))
          for (const each of [resumed, cloned]) each.append(leaf);
        expect(frontier.root().equals(ROOTS[stop]!)).to.equal(true);
        for (const each of [resumed, cloned]) {
          expect(each.size).to.equal(Math.min(stop + more, MAX_SIZE));
          expect(each.root().equals(ROOTS[each.size]!)).to.equal(true);
        }
      }),
    );
  });

  it('counts beyond 32 bits', () => {
    const size = 2 ** 40 + 2 ** 31 + 1;
    const hashes = [LEAVES[0]!, LEAVES[1]!, LEAVES[2]!];
    const frontier = new MerkleFrontier(size, hashes);
    expect(frontier.root()).to.deep.equal(nodeHash(LEAVES[0]!, nodeHash(LEAVES[1]!, LEAVES[2]!)));
    frontier.append(LEAVES[3]!);
    expect(frontier.size).to.equal(size + 1);
    expect(frontier.hashes).to.deep.equal([LEAVES[0], LEAVES[1], nodeHash(LEAVES[2]!, LEAVES[3]!)]);
  });

  it('carries beyond 32 bits', () => {
    const subtrees = LEAVES.slice(0, 40);
    const frontier = new MerkleFrontier(2 ** 40 - 1, subtrees);
    frontier.append(LEAVES[40]!);
    expect(frontier.size).to.equal(2 ** 40);
    expect(frontier.hashes).to.deep.equal([
      subtrees.reduceRight((right, left) => nodeHash(left, right), LEAVES[40]!),
    ]);
  });

  it('takes lines, cut anywhere between them, as one leaf each', () => {
    const line = fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a)));
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 5 }), { maxLength: 20 }), (commits) => {
        const one = new MerkleFrontier();
        const many = new MerkleFrontier();
        for (const entries of commits) {
          for (const entry of entries) one.append(leafHash(entry));
          const lines = Buffer.concat(entries.flatMap((entry) => [entry, Buffer.from('\n')]));
          const before = Buffer.from(lines);
          many.appendLines(lines);
          expect(lines.equals(before), 'the lines are left as they were').to.equal(true);
        }
        expect(many.size).to.equal(one.size);
        expect(many.root().equals(one.root())).to.equal(true);
      }),
    );
  });

  it('gives copies, which do not change with it', () => {
    const frontier = frontierOf(3);
    const [root, hashes] = [frontier.root(), frontier.hashes];
    const hex = hashes.map((hash) => hash.toString('hex'));
    for (const hash of [root, ...hashes]) hash.fill(0);
    expect(frontier.hashes.map((hash) => hash.toString('hex'))).to.deep.equal(hex);
    expect(frontier.root().equals(ROOTS[3]!)).to.equal(true);
    new MerkleFrontier().root().fill(0);
    expect(new MerkleFrontier().root().equals(ROOTS[0]!)).to.equal(true);
  });

  it('refuses what is not a frontier, no leaf, or part of a line', () => {
    expect(() => new MerkleFrontier(3, [LEAVES[0]!])).to.throw(RangeError, 'has 2 perfect subtrees, not 1');
    expect(() => new MerkleFrontier(1, [Buffer.alloc(31)])).to.throw(RangeError, '32 bytes, not 31');
    for (const size of NO_SIZES)
      expect(() => new MerkleFrontier(size, [])).to.throw(RangeError, 'not the size');
    const frontier = frontierOf(2);
    expect(() => frontier.append(Buffer.alloc(33))).to.throw(RangeError);
    expect(() => frontier.appendLines(Buffer.from('a\nb'))).to.throw(RangeError, 'LF');
    expect(frontier.size).to.equal(2);
    frontier.appendLines(new Uint8Array(0));
    expect(frontier.size).to.equal(2);
  });
});

describe('SubtreeHasher', () => {
  it('hashes any ranges, overlapping ones too, from leaves one by one or in lines', () => {
    const range = fc
      .tuple(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 60 }))
      .map(([start, length]) => ({ start, end: start + length }));
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), cuts, (ranges, sizes) => {
        const expected = ranges.map(({ start, end }) => treeHash(LEAVES.slice(start, end)));
        expect(hashesOf(ranges)).to.deep.equal(expected);
        const inLines = new SubtreeHasher(ranges);
        for (let at = 0, turn = 0; at < MAX_SIZE; turn++) {
          const end = Math.min(MAX_SIZE, at + sizes[turn % sizes.length]!);
          inLines.appendLines(
            Buffer.from(Array.from({ length: end - at }, (_, index) => `entry ${at + index}\n`).join('')),
          );
          at = end;
        }
        expect(inLines.hashes()).to.deep.equal(expected);
      }),
    );
  });

  it('says which leaves are missing', () => {
    const hasher = new SubtreeHasher([
      { start: 0, end: 2 },
      { start: 2, end: 4 },
    ]);
    for (const leaf of LEAVES.slice(0, 3)) hasher.append(leaf);
    expect(() => hasher.hashes()).to.throw(RangeError, 'leaves up to 3 are needed, and only 3 were given');
    hasher.append(LEAVES[3]!);
    expect(hasher.hashes()).to.have.length(2);
  });

  it('refuses ranges without leaves', () => {
    for (const [start, end] of [
      [1, 1],
      [2, 1],
      [-1, 1],
      [0, 0.5],
      [0, Number.NaN],
    ] as const) {
      expect(() => new SubtreeHasher([{ start, end }]), `${start} to ${end}`).to.throw(RangeError);
    }
  });
});

describe('an inclusion proof', () => {
  it('verifies for every leaf of every tree to 64 leaves', () => {
    for (let leaves = 1; leaves <= 64; leaves++) {
      for (let index = 0; index < leaves; index++) {
        expect(verifyInclusion(inclusion(index, leaves)), `${index} of ${leaves}`).to.equal(true);
      }
    }
  });

  it('verifies for any leaf, and not once anything of it was changed', () => {
    fc.assert(
      fc.property(size, fc.nat(), (leaves, pick) => {
        const claim = inclusion(pick % leaves, leaves);
        expect(verifyInclusion(claim)).to.equal(true);
        const changes: Partial<InclusionClaim>[] = [
          ...flipped(claim.leaf).map((leaf) => ({ leaf })),
          ...flipped(claim.root).map((root) => ({ root })),
          ...changedPaths(claim.path).map((path) => ({ path })),
          ...ROOTS.filter((_, other) => other !== leaves).map((root) => ({ root })),
          ...Array.from({ length: leaves + 3 }, (_, index) => ({ index })).filter(
            ({ index }) => index !== claim.index,
          ),
          ...NO_SIZES.flatMap((value) => [{ index: value }, { size: value }]),
          { leaf: claim.leaf.subarray(1) },
          { root: claim.root.subarray(1) },
          { size: 0 },
          { size: claim.index },
        ];
        for (const change of changes) expect(verifyInclusion({ ...claim, ...change })).to.equal(false);
      }),
      { numRuns: 20 },
    );
  });

  it('has another path in a tree of another size, unless the size changes nothing above the leaf', () => {
    for (let leaves = 1; leaves <= 40; leaves++) {
      for (let index = 0; index < leaves; index++) {
        const claim = inclusion(index, leaves);
        for (let other = 1; other <= 70; other++) {
          const sameShape = index < other && shape(index, other) === shape(index, leaves);
          expect(verifyInclusion({ ...claim, size: other }), `${index} of ${leaves} as of ${other}`).to.equal(
            sameShape,
          );
        }
      }
    }
  });

  it('is refused at once when its path is endless', () => {
    const path = Array.from({ length: 1_000 }, () => LEAVES[0]!);
    expect(verifyInclusion({ ...inclusion(0, 8), path })).to.equal(false);
    expect(verifyInclusion({ ...inclusion(0, 8), size: Number.MAX_SAFE_INTEGER, path })).to.equal(false);
  });

  it('verifies in trees of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.maxSafeNat(), (leaves, pick) => {
        const index = pick % leaves;
        const ranges = inclusionRanges(index, leaves);
        const path = ranges.map((_, at) => LEAVES[at + 1]!);
        const root = ranges.reduce(
          (hash, { start }, at) => (start > index ? nodeHash(hash, path[at]!) : nodeHash(path[at]!, hash)),
          LEAVES[0]!,
        );
        const claim = { index, size: leaves, leaf: LEAVES[0]!, path, root };
        expect(verifyInclusion(claim)).to.equal(true);
        expect(verifyInclusion({ ...claim, index: index === 0 ? 1 : index - 1 })).to.equal(false);
      }),
    );
  });

  it('is refused when bytes were moved from one hash to the next', () => {
    const claim = inclusion(2, 8);
    const [sibling, ...rest] = claim.path;
    const leaf = Buffer.concat([claim.leaf, sibling!.subarray(0, 1)]);
    expect(nodeHash(leaf, sibling!.subarray(1))).to.deep.equal(nodeHash(claim.leaf, sibling!));
    expect(verifyInclusion({ ...claim, leaf, path: [sibling!.subarray(1), ...rest] })).to.equal(false);
  });

  it('is asked for leaves that exist', () => {
    expect(() => inclusionRanges(3, 3)).to.throw(RangeError, 'has no leaf 3');
    for (const value of NO_SIZES) {
      expect(() => inclusionRanges(0, value)).to.throw(RangeError);
      expect(() => inclusionRanges(value, 1)).to.throw(RangeError);
    }
    expect(inclusionRanges(0, Number.MAX_SAFE_INTEGER)).to.have.length(53);
  });
});

describe('a consistency proof', () => {
  it('verifies for every two sizes to 64', () => {
    for (let newSize = 0; newSize <= 64; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        expect(verifyConsistency(consistency(oldSize, newSize)), `${oldSize} in ${newSize}`).to.equal(true);
      }
    }
  });

  it('verifies for any two sizes, and not once anything of it was changed', () => {
    fc.assert(
      fc.property(size, fc.nat(), (newSize, pick) => {
        const claim = consistency(1 + (pick % newSize), newSize);
        expect(verifyConsistency(claim)).to.equal(true);
        const changes: Partial<ConsistencyClaim>[] = [
          ...flipped(claim.oldRoot).map((oldRoot) => ({ oldRoot })),
          ...flipped(claim.newRoot).map((newRoot) => ({ newRoot })),
          ...changedPaths(claim.path).map((path) => ({ path })),
          ...ROOTS.filter((_, other) => other !== claim.oldSize).map((oldRoot) => ({ oldRoot })),
          ...ROOTS.filter((_, other) => other !== newSize).map((newRoot) => ({ newRoot })),
          ...NO_SIZES.flatMap((value) => [{ oldSize: value }, { newSize: value }]),
          { oldRoot: claim.oldRoot.subarray(1) },
          { newRoot: claim.newRoot.subarray(1) },
        ];
        for (const change of changes) expect(verifyConsistency({ ...claim, ...change })).to.equal(false);
      }),
      { numRuns: 20 },
    );
  });

  it('of another old size is refused', () => {
    for (let newSize = 1; newSize <= 40; newSize++) {
      for (let oldSize = 1; oldSize <= newSize; oldSize++) {
        const claim = consistency(oldSize, newSize);
        for (let other = 0; other <= newSize + 2; other++) {
          const expected = other === oldSize;
          expect(
            verifyConsistency({ ...claim, oldSize: other }),
            `${oldSize} in ${newSize} as ${other}`,
          ).to.equal(expected);
        }
      }
    }
  });

  it('knows the tree without leaves: in every tree, and no other', () => {
    const [empty, root] = [ROOTS[0]!, ROOTS[5]!];
    const claim = { oldSize: 0, newSize: 5, oldRoot: empty, newRoot: root, path: [] };
    expect(verifyConsistency(claim)).to.equal(true);
    expect(verifyConsistency({ ...claim, oldRoot: root })).to.equal(false);
    expect(verifyConsistency({ ...claim, path: [root] })).to.equal(false);
    expect(verifyConsistency({ ...claim, newSize: 0, newRoot: empty })).to.equal(true);
    expect(verifyConsistency({ ...claim, newSize: 0, oldRoot: root })).to.equal(false);
  });

  it('verifies for trees of any sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }), fc.maxSafeNat(), (newSize, pick) => {
        const oldSize = 1 + (pick % (newSize - 1));
        const ranges = consistencyRanges(oldSize, newSize);
        const path = ranges.map((_, at) => LEAVES[at + 1]!);
        const known = new Map(ranges.map(({ start, end }, at) => [`${start} ${end}`, path[at]!]));
        const oldIsPerfect = 2 ** Math.round(Math.log2(oldSize)) === oldSize;
        if (oldIsPerfect) known.set(`0 ${oldSize}`, LEAVES[0]!);
        const root = (start: number, end: number): Buffer => {
          const hash = known.get(`${start} ${end}`);
          if (hash !== undefined) return hash;
          let half = 1;
          while (half * 2 < end - start) half *= 2;
          return nodeHash(root(start, start + half), root(start + half, end));
        };
        const claim = { oldSize, newSize, oldRoot: root(0, oldSize), newRoot: root(0, newSize), path };
        expect(verifyConsistency(claim)).to.equal(true);
        expect(verifyConsistency({ ...claim, newRoot: claim.oldRoot })).to.equal(false);
      }),
    );
  });

  it('is refused when bytes were moved from one hash to the next', () => {
    const claim = consistency(4, 7);
    const [sibling, ...rest] = claim.path;
    const oldRoot = Buffer.concat([claim.oldRoot, sibling!.subarray(0, 1)]);
    expect(verifyConsistency({ ...claim, oldRoot, path: [sibling!.subarray(1), ...rest] })).to.equal(false);
  });

  it('is asked for a tree that can begin with the other', () => {
    expect(() => consistencyRanges(4, 3)).to.throw(RangeError, 'cannot begin with');
    for (const value of NO_SIZES) {
      expect(() => consistencyRanges(1, value)).to.throw(RangeError);
      expect(() => consistencyRanges(value, 2)).to.throw(RangeError);
    }
    expect(consistencyRanges(1, Number.MAX_SAFE_INTEGER)).to.have.length(53);
  });
});

/** On which sides the siblings of a leaf stand: all that a size means to a path. */
function shape(index: number, leaves: number): string {
  return inclusionRanges(index, leaves)
    .map(({ start }) => (start > index ? 'r' : 'l'))
    .join('');
}
