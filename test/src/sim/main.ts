import { parseArgs } from 'node:util';
import { DEFECTS } from './defects.js';
import { simulate } from './simulation.js';
import type { WorldOptions } from './world.js';

const USAGE = `npm run sim [-- OPTIONS]

Simulates writers on a bucket behind a bad network, one seed after another, and holds what they are told against what
is stored. The same seed always gives the same run.

  --seeds N    how many seeds; default 200
  --from S     the first one; default 0
  --seed X     this seed alone
  --trace      print everything that happens
  --defect D   with a part that is broken on purpose:${Object.keys(DEFECTS)
    .map((name) => `\n               "${name}"`)
    .join('')}

Exit code: 0 when every seed passed, 1 when one failed, 2 for bad arguments.
`;
const PROGRESS_EVERY_MS = 2_000;

process.exitCode = await main();

async function main(): Promise<number> {
  let values: ReturnType<typeof readArguments>;
  try {
    values = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  const from = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const defect = values.defect === undefined ? undefined : DEFECTS[values.defect];
  const isUnknown = values.defect !== undefined && defect === undefined;
  if (values.help || isUnknown || !Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const trace = values.trace ? (line: string) => void process.stdout.write(`${line}\n`) : undefined;
  return run(from, count, { trace, defect });
}

function readArguments() {
  return parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '0' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      defect: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

async function run(from: number, count: number, options: WorldOptions): Promise<number> {
  const startedAt = performance.now();
  let reportedAt = startedAt;
  const failed: number[] = [];
  const totals = { requests: 0, acknowledged: 0, refused: 0, epochs: 0, elapsedMs: 0 };
  for (let seed = from; seed < from + count; seed += 1) {
    const result = await simulate(seed, options);
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += result[name];
    if (result.failure !== undefined) {
      failed.push(seed);
      process.stdout.write(
        `seed ${seed} failed: ${inWords(result.failure)}\n  npm run sim -- --seed ${seed} --trace\n`,
      );
    }
    if (performance.now() - reportedAt > PROGRESS_EVERY_MS) {
      reportedAt = performance.now();
      process.stderr.write(`${seed - from + 1} of ${count} seeds, ${failed.length} failed\n`);
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(
    `${count} seeds from ${from}: ${failed.length} failed, in ${seconds.toFixed(1)} s. ` +
      `${Math.round(totals.elapsedMs / 3_600_000)} h simulated, ${totals.requests} requests, ${totals.epochs} terms, ` +
      `${totals.acknowledged} events acknowledged, ${totals.refused} refused.\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

function inWords(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
}
