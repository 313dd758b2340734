import type { JsonMap, LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import type { KubernetesObject } from '../../contracts/cluster.js';
import type {
  Decision,
  Fact,
  LiveView,
  Manifest,
  Reconciler,
  Refusal,
  Report,
} from '../../contracts/reconciler.js';
import type { ActionsDecided } from '../../reconcile/events.js';
import { WidgetReconciler, type WidgetState, widget } from '../widget-reconciler.js';
import { RECONCILER_CASES, reconcilerSuite } from './reconciler-suite.js';
import type { ReconcilerSubject } from './subject.js';

const objects = [
  widget('box', { colors: ['red', 'green'], deadline: '2026-01-02T00:00:00Z' }),
  widget('box', { colors: ['red', 'blue'], note: 'hello' }),
  widget('box', { colors: [], note: 'empty' }),
];

type RefusingState = WidgetState & { readonly refusal?: Refusal & { readonly isRecorded: boolean } };

/** Accepts no spec with a note that says no, and stays with the last one. */
class RefusingReconciler extends WidgetReconciler {
  override reduce(
    state: WidgetState | undefined,
    event: LogEvent,
    configuration: JsonMap,
  ): WidgetState | undefined {
    const { refusal, ...rest } = (state ?? {}) as RefusingState;
    const before = state === undefined ? undefined : (rest as WidgetState);
    if (event.type === 'WidgetObserved') {
      const spec = (event.payload as { spec?: JsonMap }).spec ?? {};
      if (spec.note !== 'no') return super.reduce(before, event, configuration);
      const empty = { ...event, payload: { ...event.payload, spec: {} } };
      const kept = before ?? super.reduce(undefined, empty, configuration);
      return {
        ...kept,
        refusal: { reason: 'SaysNo', message: 'spec.note says no', isRecorded: false },
      } as RefusingState;
    }
    const next = super.reduce(before, event, configuration);
    if (next === undefined || refusal === undefined) return next;
    const isRecorded = refusal.isRecorded || this.isOnRecord(event);
    return { ...next, refusal: { ...refusal, isRecorded } } as RefusingState;
  }

  override decide(state: RefusingState): Decision {
    const decision = super.decide(state);
    if (state.refusal === undefined || state.refusal.isRecorded) return decision;
    const { reason, message } = state.refusal;
    return { ...decision, refusal: { reason, message } };
  }

  protected isOnRecord(event: LogEvent): boolean {
    return event.type === 'ActionsDecided' && (event.payload as unknown as ActionsDecided).refusal !== null;
  }
}

const refused = [widget('box', { note: 'no' })];

reconcilerSuite({ name: 'widget', create: () => new RefusingReconciler(), objects, refused });

let processes = 0;

/** One way to get each case wrong. */
const BROKEN: Readonly<Record<string, () => Reconciler>> = {
  'observes at most 32 KiB of JSON, and leaves the object as it is': () =>
    new (class extends WidgetReconciler {
      override observe(object: KubernetesObject): JsonMap {
        Object.assign(object.spec as object, { seen: true });
        return super.observe(object);
      }
    })(),
  'observes the same of the same spec, whatever the server and others write beside it': () =>
    new (class extends WidgetReconciler {
      override observe(object: KubernetesObject): JsonMap {
        return { ...super.observe(object), version: object.metadata.resourceVersion ?? '' };
      }
    })(),
  'changes neither states nor events': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        if (state !== undefined) (state as { seen?: number }).seen = event.seq;
        return super.reduce(state, event, configuration);
      }
    })(),
  'keeps its state in JSON, and goes on from what was read back': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        const next = super.reduce(state, event, configuration);
        return next === undefined ? undefined : ({ ...next, seen: new Set([event.seq]) } as WidgetState);
      }
    })(),
  'forgets an object that was deleted': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        return event.type === 'WidgetDeleted' ? state : super.reduce(state, event, configuration);
      }
    })(),
  'knows nothing of an object before it was observed': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        const basis = { namespace: 'default', name: 'box', uid: 'guessed', spec: {} };
        return super.reduce(state ?? { basis, children: {}, isExpired: false }, event, configuration);
      }
    })(),
  'creates the children of a new object': () => without((action) => action.verb === 'create'),
  'decides nothing more once its actions were applied': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        return event.type === 'ActionApplied' ? state : super.reduce(state, event, configuration);
      }
      override decide(state: WidgetState): Decision {
        return super.decide({ ...state, children: {} });
      }
    })(),
  'leaves a child alone while an action for it is under way': () => ignoring('ActionsDecided'),
  'brings the children to what a changed object asks for': () =>
    without((action) => action.verb === 'delete'),
  'makes a child anew that somebody has removed': () => ignoring('DriftObserved'),
  'repairs a child that somebody has changed, and names the one that it means': () =>
    without((action) => action.verb === 'update'),
  'decides again what was never done before the process died': () => ignoring('ActionUnconfirmed'),
  'does not decide again what was done before the process died': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        const isConfirmation = event.type === 'ActionUnconfirmed';
        const doubtful = isConfirmation
          ? { ...event, payload: { ...event.payload, found: 'different' } }
          : event;
        return super.reduce(state, doubtful, configuration);
      }
    })(),
  'repairs what is found to be otherwise after the process died': () =>
    new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        const isConfirmation = event.type === 'ActionUnconfirmed';
        const trusting = isConfirmation
          ? { ...event, payload: { ...event.payload, found: 'as_decided' } }
          : event;
        return super.reduce(state, trusting, configuration);
      }
    })(),
  'tries again what failed for now': () => failing(true),
  'waits for a change after what failed for good': () => failing(false),
  'refuses once what it does not accept, and keeps the children as they are': () =>
    new (class extends RefusingReconciler {
      protected override isOnRecord(): boolean {
        return false;
      }
    })(),
  'makes complete manifests of the types that it owns, owned by the object': () =>
    changing(({ metadata: { ownerReferences: _, ...metadata }, ...object }) => ({ ...object, metadata })),
  'makes the same bytes in every process, and when asked again': () => {
    const started = `${processes++}`;
    return changing((object) => ({ ...object, data: { started } }));
  },
  'knows the manifest that was last applied, also when another is wanted by now': () =>
    new (class extends WidgetReconciler {
      override applied(state: WidgetState, child: string): Manifest | undefined {
        return this.manifests(state).find(({ object }) => `ConfigMap/${object.metadata.name}` === child);
      }
    })(),
  'names a deadline in RFC 3339 and not again once it has come, and decides what follows from it': () =>
    ignoring('DeadlineReached'),
  'reports in JSON what it has observed, with a state and a reason': () =>
    reporting(({ status: { observedGeneration: _, ...status }, ...rest }) => ({ ...rest, status })),
  'finds facts of the types that it names, and none again that is on the record': () =>
    new (class extends WidgetReconciler {
      readonly factTypes = ['WeatherObserved'];
      facts(): readonly Fact[] {
        return [{ type: 'WeatherObserved', fact: { sky: 'blue' } }];
      }
    })(),
  'reports the same bytes later when nothing has changed, so that nothing is written': () =>
    reporting(({ status, ...rest }, { now }) => ({ ...rest, status: { ...status, checkedAt: now } })),
  'any history gives the same states and decisions in every process, byte for byte': () => {
    let reduced = 0;
    return new (class extends WidgetReconciler {
      override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
        reduced += 1;
        const next = super.reduce(state, event, configuration);
        return next === undefined ? undefined : ({ ...next, reduced } as WidgetState);
      }
    })();
  },
  'any history ends with the children that are wanted, once what is asked for can be done': () =>
    ignoring('DriftObserved'),
};

describe('reconciler suite', () => {
  const cases = Object.values(RECONCILER_CASES).flat();

  it('has a broken reconciler for each case', () => {
    expect(Object.keys(BROKEN)).to.have.members(cases.map(({ name }) => name));
  });

  for (const suiteCase of cases) {
    it(`fails a reconciler that does not do it: ${suiteCase.name}`, async () => {
      const create = BROKEN[suiteCase.name];
      if (create === undefined) throw new Error('no broken reconciler for this case');
      const subject: ReconcilerSubject = { create, objects, refused };
      const failure = await Promise.resolve(subject)
        .then((broken) => suiteCase.run(broken))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(failure).to.be.instanceOf(Error);
    });
  }

  it('asks for two objects', () => {
    const [creates] = cases.filter(({ name }) => name === 'creates the children of a new object');
    expect(() =>
      creates?.run({ create: () => new WidgetReconciler(), objects: objects.slice(0, 1) }),
    ).to.throw(/at least two objects/);
  });
});

/** Never takes note of events of one type. */
function ignoring(type: string): Reconciler {
  return new (class extends WidgetReconciler {
    override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
      return event.type === type ? state : super.reduce(state, event, configuration);
    }
  })();
}

/** Forgets actions that it should decide. */
function without(isForgotten: (action: Decision['actions'][number]) => boolean): Reconciler {
  return new (class extends WidgetReconciler {
    override decide(state: WidgetState): Decision {
      return { actions: super.decide(state).actions.filter((action) => !isForgotten(action)) };
    }
  })();
}

/** Takes every failure for one that is permanent, or for one that is not. */
function failing(permanent: boolean): Reconciler {
  return new (class extends WidgetReconciler {
    override reduce(state: WidgetState | undefined, event: LogEvent, configuration: JsonMap) {
      const mistaken =
        event.type === 'ActionFailed' ? { ...event, payload: { ...event.payload, permanent } } : event;
      return super.reduce(state, mistaken, configuration);
    }
  })();
}

function changing(change: (object: KubernetesObject) => KubernetesObject): Reconciler {
  return new (class extends WidgetReconciler {
    override manifests(state: WidgetState): readonly Manifest[] {
      return super.manifests(state).map(({ resource, object }) => ({ resource, object: change(object) }));
    }
  })();
}

function reporting(change: (report: Report, live: LiveView) => Report): Reconciler {
  return new (class extends WidgetReconciler {
    override report(state: WidgetState, live: LiveView): Report {
      return change(super.report(state, live), live);
    }
  })();
}
