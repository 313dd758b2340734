import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkConsistencyProof,
  checkProof,
  consistencyRanges,
  formatCheckpoint,
  formatConsistencyProof,
  formatNote,
  formatProof,
  inclusionRanges,
  leafHash,
  MerkleFrontier,
  NoteSigner,
  type NoteVerifier,
  ProofError,
  parseConsistencyProof,
  parseProof,
  SubtreeHasher,
} from '../index.js';

// Hashes of the well-known tree of eight entries; see merkle-tree.test.ts.
const ROOT_OF_6 = '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef';
const ROOT_OF_8 = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328';
const ENTRY_5 = '40414243';
const PATH_OF_5 = [
  'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
];
const PATH_OF_6_IN_8 = [
  '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
  'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
];
const ORIGIN = 'rynxs.log/1';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const base64 = (hex: string): string => bytes(hex).toString('base64');

// Known under another name than the log signs with, as a pinned key may be.
const signer = NoteSigner.parse(
  'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
);
const trusted: readonly NoteVerifier[] = [NoteSigner.generate('other').verifier, signer.verifier];

function checkpointOf(size: number, root: Uint8Array): string {
  return formatNote(
    signer.named(ORIGIN).sign(formatCheckpoint({ origin: ORIGIN, size, root: Buffer.from(root) })),
  );
}

const CHECKPOINT = checkpointOf(8, bytes(ROOT_OF_8));
const RECEIPT = `c2sp.org/tlog-proof@v1
extra ${base64(ENTRY_5)}
index 5
${PATH_OF_5.map(base64).join('\n')}

${CHECKPOINT}`;
const GROWTH = `rynxs.log/consistency@v1
old 6 ${base64(ROOT_OF_6)}
${PATH_OF_6_IN_8.map(base64).join('\n')}

${CHECKPOINT}`;

/** All texts in which one character differs. */
function changed(text: string): string[] {
  return Array.from(
    text,
    (character, at) =>
      text.slice(0, at) + String.fromCharCode(character.charCodeAt(0) ^ 1) + text.slice(at + 1),
  );
}

describe('a receipt', () => {
  it('is written as C2SP tlog-proof says, and reads back', () => {
    const proof = { index: 5, path: PATH_OF_5.map(bytes), checkpoint: CHECKPOINT, extra: bytes(ENTRY_5) };
    expect(formatProof(proof)).to.equal(RECEIPT);
    expect(parseProof(RECEIPT)).to.deep.equal(proof);
    const { extra: _extra, ...bare } = proof;
    expect(formatProof(bare)).to.equal(RECEIPT.replace(/extra .*\n/, ''));
    expect(parseProof(formatProof(bare))).to.deep.equal(bare);
    expect(parseProof(formatProof({ ...bare, extra: Buffer.alloc(0) })).extra).to.deep.equal(Buffer.alloc(0));
  });

  it('reads as in the example of the specification', () => {
    const example = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

example.com/fancylog
`;
    const proof = parseProof(example);
    expect(proof).to.deep.include({ index: 73_894, checkpoint: 'example.com/fancylog\n' });
    expect(Buffer.from(proof.extra ?? []).toString('latin1')).to.match(/^age-v1\.2\.1-darwin-arm64\.tar\.gz/);
    expect(proof.path).to.have.length(2);
  });

  it('proves that a record stands in a signed log', () => {
    expect(checkProof(RECEIPT, trusted)).to.deep.equal({
      index: 5,
      size: 8,
      origin: ORIGIN,
      record: bytes(ENTRY_5),
      root: bytes(ROOT_OF_8),
    });
  });

  it('can leave the record to who has it', () => {
    const bare = RECEIPT.replace(/extra .*\n/, '');
    expect(() => checkProof(bare, trusted)).to.throw(ProofError, 'give the record, too');
    expect(checkProof(bare, trusted, bytes(ENTRY_5)).index).to.equal(5);
    expect(() => checkProof(bare, trusted, bytes('40414244'))).to.throw(ProofError, 'does not lead');
    expect(() => checkProof(RECEIPT, trusted, bytes('40414244'))).to.throw(ProofError, 'does not lead');
  });

  it('proves nothing once any character was changed', () => {
    for (const text of changed(RECEIPT)) {
      expect(() => checkProof(text, trusted), text).to.throw(ProofError);
    }
    for (let end = 0; end < RECEIPT.length; end++) {
      expect(() => checkProof(RECEIPT.slice(0, end), trusted)).to.throw(ProofError);
    }
  });

  it('proves nothing to who does not trust the key', () => {
    expect(() => checkProof(RECEIPT, [])).to.throw(ProofError, `signed the checkpoint of ${ORIGIN}`);
    expect(() => checkProof(RECEIPT, trusted.slice(0, 1))).to.throw(ProofError, 'no trusted key');
    // Signed by the trusted key, but in another log's name.
    const foreign = RECEIPT.replace(/\nrynxs.log\/1\n8\n/, '\nrynxs.log/2\n8\n');
    expect(() => checkProof(foreign, trusted)).to.throw(ProofError, 'no trusted key');
  });

  it('proves nothing when the key signed under another name than that of the log', () => {
    const text = formatCheckpoint({ origin: ORIGIN, size: 8, root: bytes(ROOT_OF_8) });
    for (const name of ['PeterNeumann', 'rynxs.log/2']) {
      const checkpoint = formatNote(signer.named(name).sign(text));
      const renamed = formatProof({ ...parseProof(RECEIPT), checkpoint });
      expect(() => checkProof(renamed, trusted)).to.throw(ProofError, 'no trusted key');
    }
  });

  it('proves nothing beyond its checkpoint', () => {
    const short = formatProof({ ...parseProof(RECEIPT), checkpoint: checkpointOf(5, bytes(ROOT_OF_8)) });
    expect(() => checkProof(short, trusted)).to.throw(
      ProofError,
      'entry 5, but its checkpoint covers only 5',
    );
  });

  const malformed: readonly (readonly [what: string, text: string, message: string])[] = [
    ['nothing', '', 'line 1'],
    ['another version', RECEIPT.replace('@v1', '@v2'), 'line 1'],
    ['Windows line ends', RECEIPT.replaceAll('\n', '\r\n'), 'line 1'],
    ['no checkpoint', RECEIPT.slice(0, RECEIPT.indexOf('\n\n') + 1), 'no empty line'],
    ['no index', RECEIPT.replace(/index .*\n/, ''), 'line 3 of the proof is not "index"'],
    ['no lines', 'c2sp.org/tlog-proof@v1\n\nx\n', 'line 2 of the proof is not "index"'],
    ['an index with a zero before', RECEIPT.replace('index 5', 'index 05'), 'line 3'],
    ['a negative index', RECEIPT.replace('index 5', 'index -5'), 'line 3'],
    ['an index with a fraction', RECEIPT.replace('index 5', 'index 5.0'), 'line 3'],
    ['an index beyond exact numbers', RECEIPT.replace('index 5', 'index 9007199254740993'), 'line 3'],
    ['a second extra line', RECEIPT.replace('index', 'extra AAAA\nindex'), 'line 3'],
    ['extra data that is no base64', RECEIPT.replace(/extra .*/, 'extra !!'), 'line 2'],
    ['a hash of 31 bytes', RECEIPT.replace(base64(PATH_OF_5[1]!), base64(PATH_OF_5[1]!.slice(2))), 'line 5'],
    ['65 hashes', RECEIPT.replace('index 5', `index 5${`\n${base64(ROOT_OF_8)}`.repeat(62)}`), 'not 65'],
  ];
  for (const [what, text, message] of malformed) {
    it(`is not read with ${what}`, () => {
      expect(() => parseProof(text)).to.throw(ProofError, message);
    });
  }

  it('is not read with a checkpoint that is none', () => {
    const without = (checkpoint: string) => () =>
      checkProof(formatProof({ ...parseProof(RECEIPT), checkpoint }), trusted);
    expect(without('')).to.throw(ProofError, 'cannot be read');
    expect(without(CHECKPOINT.slice(0, -1))).to.throw(ProofError, 'does not end with LF');
    expect(without(formatNote(signer.named(ORIGIN).sign(`${ORIGIN}\n8\n`)))).to.throw(
      ProofError,
      'three lines',
    );
  });

  it('is not written when it would read otherwise', () => {
    const proof = parseProof(RECEIPT);
    for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => formatProof({ ...proof, index })).to.throw(ProofError, 'no index');
    }
    expect(() => formatProof({ ...proof, path: [Buffer.alloc(31)] })).to.throw(ProofError, '32 bytes');
    const path = Array.from({ length: 65 }, () => Buffer.alloc(32));
    expect(() => formatProof({ ...proof, path })).to.throw(ProofError, 'not 65');
  });
});

describe('a consistency proof in a file', () => {
  it('has its form, and reads back', () => {
    const proof = {
      oldSize: 6,
      oldRoot: bytes(ROOT_OF_6),
      path: PATH_OF_6_IN_8.map(bytes),
      checkpoint: CHECKPOINT,
    };
    expect(formatConsistencyProof(proof)).to.equal(GROWTH);
    expect(parseConsistencyProof(GROWTH)).to.deep.equal(proof);
  });

  it('proves that a log only grew', () => {
    expect(checkConsistencyProof(GROWTH, trusted)).to.deep.equal({
      origin: ORIGIN,
      oldSize: 6,
      oldRoot: bytes(ROOT_OF_6),
      newSize: 8,
      newRoot: bytes(ROOT_OF_8),
    });
  });

  it('proves nothing once any character was changed', () => {
    for (const text of changed(GROWTH)) {
      expect(() => checkConsistencyProof(text, trusted), text).to.throw(ProofError);
    }
    for (let end = 0; end < GROWTH.length; end++) {
      expect(() => checkConsistencyProof(GROWTH.slice(0, end), trusted)).to.throw(ProofError);
    }
    expect(() => checkConsistencyProof(GROWTH, trusted.slice(0, 1))).to.throw(ProofError, 'no trusted key');
  });

  it('names what is wrong', () => {
    const wrong: readonly (readonly [text: string, message: string])[] = [
      [RECEIPT, 'line 1'],
      [GROWTH.replace('old ', 'new '), 'line 2'],
      [GROWTH.replace('old 6', 'old 06'), 'line 2'],
      [GROWTH.replace(base64(ROOT_OF_6), 'AAAA'), 'line 2'],
      [GROWTH.replace(base64(PATH_OF_6_IN_8[0]!), 'AAAA'), 'line 3'],
      [GROWTH.replace('old 6', 'old 9'), 'more than the 8'],
      [GROWTH.replace('old 6', 'old 7'), 'does not show'],
    ];
    for (const [text, message] of wrong) {
      expect(() => checkConsistencyProof(text, trusted)).to.throw(ProofError, message);
    }
  });
});

describe('proofs of a log', () => {
  it('are made in one pass, and check', () => {
    const entries = fc.array(
      fc.string({ maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
      {
        minLength: 1,
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), (records, pickIndex, pickOld) => {
        const [index, oldSize] = [pickIndex % records.length, pickOld % (records.length + 1)];
        const inclusion = inclusionRanges(index, records.length);
        const consistency = consistencyRanges(oldSize, records.length);
        const hasher = new SubtreeHasher([...inclusion, ...consistency]);
        const tree = new MerkleFrontier();
        let oldRoot = tree.root();
        records.forEach((record, at) => {
          hasher.append(leafHash(Buffer.from(record)));
          tree.appendLines(Buffer.from(`${record}\n`));
          if (at + 1 === oldSize) oldRoot = tree.root();
        });
        const hashes = hasher.hashes();
        const checkpoint = checkpointOf(tree.size, tree.root());
        const extra = Buffer.from(records[index]!);
        const receipt = formatProof({ index, path: hashes.slice(0, inclusion.length), checkpoint, extra });
        expect(checkProof(receipt, trusted)).to.deep.include({ index, size: records.length, record: extra });
        const growth = formatConsistencyProof({
          oldSize,
          oldRoot,
          path: hashes.slice(inclusion.length),
          checkpoint,
        });
        expect(checkConsistencyProof(growth, trusted)).to.deep.include({
          oldSize,
          oldRoot,
          newSize: records.length,
        });
      }),
    );
  });
});
