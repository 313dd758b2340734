import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from './lib/install-and-build.mjs';

describe('npm run image', () => {
  let directory;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-command-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const WRONG = {
    '--output xml': '--output is xml',
    '--local-base --base example.com/node:24': '--local-base makes both',
    '--local-base --build-base example.com/node:24': '--local-base makes both',
    '--tag Example': 'no name of an image',
    '--archives x': '--archives',
  };
  for (const [args, words] of Object.entries(WRONG)) {
    it(`says what is wrong with ${args}`, () => {
      const { status, stderr, stdout } = image(...args.split(' '));
      expect(stderr)
        .to.match(/^error: /)
        .and.include(words)
        .and.include('\n  remedy: ');
      expect(stdout).to.equal('');
      expect(status).to.equal(1);
    });
  }

  it('says what to install where nothing builds images, and leaves nothing behind', () => {
    const { status, stderr } = image('--archive', join(directory, 'image.tar'));
    expect(stderr).to.include('neither buildah nor docker').and.include('apt-get install buildah');
    expect(status).to.equal(1);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  /** Runs it where there is no program at all. */
  function image(...args) {
    return spawnSync(process.execPath, [join(root, 'scripts/image.mjs'), ...args], {
      encoding: 'utf8',
      env: { PATH: directory, TMPDIR: directory },
    });
  }
});
