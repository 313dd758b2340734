import { logDashboard } from './log.mjs';
import { operatorDashboard } from './operator.mjs';

/** The dashboards that the chart ships, as Grafana reads them: content by path relative to the repository's root. */
export function dashboardFiles() {
  return [operatorDashboard, logDashboard].map((dashboard) => [
    `helm/rynxs/files/dashboards/${dashboard.uid}.json`,
    `${JSON.stringify(dashboard, undefined, 2)}\n`,
  ]);
}
