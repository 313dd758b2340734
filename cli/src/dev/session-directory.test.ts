import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { SessionDirectory } from './session-directory.js';

describe('SessionDirectory', () => {
  let directory: TemporaryDirectory;

  beforeEach(() => {
    directory = new TemporaryDirectory();
  });

  afterEach(() => directory[Symbol.dispose]());

  it('makes the directory, for its owner only', () => {
    const path = join(directory.path, 'a/b');
    using _ = SessionDirectory.take(path);
    expect(statSync(path).mode & 0o777).to.equal(0o700);
  });

  it('is held by one at a time, who is named', () => {
    using _ = SessionDirectory.take(directory.path);
    expect(() => SessionDirectory.take(directory.path))
      .to.throw(`process ${process.pid}, since `)
      .with.property('code', 'RYNXS_DATA_DIR_IN_USE');
  });

  it('can be taken again when it was given up', () => {
    for (let round = 0; round < 3; round += 1) {
      using session = SessionDirectory.take(directory.path);
      expect(session.path).to.equal(directory.path);
    }
    expect(existsSync(join(directory.path, 'session.holder'))).to.equal(false);
  });

  it('says why it cannot be used', () => {
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      expect(() => SessionDirectory.take(path))
        .to.throw('a file is in its way')
        .with.property('code', 'RYNXS_DATA_DIR');
    }
  });
});
