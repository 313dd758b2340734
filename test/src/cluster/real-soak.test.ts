import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { KUBERNETES_VARIABLE, programOf } from './real-cluster/programs.js';
import { soak } from './soak/soak.js';
import { slope } from './soak/usage.js';

const MINUTE_MS = 60_000;

describe('a minute of a soak', function () {
  // A minute of load and faults, and what it takes to come to rest after them.
  this.timeout(7 * MINUTE_MS);

  it('ends as the specs say', async () => {
    const seed = Number(process.env.RYNXS_TEST_SEED ?? Date.now() % 1_000_000);
    const lines: string[] = [];
    const result = await soak({
      ...{ minutes: 1, seed, agents: 40, operationsPerSecond: 4 },
      signal: new AbortController().signal,
      progress: (line) => lines.push(line),
    });
    expect(
      result.problems,
      `npm run soak -- --minutes 1 --agents 40 --seed ${seed}\n${lines.join('\n')}`,
    ).to.deep.equal([]);
    expect(result.operations).to.be.greaterThan(100);
    expect(Object.keys(result.faults)).to.have.length.greaterThan(2);
  });

  it('leaves nothing when it is interrupted', async () => {
    using directory = new TestDirectory();
    const main = join(ROOT, 'test/dist/cluster/soak/main.js');
    await using run = new RynxsProcess([process.execPath, main, '--agents', '5'], directory.path, {
      TMPDIR: directory.path,
      [KUBERNETES_VARIABLE]: programOf(KUBERNETES_VARIABLE),
    });
    await run.printed('0:15 of');
    run.signal('SIGINT');
    expect((await run.ended()).code).to.equal(130);
    expect(readdirSync(directory.path)).to.deep.equal([]);
  });

  it('would notice memory that grows, whatever single samples say', () => {
    const at = (minute: number, mb: number) => [minute * MINUTE_MS, mb] as const;
    const steady = Array.from({ length: 20 }, (_, minute) =>
      at(minute, minute === 7 ? 300 : 120 + (minute % 3)),
    );
    const growing = steady.map(([x, y], minute) => [x, y + minute] as const);
    expect(Math.abs(slope(steady) * MINUTE_MS)).to.be.lessThan(0.1);
    expect(slope(growing) * MINUTE_MS).to.be.within(0.9, 1.1);
  });
});
