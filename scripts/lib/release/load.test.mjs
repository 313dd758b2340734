import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Load } from './load.mjs';

/** Agents that exist only here; notes when two requests for one were under way at a time. */
class PretendedFleet {
  agents = new Map();
  overlaps = 0;
  most = 0;
  #busy = new Set();
  #made = 0;

  async create() {
    this.#made += 1;
    const name = `agent-${this.#made}`;
    await sleep(1);
    this.agents.set(name, {});
    this.most = Math.max(this.most, this.agents.size);
  }

  change(name) {
    return this.#slowly(name);
  }

  async remove(name) {
    await this.#slowly(name);
    this.agents.delete(name);
  }

  async #slowly(name) {
    if (this.#busy.has(name) || !this.agents.has(name)) this.overlaps += 1;
    this.#busy.add(name);
    await sleep(1);
    this.#busy.delete(name);
  }
}

describe('the load of a stress test', () => {
  it('keeps to the number of Agents, and does all kinds of operations, one at a time for each Agent', async () => {
    const fleet = new PretendedFleet();
    const load = new Load({ fleet, agents: 5, rate: 2_000, chanceToDelete: 0.2, seed: 7 });
    await load.during(async () => {
      while (load.total < 200) await sleep(1);
    });
    load.mustNotBeRefused();
    expect(Object.values(load.done).every((count) => count > 0)).to.equal(true);
    expect(fleet.most).to.equal(5);
    expect(fleet.overlaps).to.equal(0);
    expect(load.done.created - load.done.deleted).to.equal(fleet.agents.size);
  });

  it('does not begin more operations than its rate', async () => {
    const fleet = new PretendedFleet();
    const load = new Load({ fleet, agents: 1_000, rate: 100 });
    const began = performance.now();
    await load.during(() => sleep(200));
    expect(load.total).to.be.within(1, ((performance.now() - began) / 1000) * 100 + 1);
  });

  it('says what the API server refused, when the work is over', async () => {
    const fleet = new PretendedFleet();
    fleet.create = () => Promise.reject(new Error('quota exceeded'));
    const load = new Load({ fleet, agents: 2, rate: 1_000 });
    await load.during(() => sleep(20));
    expect(() => load.mustNotBeRefused()).to.throw(
      /^\d+ requests of users failed; the first: quota exceeded$/,
    );
  });
});
