import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runMocha } from './mocha-run.mjs';

/** Bodies of one test each, and what the run must say of it. */
const BAD = {
  'a server': [
    "await new Promise((done) => createServer().listen(0, '127.0.0.1', done));",
    /left behind: server on 127\.0\.0\.1:\d+/,
  ],
  'a process': ["spawn('sleep', ['60']);", /left behind: process \d+ \(sleep 60\)/],
  'a process that nobody waits for': [
    "spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref();",
    /left running: process \d+ \(sleep 60\)/,
  ],
  'a file': ["writeFileSync(join(tmpdir(), 'junk'), '');", /temporary files: junk/],
  'a timer': ['setInterval(() => {}, 1000);', /still open at the end: .*Timeout/],
};

const IMPORTS = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
`;

describe('a test run', () => {
  let directory;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mocha-run-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  for (const [what, [body, message]] of Object.entries(BAD)) {
    it(`fails when a test leaves ${what} behind`, async () => {
      const { failed, failures, printed } = await run(`it('leaves it', async () => { ${body} });`);

      expect(printed).to.match(message);
      expect(failed).to.be.at.least(1).and.equal(failures.length);
      expect(failures[0]).to.match(message);
    });
  }

  it('counts what passed, failed and was skipped', async () => {
    const result = await run(`
      it('a', () => {});
      it('b', () => {});
      it('c', () => { throw new Error('wrong'); });
      it('d (no such device)', function () { this.skip(); });
    `);

    expect(result).to.include({ passed: 2, failed: 1, skipped: 1 });
    expect(result.failures).to.deep.equal(['suite c: wrong']);
    expect(result.printed).to.match(/Skipped:\n {2}suite d \(no such device\)/);
  });

  it('fails when a file cannot be loaded', async () => {
    const { failed, failures, printed } = await run("throw new Error('broken');");

    expect(failed).to.equal(1).and.equal(failures.length);
    expect(printed).to.include('broken');
  });

  it('fails when a test hides the others', async () => {
    const { failed } = await run(`it.${'only'}('a', () => {}); it('b', () => {});`);

    expect(failed).to.equal(1);
  });

  it('fails when a promise is rejected that nobody handles', async () => {
    const { failed, printed } = await run(`
      it('forgets a promise', () => { Promise.reject(new Error('forgotten')); });
    `);

    expect(failed).to.equal(1);
    expect(printed).to.include('nobody handled it').and.include('forgotten');
  });

  it('has a home, temporary files and settings of its own', async () => {
    const { passed } = await run(`
      it('sees nothing of ours', () => {
        if (process.env.HOME === ${JSON.stringify(process.env.HOME)}) throw new Error('HOME');
        if (tmpdir() === ${JSON.stringify(tmpdir())}) throw new Error('TMPDIR');
        if (process.env.KUBECONFIG !== undefined) throw new Error('KUBECONFIG');
      });
    `);

    expect(passed).to.equal(1);
  });

  /** Runs a suite in one process, quietly. */
  async function run(suite) {
    const file = join(directory, 'suite.test.mjs');
    writeFileSync(file, `${IMPORTS}describe('suite', () => { ${suite} });`);
    const log = join(directory, 'log');
    const out = openSync(log, 'w');
    try {
      const env = { KUBECONFIG: '/nowhere' };
      Object.assign(process.env, env);
      const totals = await runMocha({ files: [file], out, patienceMs: 200 });
      return { ...totals, printed: readFileSync(log, 'utf8') };
    } finally {
      delete process.env.KUBECONFIG;
      closeSync(out);
    }
  }
});
