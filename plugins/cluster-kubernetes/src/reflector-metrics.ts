import type { Telemetry } from '@rynxs/kernel';

const SECONDS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const WATCH_SECONDS_BUCKETS = [0.1, 1, 10, 30, 60, 120, 240, 300, 600];
const ITEMS_BUCKETS = [0, 1, 10, 100, 500, 1_000, 5_000, 10_000, 50_000];

/**
 * The metrics of what keeps one cache, with the names of client-go (tools/cache/reflector_metrics.go); their label
 * `name` is the resource, as `deployments.apps`.
 */
export class ReflectorMetrics implements Disposable {
  readonly #labels: { readonly name: string };
  readonly #lists;
  readonly #listSeconds;
  readonly #listItems;
  readonly #watches;
  readonly #shortWatches;
  readonly #watchSeconds;
  readonly #watchItems;
  readonly #reading: Disposable;

  /** `resourceVersion` gives the version that the cache has come to. */
  constructor(telemetry: Telemetry, name: string, resourceVersion: () => string | undefined) {
    this.#labels = { name };
    const options = (suffix: string, help: string) => ({
      name: `reflector_${suffix}`,
      help,
      labels: ['name'],
      initial: [this.#labels],
    });
    const histogram = (suffix: string, help: string, buckets: readonly number[]) =>
      telemetry.histogram({ ...options(suffix, help), buckets });
    this.#lists = telemetry.counter(options('lists_total', 'Complete lists read'));
    this.#listSeconds = histogram('list_duration_seconds', 'Time to read a complete list', SECONDS_BUCKETS);
    this.#listItems = histogram('items_per_list', 'Objects in a complete list', ITEMS_BUCKETS);
    this.#watches = telemetry.counter(options('watches_total', 'Watches ended'));
    this.#shortWatches = telemetry.counter(
      options('short_watches_total', 'Watches that ended within a second and brought nothing'),
    );
    this.#watchSeconds = histogram('watch_duration_seconds', 'How long watches last', WATCH_SECONDS_BUCKETS);
    this.#watchItems = histogram(
      'items_per_watch',
      'Events that a watch brings, bookmarks included',
      ITEMS_BUCKETS,
    );
    const reached = telemetry.gauge(
      options('last_resource_version', 'Version that the cache has come to; 0 where versions are no numbers'),
    );
    this.#reading = telemetry.beforeReading(() => {
      const version = Number(resourceVersion() ?? 0);
      reached.set(Number.isFinite(version) ? version : 0, this.#labels);
    });
  }

  listed(items: number, seconds: number): void {
    this.#lists.add(this.#labels);
    this.#listSeconds.observe(seconds, this.#labels);
    this.#listItems.observe(items, this.#labels);
  }

  watched(items: number, seconds: number): void {
    this.#watches.add(this.#labels);
    if (items === 0 && seconds < 1) this.#shortWatches.add(this.#labels);
    this.#watchSeconds.observe(seconds, this.#labels);
    this.#watchItems.observe(items, this.#labels);
  }

  [Symbol.dispose](): void {
    this.#reading[Symbol.dispose]();
  }
}
