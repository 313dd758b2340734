export { KubernetesCluster } from './kubernetes-cluster.js';
export { KubernetesConnector } from './kubernetes-connector.js';
export { default } from './plugin.js';
