import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../install-and-build.mjs';

const SCRIPTS = ['e2e-s3', 'ha-failover', 'stress-api-failures', 'stress-event-rate'];

describe('a script for a cluster', () => {
  let directory;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'script-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  for (const name of SCRIPTS) {
    it(`explains itself: ${name}`, () => {
      const { status, stdout } = run(name, ['--help']);
      expect(status).to.equal(0);
      expect(stdout)
        .to.match(new RegExp(`^node scripts/${name}\\.mjs \\[OPTIONS\\]\n`))
        .and.include('Exit codes: 0 passed');
    });

    it(`refuses what it does not know: ${name}`, () => {
      const { status, stdout, stderr } = run(name, ['--nonsense']);
      expect([status, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.match(/^error: .*nonsense.*\n {2}remedy: See --help\.\n$/);
    });
  }

  it('says that there is no kubectl', () => {
    const { status, stderr } = run('e2e-s3', [], { KUBECTL: join(directory, 'kubectl') });
    expect(status).to.equal(2);
    expect(stderr).to.include('kubectl cannot be run (ENOENT)').and.include('remedy: Install kubectl');
  });

  it('says why the cluster cannot be asked, and leaves nothing behind', () => {
    const kubectl = join(directory, 'kubectl');
    writeFileSync(kubectl, '#!/bin/sh\necho "no context exists" >&2\nexit 1\n');
    chmodSync(kubectl, 0o755);
    const { status, stderr } = run('stress-event-rate', ['--output', 'json'], { KUBECTL: kubectl });
    expect(status).to.equal(2);
    expect(stderr).to.include('the cluster cannot be asked: no context exists').and.include('KUBECONFIG');
    expect(readdirSync(directory)).to.deep.equal(['kubectl']);
  });

  function run(name, args, env = {}) {
    return spawnSync(process.execPath, [join(root, `scripts/${name}.mjs`), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, TMPDIR: directory, ...env },
    });
  }
});
