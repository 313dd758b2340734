import type { ClusterComparison, ClusterDifference, DecisionDifference, ReplayResult } from '@rynxs/kernel';
import { formatCount } from '../terminal/quantities.js';

/** What a replay found; the names are those of `--output json`. */
export interface ReplayReport {
  readonly location: string;
  /** Whether neither a decision nor the cluster differs. */
  readonly same: boolean;
  readonly records: number;
  readonly epochs: number;
  readonly head_hash: string;
  /** Objects that exist in the rebuilt state. */
  readonly objects: number;
  readonly decisions: {
    readonly recorded: number;
    /** Of a reconciler, or a version of one, that is not at hand. */
    readonly not_recomputed: number;
    readonly differences: readonly DecisionDifference[];
  };
  /** Null unless it was asked for. */
  readonly cluster: ClusterReport | null;
}

export type ClusterReport =
  | { readonly compared: number; readonly differences: readonly ClusterDifference[] }
  | { readonly not_compared: string };

export function replayReport(
  location: string,
  result: ReplayResult,
  cluster: ClusterComparison | string | undefined,
): ReplayReport {
  const { records, epochs, headHash, decisions, notRecomputed, differences, projection } = result;
  const clusterReport = typeof cluster === 'string' ? { not_compared: cluster } : (cluster ?? null);
  const clusterDiffers =
    clusterReport !== null && 'differences' in clusterReport && clusterReport.differences.length > 0;
  return {
    location,
    same: differences.length === 0 && !clusterDiffers,
    records,
    epochs,
    head_hash: headHash,
    objects: [...projection.aggregates()].length,
    decisions: { recorded: decisions, not_recomputed: notRecomputed, differences },
    cluster: clusterReport,
  };
}

/** The report for people; with `details` each difference too. */
export function formatReplay(report: ReplayReport, details: boolean): string {
  const { decisions, cluster } = report;
  const lines = [
    report.same ? 'no difference: what was decided follows from what was recorded' : 'DIFFERENCES',
    `log        ${report.location}`,
    `replayed   ${formatCount(report.records, 'record')}, ${formatCount(report.epochs, 'epoch')}, head ${report.head_hash}`,
    `state      ${formatCount(report.objects, 'object')}`,
    `decisions  ${decisions.recorded} recorded, ${decisions.differences.length} differ, ${decisions.not_recomputed} not recomputed`,
  ];
  if (cluster !== null) lines.push(`cluster    ${describeCluster(cluster)}`);
  if (details) {
    lines.push(...decisions.differences.flatMap(describeDecision));
    if (cluster !== null && 'differences' in cluster) lines.push(...cluster.differences.map(describeDrift));
  } else if (!report.same) {
    lines.push('`rynxs replay --diff` prints each of them');
  }
  return lines.map((line) => `${line}\n`).join('');
}

function describeCluster(cluster: ClusterReport): string {
  if ('not_compared' in cluster) return `not compared: ${cluster.not_compared}`;
  return `${formatCount(cluster.compared, 'object')} compared, ${cluster.differences.length} differ`;
}

function describeDecision({ seq, aggregateId, recorded, recomputed }: DecisionDifference): string[] {
  return [
    `seq ${seq} ${aggregateId}`,
    `  - ${JSON.stringify(recorded)}`,
    `  + ${JSON.stringify(recomputed)}`,
  ];
}

function describeDrift({ aggregateId, child, what, paths }: ClusterDifference): string {
  const subject = child === undefined ? aggregateId : `${aggregateId} ${child}`;
  return what === 'missing'
    ? `${subject} is missing in the cluster`
    : `${subject} differs at ${paths.join(', ')}`;
}
