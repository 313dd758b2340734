import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Violation } from '../sim/oracle.js';
import { DEFECTS } from './defects.js';
import { simulate } from './simulation.js';

const SEEDS = 200;
/** In so many seeds each defect must show; it is searched for from the first one. */
const SEEDS_FOR_A_DEFECT = 1_000;
/** Given to the run, or another one each time. */
const FIRST_SEED = Number(process.env.RYNXS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 30));

describe(`three simulated replicas (from seed ${FIRST_SEED})`, () => {
  it(`have one writer at a time, lose nothing and converge in ${SEEDS} seeds`, async function () {
    this.timeout(300_000);
    let terms = 0;
    let effects = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      const result = await simulate(seed);
      const replay = { cause: result.failure };
      if (result.failure !== undefined)
        throw new Error(`npm run ha-sim -- --seed ${seed} --trace: ${String(result.failure)}`, replay);
      terms += result.terms;
      effects += result.effects;
    }
    expect(terms, 'terms').to.be.greaterThan(SEEDS * 2);
    expect(effects, 'effective writes').to.be.greaterThan(SEEDS * 50);
  });

  it('do the same in every run of a seed, to the last request', async () => {
    for (const seed of [1, 2, 3]) {
      const first = await traceOf(seed);
      expect(await traceOf(seed), `seed ${seed}`).to.deep.equal(first);
      expect(first.lines).to.be.greaterThan(1_000);
    }
    expect(await traceOf(1)).not.to.deep.equal(await traceOf(2));
  });
});

describe('the simulation of three replicas notices', () => {
  for (const [name, { shows, ...defect }] of Object.entries(DEFECTS)) {
    it(name, async function () {
      this.timeout(120_000);
      for (let seed = 0; seed < SEEDS_FOR_A_DEFECT; seed += 1) {
        const { failure } = await simulate(seed, { defect });
        if (failure === undefined) continue;
        expect(failure, `seed ${seed}`).to.be.instanceOf(Violation);
        if (shows.test(String(failure))) return;
      }
      expect.fail(`it did not show in ${SEEDS_FOR_A_DEFECT} seeds`);
    });
  }
});

async function traceOf(seed: number): Promise<{ readonly lines: number; readonly hash: string }> {
  const hash = createHash('sha256');
  let lines = 0;
  await simulate(seed, {
    trace: (line) => {
      hash.update(`${line}\n`);
      lines += 1;
    },
  });
  return { lines, hash: hash.digest('hex') };
}
