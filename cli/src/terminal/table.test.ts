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

  it('prints the header alone when there is nothing', () => {
    expect(formatTable(['NAME'], [])).to.equal('NAME\n');
  });
});
