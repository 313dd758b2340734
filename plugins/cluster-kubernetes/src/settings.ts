import { type ConfigValues, defineConfig } from '@rynxs/kernel';

export const kubernetesSettings = defineConfig({
  kubeconfig: {
    type: 'string',
    env: 'KUBECONFIG',
    doc: 'Kubeconfig files, separated like PATH; unset: the pod’s service account, else ~/.kube/config. Its proxy-url is followed, else HTTPS_PROXY and NO_PROXY.',
  },
  context: {
    type: 'string',
    env: 'KUBE_CONTEXT',
    doc: 'Context of the kubeconfig; unset: its current context.',
  },
  namespaces: {
    type: 'list',
    env: 'KUBE_NAMESPACES',
    doc: 'Namespaces that are watched, separated by commas, by a list and a watch for each; unset: all, by one. Objects elsewhere are as if they were not there.',
  },
  maxConnections: {
    type: 'integer',
    default: '8',
    env: 'KUBE_MAX_CONNECTIONS',
    doc: 'Requests that may be under way at a time, each on a connection of its own; watches, the Lease and exec are extra.',
    min: 1,
    max: 64,
  },
  requestTimeout: {
    type: 'duration',
    default: '10s',
    env: 'KUBE_REQUEST_TIMEOUT',
    doc: 'Deadline of a request, waiting for its turn included, unless the caller gives one.',
    min: 100,
    max: 300_000,
  },
});

export type KubernetesSettings = ConfigValues<typeof kubernetesSettings>;
/** The settings that hold for any cluster, however its kubeconfig came. */
export type ClientLimits = Pick<KubernetesSettings, 'namespaces' | 'maxConnections' | 'requestTimeout'>;
