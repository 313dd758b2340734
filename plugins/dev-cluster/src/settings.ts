import { type ConfigValues, defineConfig } from '@rynxs/kernel';

export const embeddedClusterSettings = defineConfig({
  dir: {
    type: 'string',
    env: 'EMBEDDED_CLUSTER_DIR',
    doc: 'Directory of the embedded cluster’s objects, certificates and volumes; unset, they last as long as the process.',
  },
  port: {
    type: 'port',
    default: '16443',
    env: 'EMBEDDED_CLUSTER_PORT',
    doc: 'Port of the embedded API server on 127.0.0.1; 0 lets the system choose.',
  },
  kubeconfig: {
    type: 'string',
    env: 'EMBEDDED_CLUSTER_KUBECONFIG',
    doc: 'File that the kubeconfig is written to, readable by its owner only; unset, `kubeconfig` in the directory, if there is one.',
  },
  node: {
    type: 'boolean',
    default: 'true',
    env: 'EMBEDDED_CLUSTER_NODE',
    doc: 'Whether the embedded cluster has a node, which runs pods as sandboxed processes; without, pods stay Pending.',
  },
  controllers: {
    type: 'boolean',
    default: 'true',
    env: 'EMBEDDED_CLUSTER_CONTROLLERS',
    doc: 'Whether the embedded cluster has controllers, as a controller manager brings them; without, it only stores: no pods, no bound claims, no garbage collection.',
  },
});

export type EmbeddedClusterSettings = ConfigValues<typeof embeddedClusterSettings>;
