import type { ServerAnswer } from '@rynxs/kernel';
import type { Check } from '../check.js';
import { type Finding, failed, ok, warning } from '../finding.js';
import { KUBE_SYSTEM, NAMESPACES } from '../kube-system.js';

/** The oldest release of Kubernetes that Rynxs works on. */
const OLDEST = { major: 1, minor: 24 };

/** Whether the API server answers, and is of a release that Rynxs works on. */
export const apiServerCheck: Check = {
  name: 'api-server',
  parts: [
    async (installation) => {
      const { server } = await installation.connection();
      const { body } = await installation.version();
      const { gitVersion = '' } = (body ?? {}) as { readonly gitVersion?: string };
      return [judgeVersion(gitVersion, server)];
    },
    async (installation, signal) => {
      if (!(await installation.answers())) return [];
      const connection = await installation.connection();
      const { metadata } = await connection.get(NAMESPACES, KUBE_SYSTEM, { signal });
      return [ok(`the cluster is ${metadata.uid ?? 'without identity'}`)];
    },
  ],
};

/** The minor number of the release that an answer of /version tells; infinite where it tells none. */
export function minorOf(answer: ServerAnswer | undefined): number {
  const { gitVersion = '' } = (answer?.body ?? {}) as { readonly gitVersion?: string };
  return Number(/^v?1\.(\d+)/.exec(gitVersion)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** `version` is the server's gitVersion, as `v1.34.4` or `v1.31.4-eks-2d5f260`. */
export function judgeVersion(version: string, server: string): Finding {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  const oldest = `${OLDEST.major}.${OLDEST.minor}`;
  const remedy = `Rynxs needs Kubernetes ${oldest} or newer: upgrade the cluster.`;
  if (major === undefined || minor === undefined) {
    return warning(`${server} answers, and does not say which release it is`, remedy);
  }
  const isOlder =
    Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor);
  return isOlder
    ? failed(`${server} is Kubernetes ${version}, which is too old`, remedy)
    : ok(`${server} is Kubernetes ${version}`);
}
