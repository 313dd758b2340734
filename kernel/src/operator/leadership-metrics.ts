import type { Telemetry } from '../contracts/telemetry.js';
import { electionFailures } from '../leadership/election-failures.js';

/** Who leads, as dashboards and alerts know it. A standalone operator leads, too. */
export class LeadershipMetrics {
  readonly #status;
  readonly #transitions;

  constructor(telemetry: Telemetry) {
    this.#status = telemetry.gauge({
      name: 'rynxs_leader_election_status',
      help: '1 while this process leads, else 0',
    });
    this.#transitions = telemetry.counter({
      name: 'rynxs_leader_transitions_total',
      help: 'Times that this process gained or lost leadership',
      labels: ['event'],
      initial: [{ event: 'acquired' }, { event: 'lost' }],
    });
    // Dashboards find it whichever kind of leadership is selected.
    electionFailures(telemetry);
    this.#status.set(0);
  }

  acquired(): void {
    this.#status.set(1);
    this.#transitions.add({ event: 'acquired' });
  }

  lost(): void {
    this.#status.set(0);
    this.#transitions.add({ event: 'lost' });
  }
}
