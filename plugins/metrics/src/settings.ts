import { type ConfigValues, defineConfig } from '@rynxs/kernel';

/** Metrics and health are served on different ports, so that a scraper need not reach the probes and vice versa. */
export const metricsSettings = defineConfig({
  host: {
    type: 'string',
    default: '0.0.0.0',
    env: 'METRICS_HOST',
    doc: 'Address that the metrics and health servers listen on.',
  },
  port: {
    type: 'port',
    default: '8080',
    env: 'METRICS_PORT',
    doc: 'Port of `/metrics`; 0 lets the system choose.',
  },
  healthPort: {
    type: 'port',
    default: '8081',
    env: 'HEALTH_PORT',
    doc: 'Port of `/livez` and `/readyz`; 0 lets the system choose.',
  },
});

export type MetricsSettings = ConfigValues<typeof metricsSettings>;
