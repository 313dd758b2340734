export { default } from './plugin.js';
export { PrometheusTelemetry } from './prometheus-telemetry.js';
