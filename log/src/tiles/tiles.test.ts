import { expect } from 'chai';
import fc from 'fast-check';
import { leafHash, MAX_RECORD_BYTES, MerkleFrontier, nodeHash, TileBuilder, tilePath } from '../index.js';

/** Hash of a perfect subtree, or of any leaves, as RFC 6962, 2.1, defines it. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return nodeHash(treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half)));
}

function linesOf(from: number, to: number): Buffer {
  let text = '';
  for (let index = from; index < to; index++) text += `{"entry":${index}}\n`;
  return Buffer.from(text);
}

interface Built {
  readonly tiles: ReadonlyMap<string, Buffer>;
  readonly size: number;
  readonly root: Buffer;
}

function build(size: number, chunk = 1_000): Built {
  const tiles = new Map<string, Buffer>();
  const builder = new TileBuilder((path, bytes) => {
    expect(tiles.has(path), `${path} is given once`).to.equal(false);
    tiles.set(path, bytes);
  });
  for (let at = 0; at < size; at += chunk) builder.appendLines(linesOf(at, Math.min(size, at + chunk)));
  return { tiles, ...builder.finish() };
}

function entriesOf(bundle: Buffer): string[] {
  const entries: string[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at);
    expect(at + 2 + length).to.be.at.most(bundle.length);
    entries.push(bundle.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** The paths of all tiles of a tree, by the formulas of C2SP tlog-tiles, "Partial Tiles". */
function expectedPaths(size: number): string[] {
  const paths: string[] = [];
  const add = (level: number | 'entries', hashes: number): void => {
    for (let index = 0; index < Math.floor(hashes / 256); index++) paths.push(tilePath(level, index));
    if (hashes % 256 > 0) paths.push(tilePath(level, Math.floor(hashes / 256), hashes % 256));
  };
  add('entries', size);
  for (let level = 0; 256 ** level <= size; level++) add(level, Math.floor(size / 256 ** level));
  return paths;
}

describe('the path of a tile', () => {
  it('is as in the specification', () => {
    expect(tilePath(0, 1_234_067)).to.equal('tile/0/x001/x234/067');
    expect(tilePath('entries', 1_234_067)).to.equal('tile/entries/x001/x234/067');
    expect(tilePath(1, 0)).to.equal('tile/1/000');
    expect(tilePath(63, 999)).to.equal('tile/63/999');
    expect(tilePath(0, 1_000)).to.equal('tile/0/x001/000');
    expect(tilePath(0, 1_234, 17)).to.equal('tile/0/x001/234.p/17');
    expect(tilePath(0, 1_234, 256)).to.equal('tile/0/x001/234');
    expect(tilePath('entries', 0, 1)).to.equal('tile/entries/000.p/1');
  });

  it('exists for tiles that exist', () => {
    for (const level of [-1, 64, 0.5, Number.NaN])
      expect(() => tilePath(level, 0)).to.throw(RangeError, 'level');
    for (const index of [-1, 0.5, Number.NaN]) expect(() => tilePath(0, index)).to.throw(RangeError, 'index');
    for (const width of [-1, 0, 257, 0.5, Number.NaN])
      expect(() => tilePath(0, 0, width)).to.throw(RangeError, 'width');
  });
});

describe('TileBuilder', () => {
  it('makes the tiles that the specification counts for 70,000 entries', () => {
    const { tiles, size, root } = build(70_000);
    expect([...tiles.keys()]).to.have.members(expectedPaths(70_000));
    const hashTiles = [...tiles].filter(([path]) => !path.startsWith('tile/entries/'));
    const widths = (level: number, isFull: boolean): number[] =>
      hashTiles
        .filter(([path]) => path.startsWith(`tile/${level}/`) && path.includes('.p/') !== isFull)
        .map(([, bytes]) => bytes.length / 32);
    expect(widths(0, true)).to.deep.equal(Array.from({ length: 273 }, () => 256));
    expect(widths(0, false)).to.deep.equal([112]);
    expect(widths(1, true)).to.deep.equal([256]);
    expect(widths(1, false)).to.deep.equal([17]);
    expect(widths(2, false)).to.deep.equal([1]);
    expect(hashTiles).to.have.length(273 + 1 + 1 + 1 + 1);

    const tree = new MerkleFrontier();
    tree.appendLines(linesOf(0, 70_000));
    expect({ size, root }).to.deep.equal({ size: 70_000, root: tree.root() });
    const leaves = Array.from({ length: 65_536 }, (_, index) => leafHash(Buffer.from(`{"entry":${index}}`)));
    expect(tiles.get('tile/2/000.p/1')).to.deep.equal(treeHash(leaves));
    expect(tiles.get('tile/1/000')?.subarray(32 * 7, 32 * 8)).to.deep.equal(
      treeHash(leaves.slice(7 * 256, 8 * 256)),
    );
  });

  it('makes a full tile and one above it of 256 entries', () => {
    expect([...build(256).tiles.keys()]).to.have.members([
      'tile/entries/000',
      'tile/0/000',
      'tile/1/000.p/1',
    ]);
  });

  it('makes no tile without entries', () => {
    const { tiles, size, root } = build(0);
    expect(tiles.size).to.equal(0);
    expect({ size, root }).to.deep.equal({ size: 0, root: new MerkleFrontier().root() });
  });

  it('holds every entry and every hash of any tree, however the lines come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_100 }), fc.integer({ min: 1, max: 700 }), (count, chunk) => {
        const { tiles, size, root } = build(count, chunk);
        expect([...tiles.keys()]).to.have.members(expectedPaths(count));
        const of = (level: string): Buffer[] =>
          [...tiles].filter(([path]) => path.startsWith(`tile/${level}/`)).map(([, bytes]) => bytes);
        const entries = of('entries').flatMap(entriesOf);
        expect(entries).to.deep.equal(Array.from({ length: count }, (_, index) => `{"entry":${index}}`));
        const leaves = entries.map((entry) => leafHash(Buffer.from(entry)));
        expect(Buffer.concat(of('0')).equals(Buffer.concat(leaves))).to.equal(true);
        const above = Array.from({ length: Math.floor(count / 256) }, (_, index) =>
          treeHash(leaves.slice(index * 256, (index + 1) * 256)),
        );
        expect(Buffer.concat(of('1')).equals(Buffer.concat(above))).to.equal(true);
        expect(size).to.equal(count);
        expect(root.equals(treeHash(leaves))).to.equal(true);
      }),
      { numRuns: 30 },
    );
  });

  it('holds entries of no bytes and of as many as a record has, and no longer ones', () => {
    const tiles = new Map<string, Buffer>();
    const builder = new TileBuilder((path, bytes) => tiles.set(path, bytes));
    const longest = 'x'.repeat(MAX_RECORD_BYTES);
    builder.appendLines(Buffer.from(`\n${longest}\n`));
    expect(() => builder.appendLines(Buffer.from(`${longest}x\n`))).to.throw(RangeError, '65536 bytes');
    expect(() => builder.appendLines(Buffer.from('a\nb'))).to.throw(RangeError, 'LF');
    expect(builder.finish().size).to.equal(2);
    expect(entriesOf(tiles.get('tile/entries/000.p/2')!)).to.deep.equal(['', longest]);
  });

  it('is finished once', () => {
    const builder = new TileBuilder(() => undefined);
    builder.finish();
    expect(() => builder.finish()).to.throw('needs a new TileBuilder');
    expect(() => builder.appendLines(Buffer.from('a\n'))).to.throw('needs a new TileBuilder');
  });
});
