import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { buildGoTool } from './go-tools.mjs';
import { root } from './install-and-build.mjs';

/** A `go` that writes the sources where the program should be, and counts its builds. */
const STAND_IN = `#!/bin/sh
if [ "$1" = env ]; then echo go1.0; exit 0; fi
if grep -q broken main.go; then echo "undefined: broken" >&2; exit 1; fi
echo build >> ../builds
while [ "$1" != -o ]; do shift; done
cat main.go > "$2"
`;

describe('Go tools', () => {
  let directory;
  let path;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'go-tools-'));
    for (const folder of ['bin', 'empty', 'tool']) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, 'bin/go'), STAND_IN);
    chmodSync(join(directory, 'bin/go'), 0o755);
    writeFileSync(join(directory, 'tool/go.mod'), 'module example.com/tool\n');
    path = process.env.PATH;
    process.env.PATH = `${join(directory, 'bin')}:${path}`;
  });

  afterEach(() => {
    process.env.PATH = path;
    rmSync(directory, { recursive: true, force: true });
  });

  it('are built once for the same sources, and again for others', () => {
    const first = build('one');
    expect(build('one')).to.equal(first);
    expect(builds()).to.equal(1);

    const second = build('two');
    expect(second).not.to.equal(first);
    expect(readFileSync(second, 'utf8')).to.equal('two');
    expect(readFileSync(first, 'utf8')).to.equal('one');
  });

  it('are built again when what they depend on has changed', () => {
    const first = build('one');
    writeFileSync(join(directory, 'tool/go.sum'), 'example.com/other v1.0.1 h1:…\n');
    expect(build('one')).not.to.equal(first);
    expect(builds()).to.equal(2);
  });

  it('are built for each way to link them', () => {
    const first = build('one');
    expect(build('one', '-s')).not.to.equal(first);
    expect(build('one', '-s')).to.equal(build('one', '-s'));
    expect(builds()).to.equal(2);
  });

  it('leave nothing behind when they cannot be built, and say why', () => {
    expect(() => build('broken')).to.throw(/go build \. failed: undefined: broken/);
    expect(readdirSync(join(directory, 'cache'))).to.deep.equal([]);
  });

  it('say that there is no Go', () => {
    process.env.PATH = join(directory, 'empty');
    expect(() => build('one')).to.throw(/no Go on PATH/);
  });

  function build(source, linkFlags = '') {
    writeFileSync(join(directory, 'tool/main.go'), source);
    return buildGoTool({
      linkFlags,
      module: relative(root, join(directory, 'tool')),
      cache: join(directory, 'cache'),
    });
  }

  function builds() {
    return readFileSync(join(directory, 'builds'), 'utf8').trim().split('\n').length;
  }
});
