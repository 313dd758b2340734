import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../cluster/fault-fleet.js';
import type { ApiClient, ApiObject } from '../cluster/real-cluster.js';
import type { Dice } from '../cluster/soak/dice.js';

/** What users do while something goes wrong: they make Agents up to a number, change them, and now and then delete one. */
export class Load {
  /** What the API server has answered with success. */
  readonly done = { created: 0, changed: 0, deleted: 0 };
  /** What nobody answered, or was refused. */
  missed = 0;
  readonly #api: ApiClient;
  readonly #fleet: Fleet;
  readonly #dice: Dice;
  readonly #wanted: number;
  readonly #intervalMs: number;
  #images = 0;

  constructor(
    api: ApiClient,
    fleet: Fleet,
    dice: Dice,
    { agents, operationsPerSecond }: { readonly agents: number; readonly operationsPerSecond: number },
  ) {
    this.#api = api;
    this.#fleet = fleet;
    this.#dice = dice;
    this.#wanted = agents;
    this.#intervalMs = 1_000 / operationsPerSecond;
  }

  /** Goes on until `action` has ended; then the fleet knows what there is. */
  async during<T>(action: () => Promise<T>): Promise<T> {
    const ended = new AbortController();
    const working = this.#work(ended.signal);
    try {
      return await action();
    } finally {
      ended.abort();
      await working;
    }
  }

  /** Looks which Agents there are: one whose creation nobody answered may be there. */
  async look(): Promise<void> {
    const list = await this.#api.must<{ readonly items: readonly ApiObject[] }>('GET', this.#fleet.agents());
    const found = list.items.map(({ metadata }) => metadata.name);
    this.#fleet.names.splice(0, this.#fleet.names.length, ...found);
  }

  async #work(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      try {
        await this.#step();
      } catch {
        this.missed += 1;
        await this.look().catch(() => undefined);
      }
      await sleep(this.#intervalMs, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  async #step(): Promise<void> {
    const { names } = this.#fleet;
    const isFull = names.length >= this.#wanted;
    if (names.length === 0 || (!isFull && this.#dice.chance(0.6))) {
      await this.#fleet.grow(1);
      this.done.created += 1;
    } else if (isFull && this.#dice.chance(0.1)) {
      await this.#fleet.shrink(1);
      this.done.deleted += 1;
    } else {
      this.#images += 1;
      const spec = { image: `registry.example.com/agent:${this.#images}` };
      await this.#api.must('PATCH', this.#fleet.agents(this.#dice.pick(names)), { spec });
      this.done.changed += 1;
    }
  }
}
