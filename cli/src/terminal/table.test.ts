import { expect } from 'chai';
import { formatTable } from './table.js';

describe('formatTable', () => {
  it('aligns columns and leaves no trailing blanks', () => {
    expect(
      formatTable(
        ['NAME', 'READY'],
        [
          ['a-long-name', 'yes'],
          ['b', ''],
        ],
      ),
    ).to.equal('NAME          READY\na-long-name   yes\nb\n');
  });

  it('lets no cell steer the terminal', () => {
    expect(formatTable(['A'], [['\u001B[2J']])).to.equal('A\n\uFFFD[2J\n');
  });

  it('prints the header alone when there is nothing', () => {
    expect(formatTable(['NAME'], [])).to.equal('NAME\n');
  });
});
