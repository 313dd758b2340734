import type { KubernetesObject, Random } from '@rynxs/kernel';
import { WIDGET, widget } from '@rynxs/kernel/testing';
import { isSameJson, type JsonMap } from '@rynxs/log';
import type { Scheduler } from '../sim/scheduler.js';
import type { SimulatedApi } from './simulated-api.js';

const CONFIG_MAP = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const COLORS = ['red', 'green', 'blue', 'gold'];
const WIDGETS = 4;
const MEAN_PAUSE_MS = 1_500;

/** Somebody who creates Widgets and changes them, again and again, and now and then what is made of them. */
export class User {
  readonly #api: SimulatedApi;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #isResting = false;
  #notes = 0;

  constructor(api: SimulatedApi, scheduler: Scheduler, random: Random) {
    this.#api = api;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  start(): void {
    this.#scheduler.schedule(this.#random.next() * 2 * MEAN_PAUSE_MS, () => {
      if (this.#isResting) return;
      void this.#act();
      this.start();
    });
  }

  /** Changes each Widget a last time. */
  async rest(): Promise<void> {
    this.#isResting = true;
    for (let index = 0; index < WIDGETS; index += 1) await this.#change(`w${index}`);
  }

  /** What is not as the Widgets ask for it; empty when everything is. */
  async differences(): Promise<readonly string[]> {
    const differences: string[] = [];
    const made = (await this.#api.list(CONFIG_MAP)).filter(isMade);
    const left = new Map(made.map((object) => [object.metadata.name, object]));
    for (const { metadata, spec } of await this.#api.list(WIDGET)) {
      const { colors, note } = spec as { readonly colors: readonly string[]; readonly note: string };
      for (const color of colors) {
        const name = `${metadata.name}-${color}`;
        const data = left.get(name)?.data;
        if (data === undefined) differences.push(`${name} is missing`);
        else if (!isSameJson(data as JsonMap, { color, note })) differences.push(`${name} is not up to date`);
        left.delete(name);
      }
    }
    return [...differences, ...[...left.keys()].map((name) => `${name} is there and nobody wants it`)];
  }

  async #act(): Promise<void> {
    if (this.#random.next() < 0.15) await this.#meddle();
    else await this.#change(`w${Math.floor(this.#random.next() * WIDGETS)}`);
  }

  async #change(name: string): Promise<void> {
    const colors = COLORS.filter(() => this.#random.next() < 0.6);
    const spec = { colors, note: `${this.#random.next() < 0.5 ? this.#notes++ : this.#notes}` };
    const known = await this.#api.find(WIDGET, { namespace: 'default', name });
    const object = known === undefined ? widget(name, spec) : { ...known, spec };
    await this.#api.write({ verb: known === undefined ? 'create' : 'update', resource: WIDGET, object });
  }

  /** Deletes or changes something that is made of a Widget. */
  async #meddle(): Promise<void> {
    const made = (await this.#api.list(CONFIG_MAP)).filter(isMade);
    const object = made[Math.floor(this.#random.next() * made.length)];
    if (object === undefined) return;
    const { name, namespace = '', uid = '', resourceVersion = '' } = object.metadata;
    if (this.#random.next() < 0.5) {
      const preconditions = { uid, resourceVersion };
      const key = { namespace, name };
      await this.#api.write({ verb: 'delete', resource: CONFIG_MAP, key, preconditions });
    } else {
      const changed = { ...object, data: { color: 'none' } };
      await this.#api.write({ verb: 'update', resource: CONFIG_MAP, object: changed });
    }
  }
}

function isMade({ metadata }: KubernetesObject): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === WIDGET.kind) === true;
}
