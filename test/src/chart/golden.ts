import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ROOT } from '../rynxs-process.js';
import type { RenderRequest } from './chart-renderer.js';
import type { ChartObject, RenderedChart } from './rendered-chart.js';

const DIRECTORY = 'test/chart/golden';
const EXAMPLES = 'helm/rynxs/examples';
/** Set, it has the files written anew instead of compared. */
const RENEW_VARIABLE = 'RYNXS_RENEW_GOLDEN';

/** What is kept as it was rendered, by the name of its file. Files of values are those of the examples. */
export const GOLDEN_RENDERS: Readonly<Record<string, RenderRequest>> = {
  defaults: {},
  minimal: { files: [`${EXAMPLES}/minimal.yaml`] },
  s3: { files: [`${EXAMPLES}/s3.yaml`] },
  'ha-s3-kubernetes-1.24': {
    files: [`${EXAMPLES}/ha.yaml`, `${EXAMPLES}/s3.yaml`],
    kubernetes: '1.24',
  },
  'ha-s3': { files: [`${EXAMPLES}/ha.yaml`, `${EXAMPLES}/s3.yaml`] },
  'ha-minio': { files: [`${EXAMPLES}/ha.yaml`, `${EXAMPLES}/minio.yaml`] },
  production: { files: ['helm/rynxs/values-production.yaml', `${EXAMPLES}/s3-role.yaml`] },
  'third-party-plugin': { files: [`${EXAMPLES}/third-party-plugin.yaml`] },
  'scoped-exec-policy': { files: [`${EXAMPLES}/scoped.yaml`], values: { execPolicy: { enabled: true } } },
};

/**
 * Compares what was rendered with what is kept; undefined when they are equal, else what to do. Alerts and dashboards are files of
 * their own, with tests of their own, and left out.
 */
export function differenceFromGolden(name: string, rendered: RenderedChart): string | undefined {
  const file = join(ROOT, DIRECTORY, `${name}.yaml`);
  const text = rendered.objects
    .map((object) => stringify(withoutFiles(object), { lineWidth: 0 }))
    .join('---\n');
  if (process.env[RENEW_VARIABLE] !== undefined) writeFileSync(file, text);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return undefined;
  return `${DIRECTORY}/${name}.yaml is not what is rendered: if it is meant to be, run \`${RENEW_VARIABLE}=1 npm run test:cluster -- -g golden\` and look at the difference`;
}

function withoutFiles(object: ChartObject): Readonly<Record<string, unknown>> {
  if (object.kind === 'PrometheusRule') return { ...object, spec: 'files/alerts.yaml' };
  const isDashboard = object.kind === 'ConfigMap' && object.metadata.name.includes('-dashboard-');
  return isDashboard ? { ...object, data: 'files/dashboards' } : object;
}
