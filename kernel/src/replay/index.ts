export { type ClusterComparison, type ClusterDifference, compareCluster } from './compare-cluster.js';
export { type DecisionDifference, type ReplayOptions, type ReplayResult, replayLog } from './replay.js';
