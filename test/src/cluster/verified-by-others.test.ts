import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkConsistencyProof,
  checkProof,
  formatNote,
  NoteSigner,
  NoteVerifier,
  parseNote,
} from '@rynxs/log';
import { expect } from 'chai';
import { builtProgram, GoVerifier } from './go-verifier.js';
import { type MadeLog, makeLog } from './made-log.js';
import { SignedTree } from './signed-tree.js';
import { expectSameFiles, filesOf, recordBytes, writeTiles } from './tile-directory.js';

/** Three full tiles and a partial one. */
const RECORDS = 1_000;
/** A tree whose tiles reach level 2, with a partial tile at each level. */
const LARGE_RECORDS = 66_000;
/** Around every power of two that matters: of the tree, of a tile, and the whole log. */
const SIZES = [1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 511, 512, 513, 767, 768, 769, RECORDS] as const;

describe("a log, checked by Go's sumdb and Tessera", function () {
  this.timeout(120_000);
  let go: GoVerifier;
  let directory: string;
  let log: MadeLog;
  let tree: SignedTree;

  before(async function () {
    const program = builtProgram(this, 'RYNXS_TEST_GO_VERIFY');
    directory = await mkdtemp(join(tmpdir(), 'rynxs-verified-'));
    go = new GoVerifier(program);
    log = await makeLog(join(directory, 'logs'), RECORDS);
    expect(log.lines).to.have.length(RECORDS);
    tree = new SignedTree(log);
  });
  after(async () => {
    await go?.[Symbol.asyncDispose]();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  /** The path of a file with this text. */
  async function fileOf(text: string | Uint8Array, name = 'asked'): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  }

  /** A tlog-tiles directory of the log's first `size` records that Go alone wrote, with our key. */
  async function publishedByGo(size: number, of = log, by = tree): Promise<string> {
    const target = join(directory, `go-${of.id}-${size}`);
    const records = await fileOf(recordBytes(of, size), 'records');
    await go.accepted('publish', by.signer.export(), records, target);
    return target;
  }

  describe('keys and notes', () => {
    const text = 'Was auf dem Berg geschah\n\nblieb nicht 🏔️ verborgen.\n';

    it('opens in Go what we sign', async () => {
      const signer = NoteSigner.generate('rynxs.log/übung');
      const note = formatNote(NoteSigner.generate('other').addTo(signer.sign(text)));

      const opened = await go.accepted('note', signer.verifier.toString(), await fileOf(note));

      expect(opened).to.deep.equal({ text, verified: [signer.verifier.name], unverified: 1 });
    });

    it('verifies what Go signs, and keeps the same key', async () => {
      const key = await go.accepted('generate', 'sum.example/log');
      const { note } = await go.accepted('sign', key.signer, await fileOf(text));

      const verifier = NoteVerifier.parse(key.verifier);
      const signer = NoteSigner.parse(key.signer);

      expect(verifier.verify(parseNote(note))).to.equal(true);
      expect(parseNote(note).text).to.equal(text);
      expect([verifier.toString(), signer.export()]).to.deep.equal([key.verifier, key.signer]);
      expect(formatNote(signer.sign(text)), 'Ed25519 signs the same bytes alike').to.equal(note);
    });

    it('signs in Go with a key that we made', async () => {
      const signer = NoteSigner.generate('ours.example');

      const { note } = await go.accepted('sign', signer.export(), await fileOf(text));

      expect(signer.verifier.verify(parseNote(note))).to.equal(true);
    });
  });

  describe('checkpoints, receipts and consistency proofs', () => {
    for (const size of SIZES) {
      it(`proves every record of a tree of ${size}, as Go writes the proofs`, async () => {
        const published = await publishedByGo(size);
        const vkey = tree.verifier.toString();
        const indexes = Array.from({ length: size }, (_, index) => index);

        for (const [index, receipt] of tree.receipts(indexes, size).entries()) {
          const record = log.lines[index]!.toString();
          const answer = await go.accepted('receipt', vkey, await fileOf(receipt));
          expect(answer).to.deep.equal({ index, size, record });
          expect((await go.accepted('prove', published, String(index))).proof).to.equal(receipt);
          expect(checkProof(receipt, [tree.verifier])).to.deep.include({ index, size });
        }
      });
    }

    it('proves that the tree only grew, between all of the sizes, with the hashes that Go has', async () => {
      const vkey = tree.verifier.toString();
      for (const newSize of SIZES) {
        const published = await publishedByGo(newSize);
        for (const oldSize of SIZES.filter((size) => size <= newSize)) {
          const proof = tree.consistency(oldSize, newSize);
          const old = await fileOf(tree.checkpoint(oldSize), 'old');

          const answer = await go.accepted('consistency', vkey, await fileOf(proof), old);

          expect([answer.old.size, answer.new.size]).to.deep.equal([oldSize, newSize]);
          const hashes = proof.slice(0, proof.indexOf('\n\n')).split('\n').slice(2);
          expect(hashes.join('\n')).to.equal((await go.accepted('grow', published, String(oldSize))).proof);
          expect(checkConsistencyProof(proof, [tree.verifier])).to.deep.include({ oldSize, newSize });
        }
      }
    });
  });

  describe('tlog-tiles', () => {
    for (const size of [0, ...SIZES]) {
      it(`are accepted for ${size} records, and are what Go writes`, async () => {
        const ours = join(directory, `tiles-${size}`);
        await writeTiles(ours, log, tree, size);

        await expectTiles(ours, tree, size);

        await expectSameFiles(ours, await publishedByGo(size));
      });
    }

    it(`are accepted for ${LARGE_RECORDS} records, with tiles up to level 2`, async () => {
      const large = await makeLog(join(directory, 'large'), LARGE_RECORDS);
      const largeTree = new SignedTree(large);
      const ours = join(directory, 'tiles-large');
      await writeTiles(ours, large, largeTree, LARGE_RECORDS);
      expect([...(await filesOf(ours)).keys()]).to.include.members(['tile/2/000.p/1', 'tile/1/001.p/1']);

      await expectTiles(ours, largeTree, LARGE_RECORDS);

      await expectSameFiles(ours, await publishedByGo(LARGE_RECORDS, large, largeTree));
    });
  });

  /** Both of the others' verifiers accept the directory, and find the size and root that we signed. */
  async function expectTiles(tiles: string, signed: SignedTree, size: number): Promise<void> {
    const expected = { size, root: signed.root(size).toString('base64') };
    expect(await go.accepted('tiles', signed.verifier.toString(), tiles)).to.deep.equal(expected);
    expect(await go.accepted('tessera', signed.verifier.toString(), tiles)).to.deep.equal(expected);
  }
});
