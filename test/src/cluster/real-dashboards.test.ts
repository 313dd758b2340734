import { expect } from 'chai';
import { missingFrom } from '../alerts/metrics-page.js';
import {
  ANYTHING,
  type PanelQuery,
  queriesOf,
  readDashboards,
  type Variables,
  withVariables,
} from '../dashboards/dashboards.js';
import { metricLists, missingSeries } from '../metrics-document.js';
import { ALONE, ObservedSystem, REPLICAS } from './dashboards/observed-system.js';
import { eventually } from './fault-fleet.js';
import type { FollowedOperator } from './followed-operator.js';

const QUERIES = readDashboards().flatMap(queriesOf);
/** As Grafana fills them in when all namespaces and jobs are chosen, in a time as short as a test. */
const VARIABLES: Variables = {
  namespace: `${REPLICAS.namespace}|${ALONE.namespace}`,
  job: REPLICAS.job,
  rateInterval: '20s',
  range: '1m',
};

const PODS = 3;

describe('the dashboards before a Prometheus that scrapes live operators', function () {
  this.timeout(120_000);
  let system: ObservedSystem;

  before(async () => {
    system = await ObservedSystem.start();
  });
  after(() => system?.[Symbol.asyncDispose]());

  const pageOf = async (operator: FollowedOperator | undefined) =>
    (await fetch(operator?.metricsUrl ?? '')).text();

  it('find the metrics that are documented, with either store', async () => {
    const bucket = metricLists(await pageOf(system.replicas[0]), /^(?!rynxs_log_disk_)/);
    expect(bucket.served).to.deep.equal(bucket.documented);
    const disk = metricLists(await pageOf(system.alone[0]), /^(?!rynxs_s3_)/);
    expect(disk.served).to.deep.equal(disk.documented);
  });

  it('find every promised value of a label before it has happened, with either store', async () => {
    expect(missingSeries(await pageOf(system.replicas[0]), 's3')).to.deep.equal([]);
    expect(missingSeries(await pageOf(system.alone[0]), 'file')).to.deep.equal([]);
  });

  it('select nothing that no operator serves', async () => {
    const page = `${await pageOf(system.replicas[0])}\n${await pageOf(system.alone[0])}`;
    expect(
      missingFrom(
        page,
        QUERIES.map(({ expr }) => withVariables(expr, ANYTHING)),
      ),
    ).to.deep.equal([]);
  });

  it('show something in every panel, for every query', async () => {
    const { prometheus } = system;
    await eventually('Prometheus has scraped all', async () => {
      const scraped = (await prometheus.query('up')).filter(({ value }) => value === 1);
      return scraped.length === PODS ? [] : [`${scraped.length} of ${PODS}`];
    });
    const fromMs = Date.now();
    await system.handOver();
    let empty: readonly PanelQuery[] = QUERIES;
    await eventually('every query has a result', async () => {
      for (const fleet of system.fleets) await fleet.change(`at-${Date.now()}`);
      const found = await Promise.all(
        empty.map(async (query) => ((await hasResult(query, fromMs)) ? [] : [query])),
      );
      empty = found.flat();
      return empty.map(({ where, expr }) => `${where}: ${expr}`);
    });
  });

  it('tell operators apart by the namespaces that are chosen', async () => {
    const leaders = (namespace: string) =>
      withVariables('sum(rynxs_leader_election_status{namespace=~"$namespace",job=~"$job"})', {
        ...VARIABLES,
        namespace,
      });
    await eventually('each has one leader', async () => {
      const found = await Promise.all(
        [REPLICAS, ALONE].map(({ namespace }) => system.prometheus.query(leaders(namespace))),
      );
      return found.flatMap((samples) =>
        samples.length === 1 && samples[0]?.value === 1 ? [] : [JSON.stringify(samples)],
      );
    });
  });

  /** Whether there was a number at any time since then: a quantile of nothing is none. */
  async function hasResult({ expr }: PanelQuery, fromMs: number): Promise<boolean> {
    const span = { fromMs, toMs: Date.now(), stepMs: 500 };
    const series = await system.prometheus.queryRange(withVariables(expr, VARIABLES), span);
    return series.some(({ points }) => points.some(({ value }) => Number.isFinite(value)));
  }
});
