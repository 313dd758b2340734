import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runMochaFiles } from './mocha-files.mjs';

/** A test that passes when the other one runs at the same time: each waits for the file that the other makes. */
const meeting = (directory, own, other) => `
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
describe('meeting of ${own}', () => {
  it('meets the other', async () => {
    writeFileSync(${JSON.stringify(join(directory, own))}, '');
    while (!existsSync(${JSON.stringify(join(directory, other))})) await delay(10);
  }).timeout(20_000);
});
`;
const FAILING = "describe('bad', () => { it('fails', () => { throw new Error('wrong'); }); });";

describe('test files that run at the same time', () => {
  let directory;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mocha-files-'));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are as many as there are jobs, and count together', async function () {
    this.timeout(40_000);
    const file = (name, text) => {
      const path = join(directory, `${name}.test.mjs`);
      writeFileSync(path, text);
      return path;
    };
    const files = [
      file('one', meeting(directory, 'one', 'two')),
      file('two', meeting(directory, 'two', 'one')),
      file('three', FAILING),
    ];

    const out = openSync(join(directory, 'log'), 'w');
    const totals = await runMochaFiles({ files, jobs: 2, out }).finally(() => closeSync(out));

    expect(totals).to.deep.equal({ passed: 2, failed: 1, skipped: 0, failures: ['bad fails: wrong'] });
  });
});
