import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkConsistencyProof,
  checkProof,
  formatNote,
  NoteSigner,
  type NoteVerifier,
  parseNote,
} from '@rynxs/log';
import { expect } from 'chai';
import fc from 'fast-check';
import { builtProgram, type GoAnswers, GoVerifier } from './go-verifier.js';
import { type MadeLog, makeLog } from './made-log.js';
import { SignedTree } from './signed-tree.js';
import { filesOf, writeTiles } from './tile-directory.js';

const RECORDS = 700;
const INDEX = 300;
const OLD_SIZE = 400;
/** How often each kind of document is edited, and the tiles are damaged. */
const EDITS = 3_000;
const TILE_DAMAGES = 500;

/** A kind of document that both sides check: what Go calls it, a good one, and how we check it (throws when refused). */
interface Checked {
  readonly command: 'note' | 'receipt' | 'consistency';
  readonly text: () => string;
  readonly check: (text: string, key?: NoteVerifier) => void;
}

describe("a damaged log, checked by Go's sumdb and Tessera as by us", function () {
  this.timeout(120_000);
  let go: GoVerifier;
  let directory: string;
  let log: MadeLog;
  let tree: SignedTree;
  let vkey: string;

  before(async function () {
    const program = builtProgram(this, 'RYNXS_TEST_GO_VERIFY');
    directory = await mkdtemp(join(tmpdir(), 'rynxs-refused-'));
    go = new GoVerifier(program);
    log = await makeLog(join(directory, 'logs'), RECORDS);
    tree = new SignedTree(log);
    vkey = tree.verifier.toString();
  });
  after(async () => {
    await go?.[Symbol.asyncDispose]();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  const documents: readonly Checked[] = [
    {
      command: 'note',
      text: () => tree.checkpoint(RECORDS),
      check: (text, key = tree.verifier) => {
        if (!key.verify(parseNote(text))) throw new Error('no signature holds');
      },
    },
    {
      command: 'receipt',
      text: () => receipt(),
      check: (text, key = tree.verifier) => checkProof(text, [key]),
    },
    {
      command: 'consistency',
      text: () => tree.consistency(OLD_SIZE, RECORDS),
      check: (text, key = tree.verifier) => checkConsistencyProof(text, [key]),
    },
  ];

  for (const document of documents) {
    describe(`a ${document.command}`, () => {
      it('is accepted as it was made', async () => {
        document.check(document.text());
        await go.accepted(document.command, vkey, await fileOf(document.text()));
      });

      it('is refused by both with a bit flipped in any of its bytes', async () => {
        const good = Buffer.from(document.text());
        for (let at = 0; at < good.length; at += 1) {
          const bad = Buffer.from(good);
          bad[at]! ^= 1 << (at % 8);
          expect(() => document.check(bad.toString()), `byte ${at}, by us`).to.throw();
          if (!sameSignature(good, bad)) await refused(document.command, bad, `byte ${at}`);
        }
      });

      it('is never accepted by us when Go refuses it, however its lines were edited', async () => {
        const lines: readonly string[] = cosigned(document.text()).split('\n');
        const edit = edits(lines.length, [
          forgedSignature(),
          forgedSignature('other'),
          '',
          '=',
          '0',
          'index 0',
        ]);
        const accepted = new Set<string>();
        await fc.assert(
          fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (list) => {
            const text = list.reduce((edited, apply) => apply(edited), lines).join('\n');
            if (!accepts(document, text)) return;
            accepted.add(text);
            const verdict = await go.ask(document.command, vkey, await fileOf(text));
            expect(verdict.error, text).to.equal(undefined);
          }),
          { numRuns: EDITS },
        );
        expect(accepted, 'documents that were edited and are good').to.have.property('size').above(10);
      });

      it('is refused by both under another key, and by Go under another name of the key', async () => {
        const other = NoteSigner.generate(tree.origin).verifier;
        const renamed = tree.verifier.named('rynxs.log/other');
        const file = await fileOf(document.text());
        expect(() => document.check(document.text(), other)).to.throw();
        for (const key of [other, renamed]) {
          expect((await go.ask(document.command, key.toString(), file)).error).to.be.a('string');
        }
      });
    });
  }

  describe('a receipt', () => {
    it('is refused by both for another record than the one at its index', async () => {
      const stripped = receipt().replace(/^extra .*\n/m, '');
      const file = await fileOf(stripped);
      for (const [index, line] of log.lines.slice(INDEX - 2, INDEX + 3).entries()) {
        const record = await fileOf(line, 'record');
        const verdict = await go.ask('receipt', vkey, file, record);
        if (index === 2) {
          checkProof(stripped, [tree.verifier], line);
          expect(verdict.error).to.equal(undefined);
        } else {
          expect(() => checkProof(stripped, [tree.verifier], line)).to.throw();
          expect(verdict.error).to.be.a('string');
        }
      }
    });

    it('is refused by both with the checkpoint of a tree of another size, or of another log', async () => {
      const other = new SignedTree({ ...log, lines: log.lines.toReversed() }, tree.signer);
      for (const checkpoint of [tree.checkpoint(RECORDS - 1), other.checkpoint(RECORDS)]) {
        const bad = receipt().replace(tree.checkpoint(RECORDS), checkpoint);
        expect(bad).not.to.equal(receipt());
        expect(() => checkProof(bad, [tree.verifier])).to.throw();
        await refused('receipt', bad, 'another checkpoint');
      }
    });
  });

  describe('a tlog-tiles directory', () => {
    let tiles: string;
    let files: ReadonlyMap<string, Buffer>;

    before(async () => {
      tiles = join(directory, 'tiles');
      await writeTiles(tiles, log, tree, RECORDS);
      files = await filesOf(tiles);
    });

    it('is accepted as it was written', async () => {
      for (const command of ['tiles', 'tessera'] as const) await go.accepted(command, vkey, tiles);
    });

    it('is refused by both with a bit flipped anywhere in any file', async () => {
      const places = fc.constantFrom(...files.keys()).chain((path) => {
        const at = fc.nat({ max: files.get(path)!.length - 1 });
        return fc.tuple(fc.constant(path), at, fc.nat({ max: 7 }));
      });
      await fc.assert(
        fc.asyncProperty(places, async ([path, at, bit]) => {
          const good = files.get(path)!;
          const bad = Buffer.from(good);
          bad[at]! ^= 1 << bit;
          if (path === 'checkpoint' && sameSignature(good, bad)) return;
          await withFile(path, bad, () => bothRefuse(`${path}, byte ${at}, bit ${bit}`));
        }),
        { numRuns: TILE_DAMAGES },
      );
    });

    it('is refused by both without any one of its files, and with one cut short', async () => {
      for (const [path, good] of files) {
        const away = join(directory, 'away');
        await rename(join(tiles, path), away);
        await bothRefuse(`without ${path}`);
        await rename(away, join(tiles, path));
        await withFile(path, good.subarray(0, -1), () => bothRefuse(`${path} cut short`));
      }
    });

    it('is refused by both when two records were swapped', async () => {
      const path = 'tile/entries/001';
      const bundle = files.get(path)!;
      const first = 2 + bundle.readUInt16BE();
      const second = first + 2 + bundle.readUInt16BE(first);
      const swapped = [bundle.subarray(first, second), bundle.subarray(0, first), bundle.subarray(second)];
      await withFile(path, Buffer.concat(swapped), () => bothRefuse('swapped'));
    });

    it('is refused by both when it was signed by another key', async () => {
      const forged = new SignedTree(log);
      await withFile('checkpoint', Buffer.from(forged.checkpoint(RECORDS)), () => bothRefuse('forged'));
    });

    async function bothRefuse(what: string): Promise<void> {
      for (const command of ['tiles', 'tessera'] as const) {
        const verdict = await go.ask(command, vkey, tiles);
        expect(verdict.error, `${command}: ${what}`).to.be.a('string');
      }
    }

    async function withFile(path: string, bytes: Buffer, act: () => Promise<void>): Promise<void> {
      await writeFile(join(tiles, path), bytes);
      try {
        await act();
      } finally {
        await writeFile(join(tiles, path), files.get(path)!);
      }
    }
  });

  function receipt(): string {
    return tree.receipts([INDEX], RECORDS)[0]!;
  }

  /** The document with a second signature under its checkpoint, of a key that nobody knows. */
  function cosigned(text: string): string {
    const start = text.indexOf(`${tree.origin}\n`);
    const other = NoteSigner.generate('witness.example');
    return text.slice(0, start) + formatNote(other.addTo(parseNote(text.slice(start))));
  }

  /** A signature line that says to be of our key, or of one that has its id and another name. */
  function forgedSignature(name = tree.origin): string {
    const { keyId } = tree.verifier;
    return formatNote({ text: '\n', signatures: [{ name, keyId, signature: Buffer.alloc(64, 1) }] }).trim();
  }

  async function fileOf(bytes: string | Uint8Array, name = 'asked'): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, bytes);
    return path;
  }

  async function refused(command: keyof GoAnswers, bytes: string | Uint8Array, what: string): Promise<void> {
    const verdict = await go.ask(command, vkey, await fileOf(bytes));
    expect(verdict.error, `${what}, by Go`).to.be.a('string');
  }
});

function accepts(document: Checked, text: string): boolean {
  try {
    document.check(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether two texts differ in nothing but the bits of base64 that stand for no byte, at the end of the signature. Go
 * does not look at those; we refuse the text.
 */
function sameSignature(one: Uint8Array, other: Uint8Array): boolean {
  const [first, second] = [one, other].map((bytes) => {
    const [, before, base64 = ''] = /^(.* )([A-Za-z0-9+/]+=*)\n$/su.exec(Buffer.from(bytes).toString()) ?? [];
    return [before, Buffer.from(base64, 'base64').toString('hex')].join();
  });
  return first === second;
}

type Edit = (lines: readonly string[]) => readonly string[];

/** Ways to edit a document of so many lines, mostly among its last ones, where the signatures are. */
function edits(lines: number, texts: readonly string[]): fc.Arbitrary<Edit> {
  const line = fc.oneof(
    fc.nat({ max: lines - 1 }),
    fc.nat({ max: 4 }).map((back) => Math.max(0, lines - 1 - back)),
  );
  const text = fc.constantFrom(...texts);
  const place = fc.nat({ max: 3 });
  const character = fc.constantFrom(' ', '\t', '\r', '\u00a0', '0', 'x', '=', '+');
  return fc.oneof(
    line.map((at) => edit((all) => all.toSpliced(at, 1))),
    fc.tuple(line, line).map(([from, to]) => edit((all) => all.toSpliced(to, 0, all[from] ?? ''))),
    fc
      .tuple(line, line)
      .map(([from, to]) => edit((all) => all.toSpliced(from, 1).toSpliced(to, 0, all[from] ?? ''))),
    fc.tuple(line, text).map(([at, added]) => edit((all) => all.toSpliced(at, 0, added))),
    fc
      .tuple(line, place, character)
      .map(([at, word, added]) =>
        edit((all) => all.map((old, index) => (index === at ? afterWord(old, word, added) : old))),
      ),
  );
}

/** Names the type for the functions above. */
function edit(apply: Edit): Edit {
  return apply;
}

/** The line with something added to its n-th word, from 0, of those it has. */
function afterWord(line: string, word: number, added: string): string {
  const words = line.split(' ');
  const at = word % words.length;
  return words.with(at, `${words[at]}${added}`).join(' ');
}
