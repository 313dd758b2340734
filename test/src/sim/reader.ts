import type { Random } from '@rynxs/kernel';
import { ChainVerifier, Damage } from '@rynxs/log';
import type { SimulatedProcess } from './simulated-process.js';
import type { World } from './world.js';

/** An auditor: reads parts of the log, or asks for its head, again and again, while others write. */
export class Reader {
  readonly #world: World;
  readonly #random: Random;
  readonly #process: SimulatedProcess;
  readonly #signal = new AbortController().signal;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.stream();
    this.#process = world.process('reader');
  }

  start(): void {
    this.#world.own(this.#process, this.#run());
  }

  async #run(): Promise<void> {
    while (!this.#world.isClosing) {
      await this.#process.clock.sleep(1_000 + this.#random.next() * 10_000);
      const store = this.#world.openStore(this.#process);
      try {
        if (this.#random.next() < 0.3) await this.#askForHead(store);
        else await this.#read(store);
      } catch (error) {
        if (error instanceof Damage) this.#world.oracle.accuse(`the reader found damage: ${error.message}`);
        if (store.errorCode(error) !== 'unavailable') throw error;
      } finally {
        await store.close();
      }
    }
  }

  async #askForHead(store: ReturnType<World['openStore']>): Promise<void> {
    const { oracle } = this.#world;
    const sizeBefore = oracle.size;
    const { nextSeq, hash } = await store.head(this.#signal);
    oracle.readToEnd('the reader', nextSeq, sizeBefore);
    if (hash !== undefined) oracle.saw('the reader', nextSeq - 1, hash);
  }

  async #read(store: ReturnType<World['openStore']>): Promise<void> {
    const { oracle } = this.#world;
    const sizeBefore = oracle.size;
    const fromSeq = Math.floor(this.#random.next() ** 2 * (sizeBefore + 1));
    const givesUp = this.#random.next() < 0.1;
    const verifier = new ChainVerifier({
      fromSeq,
      onRecord: ({ seq, hash }) => oracle.saw('the reader', seq, hash),
    });
    for await (const chunk of store.read(fromSeq, this.#signal)) {
      verifier.push(chunk);
      if (givesUp) return;
    }
    const { nextSeq, records } = verifier.finish();
    oracle.readToEnd('the reader', records === 0 ? fromSeq : nextSeq, sizeBefore);
  }
}
