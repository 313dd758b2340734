import { bucketAndReplicas } from './chart/bucket-and-replicas.js';
import { ChartCluster } from './chart/chart-cluster.js';
import { loadMinio, loadStoreSqlite, loadVersitygw } from './chart/images.js';
import { lifeCycle } from './chart/life-cycle.js';
import { production } from './chart/production.js';
import { variants } from './chart/variants.js';

/**
 * As users do it: real Helm, a real cluster with a node, the values of helm/rynxs/README.md and of the chart's examples, and the
 * operator's own image, which may do what the chart's roles allow.
 */
describe('the chart on a real cluster', function () {
  this.timeout(360_000);
  let cluster: ChartCluster;

  before(async () => {
    cluster = await ChartCluster.start([loadVersitygw, loadMinio, loadStoreSqlite]);
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  lifeCycle(() => cluster);
  bucketAndReplicas(() => cluster);
  variants(() => cluster);
  production(() => cluster);
});
