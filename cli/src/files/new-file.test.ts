import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { NewFile, writeNewFile } from './new-file.js';

describe('a new file', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    path = join(directory.path, 'file');
  });

  afterEach(() => directory[Symbol.dispose]());

  async function refusal(work: Promise<unknown>): Promise<Error> {
    return work.then(
      () => expect.fail('it was written'),
      (error: Error) => error,
    );
  }

  it('has its name only once it is whole', async () => {
    {
      await using file = await NewFile.create(path);
      await file.write('one ');
      await file.write('two');
      expect(existsSync(path)).to.equal(false);
      await file.finish();
    }
    expect(readFileSync(path, 'utf8')).to.equal('one two');
    expect(readdirSync(directory.path)).to.deep.equal(['file']);
  });

  it('leaves nothing when it was not finished', async () => {
    {
      await using file = await NewFile.create(path);
      await file.write('half');
    }
    expect(readdirSync(directory.path)).to.deep.equal([]);
  });

  it('does not replace a file, also when that came while it was written', async () => {
    writeFileSync(path, 'mine');
    expect(await refusal(writeNewFile(path, 'other'))).to.include({ code: 'RYNXS_OUTPUT_FILE', exitCode: 2 });
    const late = join(directory.path, 'late');
    {
      await using file = await NewFile.create(late);
      writeFileSync(late, 'mine');
      expect(await refusal(file.finish())).to.include({ code: 'RYNXS_OUTPUT_FILE' });
    }
    for (const name of [path, late]) expect(readFileSync(name, 'utf8')).to.equal('mine');
    expect(readdirSync(directory.path).sort()).to.deep.equal(['file', 'late']);
  });

  it('is readable by its owner only, when it is private', async () => {
    await writeNewFile(path, 'secret', { isPrivate: true });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('says why it cannot be there', async () => {
    mkdirSync(path);
    expect((await refusal(writeNewFile(path, 'x'))).message).to.include(path);
    const nowhere = join(directory.path, 'no/where');
    expect((await refusal(writeNewFile(nowhere, 'x'))).message).to.include('the directory does not exist');
  });
});
