import { parseArgs } from 'node:util';

/** What a run of one seed tells. */
export interface SeedResult {
  /** What was not as promised; undefined when all was. */
  readonly failure: unknown;
}

export interface SeedsCommand<R extends SeedResult, D> {
  /** `npm run sim`. */
  readonly command: string;
  /** What is simulated, in a sentence or two. */
  readonly about: string;
  readonly defects: Readonly<Record<string, D>>;
  /** Runs one seed. Never rejects. */
  readonly simulate: (
    seed: number,
    options: { readonly defect: D | undefined; readonly trace: ((line: string) => void) | undefined },
  ) => Promise<R>;
  /** What all runs have come to, as the end of a sentence. */
  readonly summarize: (results: readonly Omit<R, 'failure'>[]) => string;
}

const PROGRESS_EVERY_MS = 2_000;

/** Runs seeds as the command line asks for. Resolves to the exit code. */
export async function runSeedsCommand<R extends SeedResult, D>(
  parts: SeedsCommand<R, D>,
  args?: readonly string[],
): Promise<number> {
  const usage = usageOf(parts);
  let values: ReturnType<typeof readArguments>;
  try {
    values = readArguments(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  const from = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const defect = values.defect === undefined ? undefined : parts.defects[values.defect];
  const isUnknown = values.defect !== undefined && defect === undefined;
  if (values.help || isUnknown || !Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const trace = values.trace ? (line: string) => void process.stdout.write(`${line}\n`) : undefined;
  return run(parts, { from, count }, { trace, defect });
}

function usageOf({
  command,
  about,
  defects,
}: Pick<SeedsCommand<never, unknown>, 'command' | 'about' | 'defects'>) {
  return `${command} [-- OPTIONS]

${about} The same seed always gives the same run.

  --seeds N    how many seeds; default 200
  --from S     the first one; default 0
  --seed X     this seed alone
  --trace      print everything that happens
  --defect D   with a part that is broken on purpose:${Object.keys(defects)
    .map((name) => `\n               "${name}"`)
    .join('')}

Exit code: 0 when every seed passed, 1 when one failed, 2 for bad arguments.
`;
}

function readArguments(args: readonly string[] | undefined) {
  return parseArgs({
    ...(args === undefined ? {} : { args: [...args] }),
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

async function run<R extends SeedResult, D>(
  { command, simulate, summarize }: SeedsCommand<R, D>,
  { from, count }: { readonly from: number; readonly count: number },
  options: Parameters<SeedsCommand<R, D>['simulate']>[1],
): Promise<number> {
  const startedAt = performance.now();
  let reportedAt = startedAt;
  const failed: number[] = [];
  const results: Omit<R, 'failure'>[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const { failure, ...result } = await simulate(seed, options);
    results.push(result);
    if (failure !== undefined) {
      failed.push(seed);
      process.stdout.write(
        `seed ${seed} failed: ${inWords(failure)}\n  ${command} -- --seed ${seed} --trace\n`,
      );
    }
    if (performance.now() - reportedAt > PROGRESS_EVERY_MS) {
      reportedAt = performance.now();
      process.stderr.write(`${seed - from + 1} of ${count} seeds, ${failed.length} failed\n`);
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  process.stdout.write(
    `${count} seeds from ${from}: ${failed.length} failed, in ${seconds.toFixed(1)} s. ${summarize(results)}\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

function inWords(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
}

/** The sum of a figure over all results. */
export function total<T>(results: readonly T[], figure: (result: T) => number): number {
  return results.reduce((sum, result) => sum + figure(result), 0);
}
