import { expect } from 'chai';
import { exitStatus, framed, parseSize } from './channels.js';

describe('channels of a command', () => {
  it('stand in the first byte of a message', () => {
    expect([...framed(2, Buffer.from('x'))]).to.deep.equal([2, 0x78]);
  });

  it('tell success and exit codes as kubectl reads them', () => {
    expect(JSON.parse(exitStatus(0).toString())).to.deep.equal({ metadata: {}, status: 'Success' });
    expect(JSON.parse(exitStatus(3).toString())).to.deep.include({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
  });

  it('carry sizes of terminals, and nonsense is none', () => {
    expect(parseSize(Buffer.from('{"Width":80,"Height":24}'))).to.deep.equal({ columns: 80, rows: 24 });
    for (const text of [
      '',
      '{}',
      'null',
      '{"Width":0,"Height":1}',
      '{"Width":1e9,"Height":1}',
      '{"Width":"1;id","Height":1}',
    ]) {
      expect(parseSize(Buffer.from(text)), text).to.equal(undefined);
    }
  });
});
