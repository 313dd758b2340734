import { definePlugin, TELEMETRY } from '@rynxs/kernel';
import { PrometheusTelemetry } from './prometheus-telemetry.js';
import { metricsSettings } from './settings.js';

export default definePlugin({
  id: 'metrics',
  apiVersion: 1,
  provides: [TELEMETRY.as('prometheus', PrometheusTelemetry)],
  config: metricsSettings,
});
