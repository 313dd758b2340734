import { buildGoTool } from './go-tools.mjs';

const VERSION = 'v1.34.4';

/**
 * Path of the program that is etcd and every component of Kubernetes (test/cluster/kubernetes), which is built once.
 * Throws an Error that says why there is none.
 */
export function kubernetesProgram() {
  return buildGoTool({
    module: 'test/cluster/kubernetes',
    linkFlags: `-s -w -X k8s.io/component-base/version.gitVersion=${VERSION}`,
    duration: 'about 4 minutes on 2 cores',
  });
}

/** Path of a CoreDNS that serves a cluster's names (test/cluster/coredns), which is built once too. */
export function corednsProgram() {
  return buildGoTool({
    module: 'test/cluster/coredns',
    linkFlags: '-s -w',
    duration: 'about 2 minutes on 2 cores',
  });
}
