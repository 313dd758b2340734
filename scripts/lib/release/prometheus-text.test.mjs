import { expect } from 'chai';
import { describeCounts, failed, requestsBetween, total } from './api-requests.mjs';
import { figuresBetween } from './gauges.mjs';
import { histogramQuantile, Samples } from './prometheus-text.mjs';

const PAGE = `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200",host="a, \\"b\\" {c}"} 3
requests_total{code="500",host="x"} 1.5e1
up 1 1700000000000
nothing NaN
took_seconds_bucket{le="0.1"} 10
took_seconds_bucket{le="1"} 90
took_seconds_bucket{le="+Inf"} 100
`;

describe('metrics as Prometheus reads them', () => {
  const samples = Samples.parse(PAGE);

  it('are summed, all or some of a name', () => {
    expect(samples.sum('requests_total')).to.equal(18);
    expect(samples.sum('requests_total', ({ code }) => code === '200')).to.equal(3);
    expect(samples.sum('absent')).to.equal(0);
    expect([samples.has('up'), samples.has('absent'), samples.sum('up')]).to.deep.equal([true, false, 1]);
  });

  it('are summed by a label, whatever stands in the others', () => {
    expect(samples.by('requests_total', 'code')).to.deep.equal({ 200: 3, 500: 15 });
    expect(samples.by('requests_total', 'host')).to.deep.equal({ 'a, "b" {c}': 3, x: 15 });
  });

  it('give quantiles as histogram_quantile does', () => {
    const after = samples.buckets('took_seconds');
    expect(histogramQuantile(0.5, [], after)).to.be.closeTo(0.1 + (0.9 * 40) / 80, 1e-9);
    expect(histogramQuantile(0.05, [], after)).to.be.closeTo(0.05, 1e-9);
    expect(histogramQuantile(0.99, [], after)).to.equal(1);
  });

  it('give quantiles of what came in between', () => {
    const before = samples.buckets('took_seconds');
    const after = before.map(({ bound, count }) => ({ bound, count: count + (bound >= 1 ? 10 : 0) }));
    expect(histogramQuantile(0.5, before, after)).to.be.closeTo(0.1 + 0.9 / 2, 1e-9);
    expect(histogramQuantile(0.5, before, before)).to.equal(undefined);
  });
});

describe('figures of a load', () => {
  const page = (events, { fast, slow }) =>
    Samples.parse(`rynxs_events_total{event_type="x"} ${events}
rynxs_event_append_duration_seconds_bucket{le="0.1"} ${fast}
rynxs_event_append_duration_seconds_bucket{le="1"} ${fast + slow}
rynxs_event_append_duration_seconds_bucket{le="+Inf"} ${fast + slow}
workqueue_depth{name="agent"} 2
`);

  it('are of all pods, each since the reading before, or since it was started again', () => {
    const before = {
      at: 0,
      pods: new Map([
        ['a', page(100, { fast: 50, slow: 0 })],
        ['b', page(30, { fast: 9, slow: 9 })],
      ]),
    };
    const after = {
      at: 2_000,
      pods: new Map([
        ['a', page(110, { fast: 54, slow: 0 })],
        ['b', page(6, { fast: 0, slow: 3 })],
        ['c', page(4, { fast: 0, slow: 1 })],
      ]),
    };
    const { events, eventsPerSecond, depth, appendP50, appendP99 } = figuresBetween(before, after);
    expect({ events, eventsPerSecond, depth }).to.deep.equal({ events: 20, eventsPerSecond: 10, depth: 6 });
    expect(appendP50).to.be.closeTo(0.1, 1e-9);
    expect(appendP99).to.be.closeTo(0.1 + (0.9 * (8 * 0.99 - 4)) / 4, 1e-9);
  });
});

describe('requests to the API server', () => {
  it('are counted over all pods, also when one was started again or is new', () => {
    const before = new Map([
      ['a', { 200: 10, 403: 5 }],
      ['b', { 200: 100 }],
      ['gone', { 200: 7 }],
    ]);
    const after = new Map([
      ['a', { 200: 15, 403: 5 }],
      ['b', { 200: 20, '<error>': 2 }],
      ['new', { 200: 1 }],
    ]);
    const counts = requestsBetween(before, after);
    expect(counts).to.deep.equal({ 200: 26, '<error>': 2 });
    expect(total(counts)).to.equal(28);
  });

  it('have failed when no answer came, or one that is no ordinary work', () => {
    const counts = { 101: 1, 200: 1, 201: 1, 403: 2, 404: 3, 409: 4, 410: 5, 429: 6, 500: 7, '<error>': 8 };
    expect(failed(counts)).to.deep.equal({ 403: 2, 429: 6, 500: 7, '<error>': 8 });
    expect(describeCounts(failed(counts))).to.equal('2 × 403, 6 × 429, 7 × 500, 8 × <error>');
    expect(describeCounts({})).to.equal('none');
  });
});
