import {
  ConfigMapAnchor,
  type EventStore,
  type KubernetesObject,
  type LogAnchor,
  NoTelemetry,
  type Random,
} from '@rynxs/kernel';
import { MemoryCluster, seededRandom } from '@rynxs/kernel/testing';
import { type ObjectStorage, S3EventStore } from '@rynxs/store-s3';
import type { Fate } from './exchange.js';
import { Oracle, type OracleOptions, Violation } from './oracle.js';
import { Scheduler } from './scheduler.js';
import { SimulatedBucket } from './simulated-bucket.js';
import { SimulatedCluster } from './simulated-cluster.js';
import { type ProcessOptions, SimulatedProcess } from './simulated-process.js';
import { type Network, SimulatedStorage, type StorageRequest } from './simulated-storage.js';

const END_WITHIN_MS = 240_000;

/** A part that is broken on purpose, to show that it is noticed. */
export interface Defect {
  readonly storage?: (storage: ObjectStorage) => ObjectStorage;
  /** `reopen` makes another store over the same storage. */
  readonly store?: (store: EventStore, reopen: () => EventStore) => EventStore;
  /** Called once at the beginning. */
  readonly bucket?: (bucket: SimulatedBucket) => void;
  /** Called once in each second of the simulation. */
  readonly eachSecond?: (bucket: SimulatedBucket, random: Random) => void;
}

export interface WorldOptions {
  readonly defect?: Defect | undefined;
  /** Called with each line of the trace. */
  readonly trace?: ((line: string) => void) | undefined;
  readonly oracle?: OracleOptions;
}

/** One bucket, time, randomness, and an oracle that sees everything: what all processes of a simulation share. */
export class World implements Network {
  readonly scheduler = new Scheduler();
  readonly bucket = new SimulatedBucket();
  readonly oracle: Oracle;
  /** Decides what becomes of each request. */
  fate: (request: StorageRequest) => Fate;
  /** How likely a message between a process and the cluster is lost. */
  clusterLoss = 0;
  requests = 0;
  /** Whether everybody shall come to an end. */
  isClosing = false;
  readonly #random: Random;
  readonly #options: WorldOptions;
  readonly #cluster = new MemoryCluster();
  readonly #alive = new Set<SimulatedProcess>();
  #failure: unknown;

  constructor(random: Random, fate: (request: StorageRequest) => Fate, options: WorldOptions = {}) {
    this.#random = random;
    this.fate = fate;
    this.#options = options;
    this.oracle = new Oracle(this.bucket, options.oracle);
    options.defect?.bucket?.(this.bucket);
    this.#breakBucket();
  }

  /** Randomness of its own for each part that asks. */
  stream(): Random {
    return seededRandom(Math.floor(this.#random.next() * 2 ** 32));
  }

  process(name: string, options?: ProcessOptions): SimulatedProcess {
    return new SimulatedProcess(name, this.scheduler, options);
  }

  /** The store as a process makes it when it starts. */
  openStore(process: SimulatedProcess): EventStore {
    const { defect } = this.#options;
    const reopen = (): EventStore => {
      const storage = new SimulatedStorage(this, process);
      return new S3EventStore({
        storage: defect?.storage?.(storage) ?? storage,
        prefix: 'events',
        clock: process.clock,
        random: this.stream(),
        telemetry: new NoTelemetry(),
      });
    };
    return defect?.store?.(reopen(), reopen) ?? reopen();
  }

  /** The anchor as a process makes it when it starts. */
  anchor(process: SimulatedProcess): LogAnchor {
    const network = {
      scheduler: this.scheduler,
      random: this.stream(),
      lost: () => this.clusterLoss,
      written: (object: KubernetesObject) => this.oracle.anchored(object),
    };
    return new ConfigMapAnchor(new SimulatedCluster(this.#cluster, process, network), 'rynxs', 'default');
  }

  /** Hands over what a process does: what it throws fails the simulation, which waits for it unless the process dies. */
  own(process: SimulatedProcess, life: Promise<void>): void {
    this.#alive.add(process);
    life.then(
      () => this.#alive.delete(process),
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
  }

  fateOf(request: StorageRequest): Fate {
    return this.fate(request);
  }

  trace(line: string): void {
    this.#options.trace?.(`${this.scheduler.now.toFixed(3)} ${line}`);
  }

  /** Lets time go on, by `ms` at most. Throws what has failed meanwhile. */
  async advance(ms: number, isDone: () => boolean = () => false): Promise<void> {
    const failure = (): unknown => this.oracle.violation ?? this.#failure;
    await this.scheduler.run(this.scheduler.now + ms, () => failure() !== undefined || isDone());
    if (failure() !== undefined) throw failure();
  }

  /** Waits for all processes that live; throws Violation for one that does not end. */
  async untilAllHaveEnded(): Promise<void> {
    const left = (): SimulatedProcess[] => [...this.#alive].filter(({ isDead }) => !isDead);
    await this.advance(END_WITHIN_MS, () => left().length === 0);
    const names = left().map(({ name }) => name);
    if (names.length > 0) throw new Violation(`${names} did not come to an end within ${END_WITHIN_MS} ms`);
  }

  /** Reads everything as a new process, and compares it with all that was ever committed. */
  async audit(): Promise<void> {
    const auditor = this.process('auditor');
    this.own(auditor, this.oracle.finish(this.openStore(auditor)));
    await this.untilAllHaveEnded();
  }

  #breakBucket(): void {
    const breakIt = this.#options.defect?.eachSecond;
    if (breakIt === undefined) return;
    const random = this.stream();
    const again = (): void => {
      breakIt(this.bucket, random);
      this.scheduler.schedule(1_000, again);
    };
    this.scheduler.schedule(1_000, again);
  }
}
