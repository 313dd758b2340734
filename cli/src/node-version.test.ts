import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const RYNXS = fileURLToPath(new URL('../bin/rynxs.js', import.meta.url));

/** Runs the command in a Node.js that says that it is of another version. */
function asVersion(version: string) {
  const pretence = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const disguise = `data:text/javascript,${encodeURIComponent(pretence)}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', disguise, RYNXS, '--version'], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the rynxs command and the version of Node.js', () => {
  it('names the version that it needs when an older one runs it', () => {
    for (const version of ['20.20.2', '22.18.9']) {
      expect(asVersion(version)).to.deep.equal({
        status: 1,
        stdout: '',
        stderr:
          `error: rynxs needs Node.js 22.19 or newer, and this is ${version}\n` +
          '  remedy: Install it, or run `npx rynxs` in a clone, which brings its own.\n',
      });
    }
  });

  it('runs in that version and in newer ones', () => {
    for (const version of ['22.19.0', '24.0.0'])
      expect(asVersion(version)).to.include({ status: 0, stderr: '' });
  });
});
