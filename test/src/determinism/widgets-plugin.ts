import { definePlugin, type Manifest, RECONCILER } from '@rynxs/kernel';
import { WidgetReconciler, type WidgetState } from '@rynxs/kernel/testing';
import type { JsonMap, LogEvent } from '@rynxs/log';

/** What a reconciler may take into account although it is not in the log. */
export const IMPURITIES = ['clock', 'randomness', 'locale', 'time zone', 'environment', 'memory'] as const;
export type Impurity = (typeof IMPURITIES)[number];

/** Names the impurity that the plugin has; pure when it is not set. */
export const IMPURITY = 'RYNXS_TEST_IMPURITY';

const SOME_TIME = '2026-01-01T12:00:00Z';

/** Makes ConfigMaps for Widgets, with a note that does not follow from the log, if told so. */
export class Widgets extends WidgetReconciler {
  static readonly inject = [];
  readonly #impurity = process.env[IMPURITY];
  #calls = 0;

  /** The clock and chance get into the state. */
  override reduce(
    state: WidgetState | undefined,
    event: LogEvent,
    configuration: JsonMap,
  ): WidgetState | undefined {
    const next = super.reduce(state, event, configuration);
    if (next === undefined || event.type !== 'WidgetObserved') return next;
    const note =
      this.#impurity === 'clock'
        ? String(performance.timeOrigin + performance.now())
        : this.#impurity === 'randomness'
          ? String(Math.random())
          : next.basis.spec.note;
    return {
      ...next,
      basis: { ...next.basis, spec: { ...next.basis.spec, ...(note === undefined ? {} : { note }) } },
    };
  }

  /** The others get into decisions alone. */
  override manifests(state: WidgetState): readonly Manifest[] {
    this.#calls += 1;
    const mark = this.#mark();
    const manifests = super.manifests(state);
    if (mark === undefined) return manifests;
    return manifests.map(({ resource, object }) => {
      const annotations = { mark };
      return { resource, object: { ...object, metadata: { ...object.metadata, annotations } } };
    });
  }

  #mark(): string | undefined {
    switch (this.#impurity) {
      case 'locale':
        return (1234.5).toLocaleString();
      case 'time zone':
        return String(new Date(SOME_TIME).getHours());
      case 'environment':
        return [...new Set(Object.keys(process.env))].join();
      case 'memory':
        return String(this.#calls);
      default:
        return undefined;
    }
  }
}

export default definePlugin({
  id: 'widgets',
  apiVersion: 1,
  provides: [RECONCILER.as('widget', Widgets)],
});
