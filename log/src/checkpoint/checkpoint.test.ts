import { expect } from 'chai';
import fc from 'fast-check';
import { checkpointOrigin, formatCheckpoint, NoteError, parseCheckpoint, parseNote } from '../index.js';

/** The example of C2SP tlog-checkpoint. */
const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';

describe('a checkpoint', () => {
  it('reads as in the example of the specification', () => {
    const { text } = parseNote(EXAMPLE);
    const checkpoint = parseCheckpoint(text);
    expect(checkpoint).to.deep.equal({
      origin: 'example.com/behind-the-sofa',
      size: 20_852_163,
      root: Buffer.from(ROOT, 'base64'),
      extensions: [],
    });
    expect(formatCheckpoint(checkpoint)).to.equal(text);
  });

  it('names its log', () => {
    expect(checkpointOrigin('0b2a')).to.equal('rynxs.log/0b2a');
  });

  it('reads back as it was, with extension lines', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text));
    const checkpoint = fc.record({
      origin: line,
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      extensions: fc.array(line, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(checkpoint, (value) => {
        expect(parseCheckpoint(formatCheckpoint(value))).to.deep.equal(value);
      }),
    );
  });

  const malformed: readonly (readonly [what: string, text: string, message: string])[] = [
    ['nothing', '', 'ends with LF'],
    ['two lines', 'a\n1\n', 'at least three lines'],
    ['no LF at the end', `a\n1\n${ROOT}`, 'ends with LF'],
    ['an empty origin', `\n1\n${ROOT}\n`, 'line 1 of the checkpoint is empty'],
    ['an empty extension', `a\n1\n${ROOT}\nx\n\n`, 'line 5 of the checkpoint is empty'],
    ['a leading zero', `a\n01\n${ROOT}\n`, 'line 2'],
    ['a sign', `a\n+1\n${ROOT}\n`, 'line 2'],
    ['a negative size', `a\n-1\n${ROOT}\n`, 'line 2'],
    ['a fraction', `a\n1.0\n${ROOT}\n`, 'line 2'],
    ['an exponent', `a\n1e3\n${ROOT}\n`, 'line 2'],
    ['a size beyond exact numbers', `a\n9007199254740993\n${ROOT}\n`, 'line 2'],
    ['a root of 31 bytes', `a\n1\n${Buffer.alloc(31).toString('base64')}\n`, 'line 3'],
    ['a root of 33 bytes', `a\n1\n${Buffer.alloc(33).toString('base64')}\n`, 'line 3'],
    ['a root without padding', `a\n1\n${ROOT.slice(0, -1)}\n`, 'line 3'],
    ['a root with stray bits', `a\n1\n${ROOT.replace('2I=', '2J=')}\n`, 'line 3'],
    ['a blank after the root', `a\n1\n${ROOT} \n`, 'line 3'],
  ];
  for (const [what, text, message] of malformed) {
    it(`is not read with ${what}`, () => {
      expect(() => parseCheckpoint(text)).to.throw(NoteError, message);
    });
  }

  it('is not written when it would read otherwise', () => {
    const good = { origin: 'a', size: 1, root: Buffer.from(ROOT, 'base64') };
    for (const changed of [
      { origin: '' },
      { origin: 'a\nb' },
      { origin: 'a\n1' },
      { origin: `a\n1\n${ROOT}` },
      { size: -1 },
      { size: 0.5 },
      { size: Number.NaN },
      { root: Buffer.alloc(31) },
      { extensions: [''] },
      { extensions: ['a\nb'] },
    ]) {
      expect(() => formatCheckpoint({ ...good, ...changed }), JSON.stringify(changed)).to.throw(NoteError);
    }
  });
});
