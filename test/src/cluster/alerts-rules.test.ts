import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { alertsOf, RULES_FILE, readRules } from '../alerts/rules.js';
import { ROOT, TestDirectory } from '../rynxs-process.js';
import { programOf } from './real-cluster/programs.js';

const run = promisify(execFile);
const TESTS = join(ROOT, 'test/alerts');
const files = readdirSync(TESTS);

interface ExpressionTest {
  readonly expr: string;
  readonly exp_samples: readonly unknown[];
}

/** https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ */
interface TestFile {
  readonly tests: readonly { readonly promql_expr_test: readonly ExpressionTest[] }[];
}

describe('the rules', function () {
  this.timeout(60_000);

  const promtool = (...args: readonly string[]) => run(programOf('RYNXS_TEST_PROMTOOL'), args);

  it('are good ones for Prometheus', async () => {
    await promtool('check', 'rules', '--lint=all', '--lint-fatal', join(ROOT, RULES_FILE));
  });

  for (const file of files) {
    it(`fire when they should, and only then: ${file}`, async () => {
      await promtool('test', 'rules', join(TESTS, file));
    });
  }

  for (const { alert } of alertsOf(readRules())) {
    it(`are tested firing and not firing: ${alert}`, () => {
      const tests = files
        .map((file) => parse(readFileSync(join(TESTS, file), 'utf8')) as TestFile)
        .flatMap((file) => file.tests.flatMap((test) => test.promql_expr_test))
        .filter(({ expr }) => expr.includes(`alertname="${alert}"`));
      expect(
        tests.some(({ exp_samples }) => exp_samples.length > 0),
        'firing',
      ).to.equal(true);
      expect(
        tests.some(({ exp_samples }) => exp_samples.length === 0),
        'not firing',
      ).to.equal(true);
    });
  }

  it('of a release miss it also when nothing of it was ever seen, and speak of no other', async () => {
    using directory = new TestDirectory();
    const text = readFileSync(join(ROOT, RULES_FILE), 'utf8');
    writeFileSync(join(directory.path, 'rules.yaml'), text.replaceAll('namespace=~".*"', 'namespace="mine"'));
    const status = (namespace: string) =>
      `rynxs_leader_election_status{namespace="${namespace}", job="rynxs"}`;
    const test = {
      rule_files: ['rules.yaml'],
      evaluation_interval: '30s',
      tests: [
        {
          interval: '30s',
          input_series: [
            { series: status('other'), values: '1x20' },
            { series: status('third'), values: '0x20' },
          ],
          promql_expr_test: [
            {
              expr: 'sum by (namespace, job) (ALERTS{alertstate="firing"})',
              eval_time: '5m',
              exp_samples: [{ labels: '{namespace="mine"}', value: 1 }],
            },
          ],
        },
      ],
    };
    const file = join(directory.path, 'test.yaml');
    writeFileSync(file, stringify(test));
    await promtool('test', 'rules', file);
  });

  it('have an example of how Alertmanager routes them', async () => {
    const amtool = (...args: readonly string[]) => run(programOf('RYNXS_TEST_AMTOOL'), args);
    const configuration = join(ROOT, 'examples/alertmanager.yaml');
    await amtool('check-config', configuration);
    for (const { alert, labels = {} } of alertsOf(readRules())) {
      const given = Object.entries({ alertname: alert, ...labels }).map(
        ([name, value]) => `${name}=${value}`,
      );
      const receiver = labels.severity === 'critical' ? 'on-call' : 'tickets';
      const route = [
        'config',
        'routes',
        'test',
        `--config.file=${configuration}`,
        `--verify.receivers=${receiver}`,
      ];
      await amtool(...route, ...given);
    }
  });
});
