import type { Check } from '../check.js';
import { type Finding, failed, ok, skipped, warning } from '../finding.js';

const ANSWER_MS = 3_000;
/** What an operator says of itself on either port, and nobody else does. */
const METRICS_OF_RYNXS = /^rynxs_/m;
const HEALTH_OF_RYNXS = /^(?:livez|readyz) check (?:passed|failed)$/m;
const ALL_ADDRESSES: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

/** What is served on a port: by whom, as far as that can be told. */
type Served = 'nothing' | 'something else' | { readonly status: number; readonly body: string };

/** Whether the ports of metrics and health are free, or served by an operator that is well. */
export const portsCheck: Check = {
  name: 'ports',
  parts: [
    async (installation, signal) => {
      const { settings } = await installation.knownKernel();
      if (settings.telemetryType !== 'prometheus') {
        return [skipped(`TELEMETRY_TYPE is ${settings.telemetryType}: no ports are served`)];
      }
      const host = (await installation.setting('metrics.host')) ?? '0.0.0.0';
      const [metrics = '', health = ''] = [
        await installation.setting('metrics.port'),
        await installation.setting('metrics.healthPort'),
      ];
      if (metrics === health && metrics !== '0') {
        const remedy = 'Give METRICS_PORT and HEALTH_PORT different values.';
        return [failed(`METRICS_PORT and HEALTH_PORT are both ${metrics}`, remedy)];
      }
      const base = `http://${ALL_ADDRESSES[host] ?? host}`;
      return Promise.all([
        judgeMetrics(`${base}:${metrics}`, metrics, signal),
        judgeHealth(`${base}:${health}`, health, signal),
      ]);
    },
  ],
};

async function judgeMetrics(url: string, port: string, signal: AbortSignal): Promise<Finding> {
  if (port === '0') return skipped('METRICS_PORT is 0: the system chooses a port');
  const served = await ask(`${url}/metrics`, METRICS_OF_RYNXS, signal);
  if (served === 'nothing') return ok(`port ${port} for metrics is free: no operator runs here`);
  if (served === 'something else') return taken(url, 'METRICS_PORT');
  return ok(`an operator serves its metrics on ${url}/metrics`);
}

async function judgeHealth(url: string, port: string, signal: AbortSignal): Promise<Finding> {
  if (port === '0') return skipped('HEALTH_PORT is 0: the system chooses a port');
  const served = await ask(`${url}/readyz`, HEALTH_OF_RYNXS, signal);
  if (served === 'nothing') return ok(`port ${port} for health is free: no operator runs here`);
  if (served === 'something else') return taken(url, 'HEALTH_PORT');
  if (served.status === 200) return ok(`an operator is ready, says ${url}/readyz`);
  const reasons = served.body.split('\n').filter((line) => line.startsWith('[-]'));
  const remedy = 'Look at the other checks, and at the log of the operator.';
  return warning(`an operator runs and is not ready: ${reasons.join('; ')}`, remedy);
}

function taken(url: string, variable: string): Finding {
  return failed(
    `something else than an operator listens on ${url}`,
    `Set ${variable} to a free port, or end what listens there.`,
  );
}

async function ask(url: string, isRynxs: RegExp, signal: AbortSignal): Promise<Served> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    const body = await response.text();
    return isRynxs.test(body) ? { status: response.status, body } : 'something else';
  } catch (error) {
    signal.throwIfAborted();
    // Nobody listens, or there is no such address here.
    return isRefusal(error) ? 'nothing' : 'something else';
  }
}

function isRefusal(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
