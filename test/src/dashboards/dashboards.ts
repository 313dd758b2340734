import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../rynxs-process.js';

/** Where the chart has them, relative to the root of the repository. */
export const DASHBOARDS_DIRECTORY = 'helm/rynxs/files/dashboards';

export interface PanelTarget {
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

/** What the tests and the picture read of a panel. */
export interface Panel {
  readonly id: number;
  readonly type: 'row' | 'stat' | 'timeseries';
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly PanelTarget[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly max?: number;
      readonly decimals?: number;
      readonly custom?: { readonly stacking: { readonly mode: string }; readonly lineInterpolation: string };
      readonly thresholds?: {
        readonly steps: readonly { readonly value: number | null; readonly color: string }[];
      };
    };
  };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly panels: readonly Panel[];
}

/** One query of one panel. */
export interface PanelQuery {
  /** `rynxs-log: Disk used`. */
  readonly where: string;
  readonly expr: string;
}

/** What Grafana puts in the place of variables. */
export interface Variables {
  /** Regular expressions. */
  readonly namespace: string;
  readonly job: string;
  /** The time that a point stands for, as PromQL has it. */
  readonly rateInterval: string;
  /** The time that is shown. */
  readonly range: string;
}

export const ANYTHING: Variables = { namespace: '.*', job: '.*', rateInterval: '1m', range: '1h' };

export function readDashboards(): readonly Dashboard[] {
  const directory = join(ROOT, DASHBOARDS_DIRECTORY);
  return readdirSync(directory)
    .sort()
    .map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as Dashboard);
}

/** All queries of a dashboard, with its variables as they are in the file. */
export function queriesOf({ uid, panels }: Dashboard): readonly PanelQuery[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `${uid}: ${title}`, expr })),
  );
}

/** An expression as Grafana sends it. */
export function withVariables(expr: string, { namespace, job, rateInterval, range }: Variables): string {
  return expr
    .replaceAll('$namespace', namespace)
    .replaceAll('$job', job)
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__range', range);
}
