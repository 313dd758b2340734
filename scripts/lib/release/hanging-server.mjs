import { isReady } from './trouble.mjs';
import { until } from './wait.mjs';

const NAME = 'rynxs-stress-hangs';
const PORT = 8443;
const SERVER = `require('node:net').createServer(() => {}).listen(${PORT})`;
const HARDENED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * Runs a server in the Agents' namespace that takes connections and never says a word, by the Node of the operator's image.
 * Resolves to the Service that leads there, as a webhook's clientConfig names it.
 *
 * @param {import('./api-faults.mjs').Target} target
 */
export async function hangingServer({ run, operator, fleet }) {
  const { cluster, cleanUp, settings, signal } = run;
  const { namespace } = fleet;
  const [pods, services] = ['pods', 'services'].map((plural) => `/api/v1/namespaces/${namespace}/${plural}`);
  cleanUp.add(`delete the pod ${namespace}/${NAME} and its Service`, async (ending) => {
    await cluster.remove(`${services}/${NAME}`, ending);
    await cluster.remove(`${pods}/${NAME}`, ending, { gracePeriodSeconds: 0 });
  });
  const labels = { 'app.kubernetes.io/name': NAME };
  await cluster.create(pods, { metadata: { name: NAME, labels }, spec: podSpec(operator) }, signal);
  await cluster.create(
    services,
    { metadata: { name: NAME }, spec: { selector: labels, ports: [{ port: PORT }] } },
    signal,
  );
  await until(`the pod ${NAME}`, async () => isReady(await cluster.get(`${pods}/${NAME}`, signal)), {
    timeoutMs: settings.timeoutMs,
    signal,
  });
  return { namespace, name: NAME, port: PORT };
}

function podSpec({ image, imagePullSecrets }) {
  return {
    automountServiceAccountToken: false,
    imagePullSecrets,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'server',
        image,
        command: ['node', '--eval', SERVER],
        ports: [{ containerPort: PORT }],
        readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
        securityContext: HARDENED,
      },
    ],
  };
}
