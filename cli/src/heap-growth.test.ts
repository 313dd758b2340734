import { execFileSync } from 'node:child_process';
import { expect } from 'chai';

const MODULE = new URL('./heap-growth.js', import.meta.url).href;

/** The largest size of the heap, in MiB, of a process that replaces the objects that it keeps again and again. */
function heapUnder(control: string): number {
  const script = `
    import { getHeapStatistics } from 'node:v8';
    import * as heapGrowth from ${JSON.stringify(MODULE)};
    heapGrowth.restrainYoungGeneration();
    ${control}
    const kept = [];
    let largest = 0;
    for (let round = 0; round < 400; round++) {
      for (let index = 0; index < 5_000; index++)
        kept[(round * 5_000 + index) % 400_000] = { round, text: 'x'.repeat(50) + index, more: [index, round] };
      await new Promise((resolve) => setTimeout(resolve, 1));
      largest = Math.max(largest, getHeapStatistics().total_heap_size / 2 ** 20);
    }
    console.log(JSON.stringify([largest, kept.length]));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return (JSON.parse(printed) as [number, number])[0];
}

/** Sizes of V8's young generation, in MiB, of a process of its own while it allocates much of which some survives. */
function sizesUnder(control: string): readonly number[] {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import * as heapGrowth from ${JSON.stringify(MODULE)};
    heapGrowth.restrainYoungGeneration();
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
    // Its largest size counts, for a moment, what a collection is copying.
    const sizes = sizesUnder('').toSorted((a, b) => a - b);
    expect(sizes[sizes.length / 2]).to.be.at.most(4);
    expect(sizes.at(-1)).to.be.below(12);
  });

  it('grows once, about eightfold, for an operator', () => {
    const sizes = sizesUnder('heapGrowth.letYoungGenerationGrowOnce();');
    expect(Math.max(...sizes)).to.be.within(12, 20);
  });

  it('grows as usual when it is released', () => {
    const sizes = sizesUnder('heapGrowth.releaseYoungGeneration();');
    expect(Math.max(...sizes)).to.be.above(16);
  });
});

describe("V8's heap", () => {
  it('keeps little garbage once it is large, for an operator', function () {
    this.timeout(60_000);
    const usual = heapUnder('');
    const restrained = heapUnder('heapGrowth.restrainLargeHeap();');
    expect(restrained).to.be.below(0.75 * usual);
  });
});
