import { expect } from 'chai';
import { hasCode } from '../errors/rynxs-error.js';
import { NoTelemetry } from './no-telemetry.js';

describe('NoTelemetry', () => {
  it('measures nothing and serves nothing', () => {
    const telemetry = new NoTelemetry();
    telemetry.counter({ name: 'a_total', help: 'A.' }).add();
    telemetry.gauge({ name: 'b', help: 'B.' }).set(1);
    telemetry.histogram({ name: 'c_seconds', help: 'C.' }).observe(1);
    telemetry.health({ name: 'd', kind: 'live', check: () => undefined });
    expect(telemetry.endpoint()).to.equal(undefined);
  });

  it('refuses a second definition of a name, as every telemetry does', () => {
    const telemetry = new NoTelemetry();
    telemetry.counter({ name: 'a_total', help: 'A.', labels: ['x', 'y'] });
    telemetry.counter({ name: 'a_total', help: 'A.', labels: ['y', 'x'] });
    let outcome: unknown;
    try {
      telemetry.gauge({ name: 'a_total', help: 'A.', labels: ['x', 'y'] });
    } catch (error) {
      outcome = error;
    }
    expect(hasCode(outcome, 'RYNXS_METRIC_CONFLICT')).to.equal(true);
  });
});
