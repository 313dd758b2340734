import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { engineFailure, findEngine } from './image-engine.mjs';

const BUILD = {
  tag: 'example.com/operator:1',
  buildArgs: { VERSION: 'v1' },
  npmrc: undefined,
  npmCache: '/cache',
  seconds: 1,
  isLocal: false,
};

describe('engines that build images', () => {
  let directory;
  let path;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-engine-'));
    mkdirSync(join(directory, 'bin'));
    path = process.env.PATH;
    process.env.PATH = join(directory, 'bin');
  });

  afterEach(() => {
    process.env.PATH = path;
    rmSync(directory, { recursive: true, force: true });
  });

  it('are buildah before docker', () => {
    program('docker', 'exit 0');
    expect(engine().name).to.equal('docker');
    program('buildah', 'exit 0');
    expect(engine().name).to.equal('buildah');
  });

  it('are asked for when there is none', () => {
    expect(() => engine())
      .to.throw('neither buildah nor docker')
      .with.property('remedy')
      .that.include('install');
  });

  for (const name of ['buildah', 'docker']) {
    it(`get npm's settings as a secret and nothing of them as an argument: ${name}`, async () => {
      program(name, `echo "$@" >> ${directory}/calls`);
      await engine().build({ ...BUILD, npmrc: '/home/user/.npmrc' });
      const calls = readFileSync(join(directory, 'calls'), 'utf8');
      expect(calls).to.include('--secret id=npmrc,src=/home/user/.npmrc');
      expect(calls).to.include('--build-arg VERSION=v1');
      expect(calls).to.include('--tag example.com/operator:1');
    });
  }

  it('are ended, with what they have started, when the build is given up', async () => {
    program(
      'buildah',
      `case "$1" in --version) exit 0;; esac; /bin/sleep 60 & echo $! > ${directory}/pid; wait`,
    );
    const interruption = new AbortController();
    const building = engine(interruption.signal).build(BUILD);
    while (!existsSync(join(directory, 'pid')) || pid() === 0) await new Promise(setImmediate);
    interruption.abort(new Error('given up'));
    await building.then(
      () => expect.fail('it was built'),
      (error) => expect(error.message).to.equal('given up'),
    );
    while (isRunning(pid())) await new Promise(setImmediate);
  });

  it('do not begin when the build was given up before', async () => {
    program('buildah', `echo "$@" >> ${directory}/calls`);
    const built = engine(AbortSignal.abort(new Error('given up')));
    rmSync(join(directory, 'calls'));
    const failure = await built.build(BUILD).catch((error) => error);
    expect(failure.message).to.equal('given up');
    expect(existsSync(join(directory, 'calls'))).to.equal(false);
  });

  const FAILURES = {
    'write /layer.tar: no space left on device': 'TMPDIR',
    "src/main.ts(3,1): error TS2304: Cannot find name 'x'.": 'npm run build',
    'npm error code ECONNREFUSED': 'registry',
    'npm error code SELF_SIGNED_CERT_IN_CHAIN': 'registry',
    'Error: creating build container: initializing source docker://gcr.io/x: pinging container registry gcr.io: dial tcp':
      '--local-base',
    'ERROR: failed to solve: gcr.io/x: failed to resolve source metadata for gcr.io/x': '--local-base',
    'Error: mounting: operation not permitted': 'root',
    'something else': '--verbose',
  };
  for (const [output, remedy] of Object.entries(FAILURES)) {
    it(`fail with a remedy: ${output}`, () => {
      const failure = engineFailure('buildah', `STEP 1/2\n${output}\n`);
      expect(failure.remedy).to.include(remedy);
      expect(failure.message).to.include(output);
    });
  }

  function engine(signal = new AbortController().signal) {
    return findEngine({ directory, verbose: false, signal });
  }

  function program(name, script) {
    const file = join(directory, 'bin', name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  function pid() {
    return Number(readFileSync(join(directory, 'pid'), 'utf8'));
  }
});

function isRunning(pid) {
  try {
    return /^State:\s+[^Z]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
