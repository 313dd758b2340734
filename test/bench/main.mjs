import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { close, noTests } from '../../scripts/lib/totals.mjs';
import { agents200 } from './agents-200.mjs';
import { engine } from './engine.mjs';
import { fileAppend, fileAppendOne } from './file-append.mjs';
import { idle } from './idle.mjs';
import { node } from './node.mjs';
import { replay } from './replay.mjs';
import { judge, line } from './result.mjs';
import { s3Append } from './s3-append.mjs';
import { startOnce } from './start-once.mjs';
import { endWithProcess } from './underway.mjs';
import { verify } from './verify.mjs';

const BENCHMARKS = {
  'file-append': fileAppend,
  'file-append-one': fileAppendOne,
  's3-append': s3Append,
  verify,
  replay,
  'agents-200': agents200,
  engine,
  node,
  'start-once': startOnce,
  idle,
};

const USAGE = `npm run bench [-- OPTIONS]

Prints what each benchmark measured, the bar that it is held against, and a baseline measured in the same run.

  --only NAME      one of: ${Object.keys(BENCHMARKS).join(', ')} (may be given again)
  --records N      length of the log that verify and replay read; default 1000000
  --agents N       Agents of engine; default 1000
  --output json    one JSON array instead of lines
  --smoke          short: shows that every benchmark still runs, its numbers mean little

Exit code: 0 when every benchmark ran and, unless --smoke, met its bar; otherwise 1.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(BENCHMARKS) },
    records: { type: 'string' },
    agents: { type: 'string' },
    output: { type: 'string', default: 'text' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});
const unknown = values.only.filter((name) => !(name in BENCHMARKS));
if (values.help || unknown.length > 0) {
  process.stdout.write(USAGE);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  endWithProcess();
  process.exitCode = await main();
}

async function main() {
  const results = [];
  const totals = noTests();
  for (const name of values.only) {
    const measured = await run(name);
    for (const result of measured ?? []) {
      results.push(result);
      if (values.output === 'text') process.stdout.write(`${line(result, values.smoke)}\n`);
    }
    // In a smoke run only that it ran counts: how fast is not to be asserted on a machine that others use.
    const isGood = measured !== undefined && (values.smoke || measured.every(({ pass }) => pass));
    totals[isGood ? 'passed' : 'failed'] += 1;
    if (!isGood) totals.failures.push(name);
  }
  if (values.output === 'json') {
    process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
    return totals.failed === 0 ? 0 : 1;
  }
  return close('benchmarks', totals);
}

/** The judged measurements; undefined when the benchmark could not be carried out. */
async function run(name) {
  const directory = await mkdtemp(join(tmpdir(), 'rynxs-bench-'));
  const sizes = Object.fromEntries(
    ['records', 'agents'].flatMap((name) =>
      values[name] === undefined ? [] : [[name, Number(values[name])]],
    ),
  );
  try {
    return (await BENCHMARKS[name]({ directory, smoke: values.smoke, ...sizes })).map(judge);
  } catch (error) {
    process.stderr.write(`✗ ${name}: ${error.stack}\n`);
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
