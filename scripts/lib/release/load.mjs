import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './errors.mjs';

const MOST_IN_FLIGHT = 64;
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
const CHANCE_TO_CREATE = 0.5;

/**
 * Users at work: Agents are made up to a number, changed, and deleted, at a rate that does not depend on how fast the cluster
 * answers. No two requests are under way for one Agent.
 */
export class Load {
  /** What the API server has answered with success. */
  done = { created: 0, changed: 0, deleted: 0 };
  #fleet;
  #agents;
  #rate;
  #chanceToDelete;
  #random;
  #busy = new Set();
  #creating = 0;
  #inFlight = new Set();
  #refused = [];

  /**
   * @param {object} options
   * @param {import('./fleet.mjs').Fleet} options.fleet
   * @param {number} options.agents how many there are at most
   * @param {number} options.rate operations a second
   * @param {number} [options.chanceToDelete] of an operation, where there are as many Agents as there may be
   * @param {number} [options.seed] of what is chosen; not of when it happens
   */
  constructor({ fleet, agents, rate, chanceToDelete = 0, seed = 1 }) {
    this.#fleet = fleet;
    this.#agents = agents;
    this.#rate = rate;
    this.#chanceToDelete = chanceToDelete;
    this.#random = mulberry32(seed);
  }

  get total() {
    const { created, changed, deleted } = this.done;
    return created + changed + deleted;
  }

  /** Works until `action` has ended and everything that was asked for is answered. Throws a Failure when something was refused. */
  async during(action) {
    const ended = new AbortController();
    const working = this.#work(ended.signal);
    try {
      return await action();
    } finally {
      ended.abort();
      await working;
      await Promise.all(this.#inFlight);
    }
  }

  /** Throws a Failure when the API server has refused something, with the first refusal. */
  mustNotBeRefused() {
    if (this.#refused.length === 0) return;
    throw new Failure(`${this.#refused.length} requests of users failed; the first: ${this.#refused[0]}`);
  }

  async #work(ended) {
    const started = performance.now();
    let asked = 0;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, 1000 / this.#rate));
    while (!ended.aborted) {
      const due = ((performance.now() - started) / 1000) * this.#rate;
      while (asked < due && this.#inFlight.size < MOST_IN_FLIGHT && this.#begin()) asked += 1;
      await sleep(pauseMs, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  /** Begins one operation, unless every Agent has one under way. */
  #begin() {
    const free = [...this.#fleet.agents.keys()].filter((name) => !this.#busy.has(name));
    const size = this.#fleet.agents.size + this.#creating;
    const isFull = size >= this.#agents;
    if (free.length === 0 && isFull) return false;
    const mayCreate = !isFull && (free.length === 0 || this.#random() < CHANCE_TO_CREATE);
    if (mayCreate) this.#track(this.#create());
    else this.#track(this.#touch(free[Math.floor(this.#random() * free.length)], isFull));
    return true;
  }

  async #create() {
    this.#creating += 1;
    try {
      await this.#fleet.create();
      this.done.created += 1;
    } finally {
      this.#creating -= 1;
    }
  }

  async #touch(name, mayDelete) {
    const isDeletion = mayDelete && this.#random() < this.#chanceToDelete;
    this.#busy.add(name);
    try {
      if (isDeletion) await this.#fleet.remove(name);
      else await this.#fleet.change(name);
      this.done[isDeletion ? 'deleted' : 'changed'] += 1;
    } finally {
      this.#busy.delete(name);
    }
  }

  #track(operation) {
    const settled = operation
      .catch((error) => void this.#refused.push(error.message))
      .finally(() => this.#inFlight.delete(settled));
    this.#inFlight.add(settled);
  }
}

/** Numbers from 0 to 1 that a seed settles (Mulberry32, by Tommy Ettinger; public domain). */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
