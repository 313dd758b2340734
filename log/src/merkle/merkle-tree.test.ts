import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { leafHash, MerkleFrontier, nodeHash } from '../index.js';
import { SubtreeHasher } from './subtree-hasher.js';
import { consistencyRanges, inclusionRanges, type SubtreeRange } from './subtree-ranges.js';
import { verifyConsistency, verifyInclusion } from './verify-proof.js';

// The tree of eight entries that implementations of RFC 6962 have been tested with since certificate-transparency's
// first one; the hashes are as published in the tests of transparency-dev/merkle (proof/verify_test.go).

const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];

const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const INCLUSION: readonly (readonly [index: number, size: number, path: readonly string[]])[] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const CONSISTENCY: readonly (readonly [oldSize: number, newSize: number, path: readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
  [
    6,
    7,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
];

const leaves = ENTRIES.map((entry) => leafHash(Buffer.from(entry, 'hex')));
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

function hashesOf(ranges: readonly SubtreeRange[]): string[] {
  const hasher = new SubtreeHasher(ranges);
  for (const leaf of leaves) hasher.append(leaf);
  return hasher.hashes().map((hash) => hash.toString('hex'));
}

describe('the tree of RFC 6962', () => {
  it('hashes leaves and nodes with a byte before them that tells which they are', () => {
    const sha256 = (...parts: readonly Buffer[]): Buffer =>
      createHash('sha256').update(Buffer.concat(parts)).digest();
    const entry = Buffer.from('entry');
    expect(leafHash(entry)).to.deep.equal(sha256(Buffer.of(0), entry));
    expect(leafHash(new Uint8Array(0)).toString('hex')).to.equal(ROOTS[1]);
    const [left, right] = [leafHash(entry), leafHash(Buffer.from('other'))];
    expect(nodeHash(left, right)).to.deep.equal(sha256(Buffer.of(1), left, right));
  });

  it('has the published root at each size', () => {
    const frontier = new MerkleFrontier();
    expect(frontier.root().toString('hex')).to.equal(ROOTS[0]);
    leaves.forEach((leaf, index) => {
      frontier.append(leaf);
      expect(frontier.size).to.equal(index + 1);
      expect(frontier.root().toString('hex'), `${index + 1} leaves`).to.equal(ROOTS[index + 1]);
    });
  });

  for (const [index, size, path] of INCLUSION) {
    it(`has the published path of leaf ${index} of ${size}`, () => {
      expect(hashesOf(inclusionRanges(index, size))).to.deep.equal(path);
      const claim = { index, size, leaf: leaves[index]!, path: path.map(bytes), root: bytes(ROOTS[size]!) };
      expect(verifyInclusion(claim)).to.equal(true);
    });
  }

  for (const [oldSize, newSize, path] of CONSISTENCY) {
    it(`has the published proof that ${newSize} leaves begin with ${oldSize}`, () => {
      expect(hashesOf(consistencyRanges(oldSize, newSize))).to.deep.equal(path);
      const [oldRoot, newRoot] = [bytes(ROOTS[oldSize]!), bytes(ROOTS[newSize]!)];
      expect(verifyConsistency({ oldSize, newSize, oldRoot, newRoot, path: path.map(bytes) })).to.equal(true);
    });
  }
});
