import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Panel, readDashboards, type Variables, withVariables } from '../../dashboards/dashboards.js';
import { ROOT } from '../../rynxs-process.js';
import type { PrometheusServer } from '../prometheus-server.js';
import { ALONE, ObservedSystem, REPLICAS } from './observed-system.js';
import { drawDashboard, type Line } from './svg.js';

// `npm run generate:picture`: live operators for two minutes, the queries of the operator's dashboard over that time, and a
// drawing of what they gave.

const FILE = 'docs/images/dashboard-operator.svg';
const SHOWN_MS = 120_000;
const HANDOVER_AT_MS = 40_000;
const OUTAGE_AT_MS = 75_000;
const OUTAGE_MS = 8_000;
const AGENTS = 14;
const TURN_MS = 2_000;
const STEP_MS = 2_000;
const VARIABLES: Variables = {
  namespace: `${REPLICAS.namespace}|${ALONE.namespace}`,
  job: REPLICAS.job,
  rateInterval: '10s',
  range: `${SHOWN_MS / 1000}s`,
};

/** Gives the operators something to do, and something to bear: another leader, and a bucket that is away. */
async function happen(system: ObservedSystem, fromMs: number): Promise<void> {
  const passed = () => Date.now() - fromMs;
  const handedOver = sleep(HANDOVER_AT_MS).then(() => system.handOver());
  for (let turn = 0; passed() < SHOWN_MS; turn += 1) {
    const isAway = passed() > OUTAGE_AT_MS && passed() < OUTAGE_AT_MS + OUTAGE_MS;
    system.bucketProxy.fault = ({ method }) =>
      isAway && method === 'PUT' ? { status: 503, code: 'SlowDown' } : undefined;
    for (const fleet of system.fleets) {
      if (fleet.names.length < AGENTS) await fleet.grow(1);
      else await fleet.change(`round-${turn}`);
    }
    await sleep(TURN_MS);
  }
  await handedOver;
}

async function linesOf(panel: Panel, prometheus: PrometheusServer, fromMs: number): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const { expr, legendFormat } of panel.targets ?? []) {
    const toMs = fromMs + SHOWN_MS;
    const span = { fromMs: panel.type === 'stat' ? toMs : fromMs, toMs, stepMs: STEP_MS };
    for (const { labels, points } of await prometheus.queryRange(withVariables(expr, VARIABLES), span)) {
      const legend = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
      lines.push({ legend, points });
    }
  }
  return lines;
}

await using system = await ObservedSystem.start({ scrapeIntervalMs: STEP_MS });
const fromMs = Math.ceil(Date.now() / 1_000) * 1_000;
await happen(system, fromMs);
const dashboard = readDashboards().find(({ uid }) => uid === 'rynxs-operator');
if (dashboard === undefined) throw new Error('there is no dashboard rynxs-operator');
const panels = [];
for (const panel of dashboard.panels)
  panels.push({ panel, lines: await linesOf(panel, system.prometheus, fromMs) });
const svg = drawDashboard({
  title: dashboard.title,
  caption:
    'Drawn from what Prometheus answered to the queries of the panels, for live operators in two minutes: no screenshot of Grafana.',
  fromMs,
  toMs: fromMs + SHOWN_MS,
  panels,
});
mkdirSync(dirname(join(ROOT, FILE)), { recursive: true });
writeFileSync(join(ROOT, FILE), svg);
process.stdout.write(`${FILE}\n`);
