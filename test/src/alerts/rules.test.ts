import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../rynxs-process.js';
import { selectorsOf } from './promql.js';
import { alertsOf, durationMs, readRules, scaleExpression, scaleRules } from './rules.js';

const DOCUMENT = 'docs/PROMETHEUS_ALERTS.md';
const GITHUB = 'https://github.com/rynxs/rynxs-agentos/blob/main';
/** What users were promised: the names before any others were added. */
const PROMISED = [
  'RynxsNoLeader',
  'RynxsLeaderFlap',
  'RynxsLeaderElectionFailuresHigh',
  'RynxsReplayDurationHigh',
  'RynxsEventStoreErrorsHigh',
];
const document = readFileSync(join(ROOT, DOCUMENT), 'utf8');

describe('the alerts', () => {
  const rules = readRules();
  const alerts = alertsOf(rules);

  it('are one group, evaluated every half minute, with the promised names among them', () => {
    expect(rules.groups.map(({ name, interval }) => `${name} ${interval}`)).to.deep.equal([
      'rynxs-operator 30s',
    ]);
    expect(alerts.map(({ alert }) => alert)).to.include.members(PROMISED);
  });

  for (const { alert, labels, annotations } of alerts) {
    it(`say how bad it is, what it is about and what to do: ${alert}`, () => {
      expect(labels?.severity).to.be.oneOf(['critical', 'warning']);
      expect(labels?.component).to.equal('rynxs-operator');
      expect(annotations?.summary).to.match(/^\S.{20,80}$/);
      expect(annotations?.description).to.include('$labels.namespace').and.include('$labels.job');
      const anchor = `runbook-${alert.toLowerCase()}`;
      expect(annotations?.runbook_url).to.equal(`${GITHUB}/${DOCUMENT}#${anchor}`);
      expect(document).to.include(`### Runbook: ${alert}\n`);
      expect(document).to.include(`| [${alert}](#${anchor}) | ${labels?.severity} |`);
    });
  }

  it('have no runbook without an alert', () => {
    const runbooks = [...document.matchAll(/^### Runbook: (\w+)$/gm)].map(([, name]) => name);
    expect(runbooks).to.have.members(alerts.map(({ alert }) => alert));
  });

  it('say in each selector where a release puts its namespace', () => {
    const expressions = rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr));
    for (const { metric, matchers } of expressions.flatMap((expression) => selectorsOf(expression)))
      expect(matchers, metric).to.deep.include({ label: 'namespace', operator: '=~', value: '.*' });
  });
});

describe('rules in a faster time', () => {
  it('have shorter windows, offsets and ages, and the same thresholds', () => {
    const expression = 'rate(a[5m] offset 1h) > 0.05 and time() - b > 900 and max_over_time(c[2m]) > 10';
    expect(scaleExpression(expression, 1 / 60)).to.equal(
      'rate(a[5000ms] offset 60000ms) > 0.05 and time() - b > 15 and max_over_time(c[2000ms]) > 10',
    );
  });

  it('wait for less, and are evaluated more often', () => {
    const group = { name: 'g', interval: '30s', rules: [{ alert: 'A', expr: 'a > 1', for: '5m' }] };
    expect(scaleRules({ groups: [group] }, () => 0.1)).to.deep.equal({
      groups: [{ name: 'g', interval: '3000ms', rules: [{ alert: 'A', expr: 'a > 1', for: '30000ms' }] }],
    });
  });

  it('know the durations of Prometheus', () => {
    expect([durationMs('1h30m'), durationMs('500ms'), durationMs('1d')]).to.deep.equal([
      5_400_000, 500, 86_400_000,
    ]);
  });
});
