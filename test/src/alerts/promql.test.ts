import { expect } from 'chai';
import { groupingLabelsOf, selectorsOf, timeSpansOf } from './promql.js';

describe('PromQL', () => {
  it('tells which series an expression reads', () => {
    const expression = 'sum by (job) (rate(a_total{x="1", y!~"b|c"}[5m])) / on (job) b:c{} > 0 or absent(d)';
    expect(selectorsOf(expression)).to.deep.equal([
      {
        metric: 'a_total',
        matchers: [
          { label: 'x', operator: '=', value: '1' },
          { label: 'y', operator: '!~', value: 'b|c' },
        ],
      },
      { metric: 'b:c', matchers: [] },
      { metric: 'd', matchers: [] },
    ]);
  });

  it('tells which labels an expression groups and joins by', () => {
    const expression = 'sum by (job, le) (a) / on (job, pod) group_left (node) b';
    expect(groupingLabelsOf(expression)).to.have.members(['job', 'le', 'pod', 'node']);
  });

  it('finds windows, offsets, and ages that a number of seconds is compared with', () => {
    const expression =
      'max_over_time(a[5m] offset 1h) > 10 and (time() - b{x="30s"} < 300) and time() - max by (c5m) (d) > 900';
    expect(timeSpansOf(expression).map(({ text }) => text)).to.deep.equal(['5m', '1h', '300', '900']);
  });

  it('refuses what is no expression, and says where', () => {
    expect(() => selectorsOf('sum(a')).to.throw('no PromQL at 5');
    expect(() => selectorsOf('a b')).to.throw('no PromQL');
    expect(() => selectorsOf('{x="1"}')).to.throw('names no metric');
  });
});
