import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ANY_PORTS, ROOT, RynxsProcess, TestDirectory } from './rynxs-process.js';

/** What `npm start` runs, in a clone that is installed and built. */
describe('npm start', function () {
  this.timeout(60_000);
  let directory: TestDirectory;

  beforeEach(() => {
    directory = new TestDirectory();
  });

  afterEach(() => directory[Symbol.dispose]());

  const start = (...args: string[]) =>
    new RynxsProcess(
      [
        process.execPath,
        join(ROOT, 'scripts/start.mjs'),
        ...ANY_PORTS,
        '--data-dir',
        directory.path,
        ...args,
      ],
      ROOT,
      { HOME: directory.path },
    );

  it('brings up the example and prints nothing but JSON to stdout', async () => {
    await using process = start('--once', '--output', 'json');
    const { code, stdout, stderr } = await process.ended();
    expect(code, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ agent: 'default/my-agent', ready: true, verified: true });
  });

  it('is what README.md says', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(readme).to.include('```sh\nnpm start\n```').and.to.include('npm start -- --once --output json\n');
  });

  it('hands signals on and exits as the operator does', async () => {
    await using process = start();
    await process.printed('Ctrl-C stops it');
    process.signal('SIGTERM');
    expect((await process.ended()).code, process.output).to.equal(0);
  });

  it('hands exit codes on', async () => {
    await using process = start('--no-such-option');
    expect((await process.ended()).code).to.equal(2);
  });
});
