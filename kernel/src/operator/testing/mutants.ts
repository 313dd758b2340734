import { link, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of the compiled kernel. */
const COMPILED = join(import.meta.dirname, '..', '..');
/** A test that waits for something that never comes has noticed it. */
const TIMEOUT_MS = 2_000;

/** A place that a rule needs, what it is without the rule, and the test that must fail then. */
export interface Mutation {
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** The file of the test, and its title without those of the groups that it is in. */
  readonly test: readonly [file: string, title: string];
}

/** Runs a test on a kernel that is mutated; resolves to its failure, undefined when it has noticed nothing. */
export async function failureOn({ file, from, to, test: [testFile, title] }: Mutation): Promise<unknown> {
  // Below the package, so that its imports of other packages are found.
  const directory = await mkdtemp(join(COMPILED, '.mutant-'));
  try {
    for (const name of await readdir(COMPILED, { recursive: true })) {
      if (!name.endsWith('.js') || name.startsWith('.')) continue;
      if (name.endsWith('.test.js') && name !== testFile) continue;
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await link(join(COMPILED, name), join(directory, name));
    }
    const mutated = join(directory, file);
    const text = await readFile(mutated, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
    await unlink(mutated);
    // As a function: a replacement text has a meaning of its own for some characters.
    await writeFile(
      mutated,
      text.replace(from, () => to),
    );
    const run = await testOf(join(directory, testFile), title);
    return await run().then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Step = () => unknown;

/** Takes one test out of a file of tests, with what is to be done before and after it. */
async function testOf(path: string, title: string): Promise<() => Promise<void>> {
  let before: Step[] = [];
  let after: Step[] = [];
  let found:
    | { readonly body: Step; readonly before: readonly Step[]; readonly after: readonly Step[] }
    | undefined;
  const recording = {
    describe: (_: string, body: Step) => {
      const outer = [before, after];
      [before, after] = [[...before], [...after]];
      body();
      [before = [], after = []] = outer;
    },
    beforeEach: (step: Step) => before.push(step),
    afterEach: (step: Step) => after.push(step),
    it: (name: string, body: Step) => {
      if (name === title) found = { body, before: [...before], after: [...after] };
    },
  };
  const kept = Object.fromEntries(
    Object.keys(recording).map((name) => [name, Reflect.get(globalThis, name)]),
  );
  Object.assign(globalThis, recording);
  try {
    await import(pathToFileURL(path).href);
  } finally {
    Object.assign(globalThis, kept);
  }
  if (found === undefined) throw new Error(`${path} has no test “${title}”`);
  const { body, before: first, after: last } = found;
  return async () => {
    try {
      for (const step of first) await inTime(step);
      await inTime(body);
    } finally {
      for (const step of last) await inTime(step).catch(() => undefined);
    }
  };
}

async function inTime(step: Step): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    await Promise.race([(async () => await step())(), late]);
  } finally {
    clearTimeout(timer);
  }
}
