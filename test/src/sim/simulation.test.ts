import { expect } from 'chai';
import { DEFECTS } from './defects.js';
import { simulate } from './simulation.js';

const SEEDS = 200;
/** In so many seeds each defect must show. */
const SEEDS_FOR_A_DEFECT = 200;
/** Given to the run, or another one each time. */
const FIRST_SEED = Number(process.env.RYNXS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 30));

describe(`simulated writers on a bucket (from seed ${FIRST_SEED})`, () => {
  it(`keep every promise in ${SEEDS} seeds`, async function () {
    this.timeout(120_000);
    let acknowledged = 0;
    let refused = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      const result = await simulate(seed);
      const replay = { cause: result.failure };
      if (result.failure !== undefined)
        throw new Error(`npm run sim -- --seed ${seed} --trace: ${String(result.failure)}`, replay);
      acknowledged += result.acknowledged;
      refused += result.refused;
    }
    expect(acknowledged, 'acknowledged events').to.be.greaterThan(SEEDS * 20);
    expect(refused, 'refused events').to.be.greaterThan(SEEDS / 10);
  });

  it('do the same in every run of a seed, to the last request', async () => {
    for (const seed of [1, 2, 3]) {
      const traces = [await traceOf(seed), await traceOf(seed)];
      expect(traces[0], `seed ${seed}`).to.equal(traces[1]);
      expect(traces[0]?.split('\n').length).to.be.greaterThan(300);
    }
    expect(await traceOf(1)).not.to.equal(await traceOf(2));
  });
});

describe('the simulation notices', () => {
  for (const [name, defect] of Object.entries(DEFECTS)) {
    it(name, async function () {
      this.timeout(60_000);
      for (let seed = 0; seed < SEEDS_FOR_A_DEFECT; seed += 1) {
        const { failure } = await simulate(seed, { defect });
        if (failure !== undefined) return;
      }
      expect.fail(`it did not show in ${SEEDS_FOR_A_DEFECT} seeds`);
    });
  }
});

async function traceOf(seed: number): Promise<string> {
  const lines: string[] = [];
  await simulate(seed, { trace: (line) => lines.push(line) });
  return lines.join('\n');
}
