import { expect } from 'chai';
import fc from 'fast-check';
import { AuditedLog } from '../testing/audited-log.js';
import { RootRecorder } from './root-recorder.js';

describe('RootRecorder', () => {
  const log = new AuditedLog().events(40);
  const roots = log.lines.map((_, size) => log.root(size)).concat(log.root());

  it('keeps the roots at the sizes asked for, in any order and however the lines are cut', () => {
    const sizes = fc.array(fc.nat({ max: 60 }), { maxLength: 20 });
    const chunks = fc.array(fc.nat({ max: 41 }), { maxLength: 6 });
    fc.assert(
      fc.property(sizes, chunks, (wanted, cuts) => {
        const recorder = new RootRecorder();
        for (const size of wanted) recorder.want(size);
        let from = 0;
        for (const to of [...cuts.toSorted((a, b) => a - b), 41]) {
          recorder.appendLines(Buffer.concat(log.lines.slice(from, to)));
          from = to;
        }
        const expected = new Set([...wanted.filter((size) => size <= 41), 41]);
        expect(new Set(recorder.roots().keys())).to.deep.equal(expected);
        for (const [size, root] of recorder.roots()) expect(root.equals(roots[size]!)).to.equal(true);
      }),
    );
  });

  it('has no root of a size that it has passed', () => {
    const recorder = new RootRecorder();
    recorder.appendLines(Buffer.concat(log.lines.slice(0, 10)));
    recorder.want(9);
    recorder.want(10);
    recorder.appendLines(Buffer.concat(log.lines.slice(10)));
    expect([...recorder.roots().keys()]).to.deep.equal([10, 41]);
  });
});
