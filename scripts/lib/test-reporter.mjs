import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import mocha from 'mocha';

const {
  EVENT_RUN_END,
  EVENT_SUITE_BEGIN,
  EVENT_SUITE_END,
  EVENT_TEST_FAIL,
  EVENT_TEST_PASS,
  EVENT_TEST_PENDING,
} = mocha.Runner.constants;

const PATIENCE_MS = Number(process.env.RYNXS_TEST_PATIENCE_MS);

/**
 * One line per top-level suite, then what was skipped and what failed. Writes the totals, with what failed by name, to the
 * file that RYNXS_TEST_TOTALS names, for the script that started the run. A process that stays up after the end is ended.
 */
export default class SuiteReporter extends mocha.reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    const failures = [];
    let depth = 0;
    let suite;
    runner.on(EVENT_SUITE_BEGIN, ({ root, title }) => {
      if (root) return;
      depth += 1;
      if (depth === 1) suite = { title, file: undefined, passed: 0, failed: 0, skipped: 0, ms: 0 };
    });
    runner.on(EVENT_SUITE_END, ({ root }) => {
      if (root) return;
      depth -= 1;
      if (depth === 0) print(suite);
    });
    runner.on(EVENT_TEST_PASS, (test) => {
      suite.file = test.file;
      suite.passed += 1;
      suite.ms += test.duration ?? 0;
    });
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      failures.push(`${test.fullTitle()}: ${String(error?.message ?? error).split('\n', 1)[0]}`);
      if (suite === undefined) return;
      suite.file = test.file;
      suite.failed += 1;
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      suite.skipped += 1;
      skipped.push(test.fullTitle());
    });
    runner.once(EVENT_RUN_END, () => {
      this.epilogue();
      if (skipped.length > 0)
        process.stdout.write(`Skipped:\n${skipped.map((title) => `  ${title}\n`).join('')}\n`);
      const { passes, failures: failed, pending } = this.stats;
      const totals = { passed: passes, failed, skipped: pending, failures };
      save(totals);
      setTimeout(() => {
        const fault = `still open at the end: ${process.getActiveResourcesInfo().join(', ')}`;
        process.stdout.write(`✗ ${fault}\n`);
        save({ ...totals, failed: failed + 1, failures: [...failures, fault] });
        process.exit(1);
      }, PATIENCE_MS).unref();
    });
  }
}

function save(totals) {
  if (process.env.RYNXS_TEST_TOTALS) writeFileSync(process.env.RYNXS_TEST_TOTALS, JSON.stringify(totals));
}

function print({ title, file, passed, failed, skipped, ms }) {
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(`${failed} failed`);
  if (skipped > 0) counts.push(`${skipped} skipped`);
  const place =
    file === undefined
      ? ''
      : ` (${relative(process.cwd(), file).replace('/dist/', '/').replace(/\.js$/, '')})`;
  process.stdout.write(`${failed > 0 ? '✗' : '✓'} ${title}${place}: ${counts.join(', ')} in ${ms} ms\n`);
}
