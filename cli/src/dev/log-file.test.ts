import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { LogFile } from './log-file.js';

describe('LogFile', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    path = join(directory.path, 'rynxs.log');
  });

  afterEach(() => directory[Symbol.dispose]());

  it('appends, also to what an earlier run wrote, and is nobody else’s to read', () => {
    for (const line of ['one\n', 'two\n']) {
      using file = new LogFile(path);
      file.write(line);
    }
    expect(readFileSync(path, 'utf8')).to.equal('one\ntwo\n');
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('never takes more than twice its limit', () => {
    using file = new LogFile(path, 100);
    for (let index = 0; index < 100; index += 1) file.write(`line ${String(index).padStart(4)}\n`);
    expect(readdirSync(directory.path).sort()).to.deep.equal(['rynxs.log', 'rynxs.log.1']);
    expect(statSync(path).size).to.be.at.most(100);
    expect(statSync(`${path}.1`).size).to.be.at.most(100);
    expect(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')).to.match(
      /line {3}98\nline {3}99\n$/,
    );
  });

  it('says that it cannot be written', () => {
    expect(() => new LogFile(directory.path))
      .to.throw()
      .with.property('code', 'RYNXS_DATA_DIR');
  });

  it('ignores lines that come after its end', () => {
    const file = new LogFile(path);
    file[Symbol.dispose]();
    file.write('late\n');
    expect(readFileSync(path, 'utf8')).to.equal('');
  });
});
