import { expect } from 'chai';
import { RYNXS, RynxsProcess, settingsOfDev, TestDirectory } from '../rynxs-process.js';
import { missingFrom, seriesOf } from './metrics-page.js';
import { selectorsOf } from './promql.js';
import { readRules } from './rules.js';

describe('no alert is silent because it asks for what no operator serves', function () {
  this.timeout(30_000);
  const rules = readRules().groups.flatMap((group) => group.rules);
  const expressions = rules.map(({ expr }) => expr);
  const recorded = new Set(rules.flatMap(({ record }) => (record === undefined ? [] : [record])));
  let page: string;

  before(async () => {
    using directory = new TestDirectory();
    await using operator = new RynxsProcess(
      [...RYNXS, 'start'],
      directory.path,
      settingsOfDev(directory.path),
    );
    await operator.printed('"metrics":"');
    const metrics = /"metrics":"([^"]+)"/.exec(operator.output)?.[1] ?? '';
    // From the start, but not before the log is being opened.
    do page = await (await fetch(metrics)).text();
    while (!page.includes('rynxs_log_chain_broken'));
  });

  it('as it is', () => {
    expect(missingFrom(page, expressions, recorded)).to.deep.equal([]);
  });

  const selected = [...new Set(expressions.flatMap((expr) => selectorsOf(expr)).map(({ metric }) => metric))];
  for (const metric of selected.filter((name) => !recorded.has(name))) {
    it(`which would be found if the operator called it otherwise: ${metric}`, () => {
      const renamed = page.replaceAll(new RegExp(`^${metric}\\b`, 'gm'), `${metric}_renamed`);
      expect(missingFrom(renamed, expressions, recorded)).to.include(metric);
    });
  }

  it('also when the values of a label change', () => {
    const renamed = page
      .replaceAll('place="store"', 'place="bucket"')
      .replaceAll('reason="lost_takeover_race"', 'reason="race"')
      .replaceAll('error_type="RYNXS_LOG_FENCED"', 'error_type="FENCED"');
    expect(missingFrom(renamed, expressions, recorded)).to.have.members([
      'rynxs_checkpoint_errors_total{place="store"}',
      'rynxs_leader_election_failures_total{reason="lost_takeover_race"}',
      'rynxs_event_append_errors_total{error_type="RYNXS_LOG_FENCED"}',
    ]);
  });

  it('and when a label is gone that is grouped by', () => {
    const grouped = 'sum by (place) (rynxs_checkpoint_errors_total)';
    expect(missingFrom(page, [grouped])).to.deep.equal([]);
    expect(missingFrom(page.replaceAll('place="', 'where="'), [grouped])).to.deep.equal([
      'by (place): rynxs_checkpoint_errors_total',
    ]);
  });

  it('because series are read as Prometheus reads them', () => {
    expect(seriesOf('# HELP a b\na{x="1\\"2",y="{}"} 3\nb 1e-7\nc_bucket{le="+Inf"} 0\n')).to.deep.equal([
      { name: 'a', labels: { x: '1\\"2', y: '{}' } },
      { name: 'b', labels: {} },
      { name: 'c_bucket', labels: { le: '+Inf' } },
    ]);
  });
});
