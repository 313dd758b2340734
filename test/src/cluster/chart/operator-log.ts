import { expect } from 'chai';
import type { ChartUser } from './chart-cluster.js';

/** What is seen of the log of an installed operator: reports of `rynxs log verify` and `epochs`. */
export interface LogReport {
  readonly intact: boolean;
  readonly log_id: string;
  readonly epochs: number;
  readonly records: number;
}

/** The log of the chart's defaults. */
export const FILE_LOG = 'file:///var/lib/rynxs/logs';

/** Has the operator's own image verify the log, and resolves to what it found. */
export async function verifiedLog(user: ChartUser, store: string): Promise<LogReport> {
  const report = await user.rynxs<LogReport>('log', 'verify', '--store', store);
  expect(report).to.include({ intact: true });
  expect(report.epochs).to.be.above(0);
  return report;
}

/** The same log, whole, in the term after `before`. */
export function expectNextEpoch(now: LogReport, before: LogReport): void {
  expectLaterEpoch(now, before);
  expect(now.epochs).to.equal(before.epochs + 1);
}

/** The same log, whole, in a later term than `before`. */
export function expectLaterEpoch(now: LogReport, before: LogReport): void {
  expect(now.log_id).to.equal(before.log_id);
  expect(now.epochs).to.be.above(before.epochs);
  expect(now.records).to.be.above(before.records);
}
