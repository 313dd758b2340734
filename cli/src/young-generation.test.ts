import { execFileSync } from 'node:child_process';
import { expect } from 'chai';

const MODULE = new URL('./young-generation.js', import.meta.url).href;

/** Sizes of V8's young generation, in MiB, of a process of its own while it allocates much of which some survives. */
function sizesUnder(control: string): readonly number[] {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import * as youngGeneration from ${JSON.stringify(MODULE)};
    youngGeneration.restrainYoungGeneration();
    ${control}
    const sizes = [];
    for (let round = 0, kept = []; round < 30; round++) {
      for (let index = 0; index < 50_000; index++) kept.push({ index });
      if (kept.length > 500_000) kept = [];
      await new Promise((resolve) => setTimeout(resolve, 2));
      sizes.push(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20);
    }
    console.log(JSON.stringify(sizes));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(printed) as number[];
}

describe("V8's young generation", () => {
  it('stays as it is while it is restrained', () => {
    const sizes = sizesUnder('');
    expect(Math.max(...sizes)).to.be.at.most(4);
  });

  it('grows once, about fourfold, for an operator', () => {
    const sizes = sizesUnder('youngGeneration.letYoungGenerationGrowOnce();');
    expect(Math.max(...sizes)).to.be.within(6, 16);
  });

  it('grows as usual when it is released', () => {
    const sizes = sizesUnder('youngGeneration.releaseYoungGeneration();');
    expect(Math.max(...sizes)).to.be.above(16);
  });
});
