import { readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printCoverage } from './lib/coverage.mjs';
import { installAndBuild, packages, root, runScript, SetupError } from './lib/install-and-build.mjs';
import { runMocha } from './lib/mocha-run.mjs';
import { close } from './lib/totals.mjs';

const USAGE = `npm test [-- [OPTIONS] [PACKAGE or FILE …]]

Runs the tests of every package, or of those that are named: log, store-file, kernel/src/host.

  -g, --grep PATTERN   only tests whose title matches
  -b, --bail           end at the first failure
  -t, --timeout MS     deadline of one test; default 60000
      --serial         one file after another, in one process
      --seed N         seed of all properties, as a failing one printed it
      --coverage       measure coverage, as CI does; takes half as long again
`;

await runScript(async () => {
  const { values, positionals } = parseArguments();
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  installAndBuild();
  const files = testFiles(positionals);
  const coverageData = join(root, 'coverage/tmp');
  if (values.coverage) rmSync(join(root, 'coverage'), { recursive: true, force: true });
  const totals = await runMocha({
    files,
    args: mochaArguments(values),
    env: {
      ...(values.coverage ? { NODE_V8_COVERAGE: coverageData } : {}),
      ...(values.seed === undefined ? {} : { RYNXS_TEST_SEED: values.seed }),
    },
  });
  if (values.coverage) printCoverage(coverageData, measured(files));
  return close('tests', totals);
});

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        grep: { type: 'string', short: 'g' },
        bail: { type: 'boolean', short: 'b' },
        timeout: { type: 'string', short: 't', default: '60000' },
        serial: { type: 'boolean' },
        seed: { type: 'string' },
        coverage: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new SetupError(error.message, 'See `npm test -- --help`.');
  }
}

function mochaArguments({ grep, bail, timeout, serial }) {
  return [
    ...(grep === undefined ? [] : ['--grep', grep]),
    ...(bail ? ['--bail'] : []),
    ...['--timeout', timeout],
    // One more than there are processors: many tests wait for processes, disks and the time.
    ...(serial ? [] : ['--parallel', '--jobs', String(availableParallelism() + 1)]),
  ];
}

/** Test files; the packages that stand last are the slowest, and begin first, so that short files are left for the end. */
function testFiles(filters) {
  const all = packages()
    .reverse()
    .flatMap((folder) =>
      readdirSync(join(root, folder, 'dist'), { recursive: true })
        .filter((name) => name.endsWith('.test.js') && !name.startsWith('cluster/'))
        .sort()
        .map((name) => `${folder}/dist/${name}`),
    );
  const scripts = readdirSync(join(root, 'scripts'), { recursive: true })
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => `scripts/${name}`);
  const files = [...scripts, ...all];
  if (filters.length === 0) return files;
  const unknown = filters.filter((filter) => !files.some((file) => matches(file, filter)));
  if (unknown.length > 0) {
    throw new SetupError(
      `no test file belongs to ${unknown.join(', ')}`,
      'Name a package, a folder or a test file.',
    );
  }
  return files.filter((file) => filters.some((filter) => matches(file, filter)));
}

/** The packages of which tests ran: all but `test`, whose tests are of the others, when all ran. */
function measured(files) {
  return packages().filter(
    (folder) => folder !== 'test' && files.some((file) => file.startsWith(`${folder}/dist/`)),
  );
}

function matches(file, filter) {
  const wanted = filter.replace(/^\.\//, '').replace(/\/$/, '').replace(/\.ts$/, '.js');
  const source = file.replace('/dist/', '/src/');
  return [file, source, source.replace(/^plugins\//, '')].some(
    (path) => path === wanted || path.startsWith(`${wanted}/`),
  );
}
