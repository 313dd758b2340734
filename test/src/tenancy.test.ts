import { type Aggregate, Projection } from '@rynxs/kernel';
import { canonicalize, type JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import fc from 'fast-check';
import { TenancyHistory, tenancyReconcilers, tenancySteps } from './determinism/random-tenancy.js';

interface UniverseLike {
  readonly name: string;
  readonly claims: Readonly<Record<string, number>>;
  readonly bounds?: { readonly quota?: { readonly agents?: number } };
}
interface AgentLike {
  readonly namespace: string;
  readonly since: number;
  readonly computer?: { readonly isRunning: boolean };
  readonly waiting?: object;
  readonly isBarred?: true;
  readonly refusal?: { readonly message: string };
}
interface SessionLike {
  readonly phase: { readonly name: string };
}

const statesOf = <T>(projection: Projection, reconciler: string): readonly (readonly [Aggregate, T])[] =>
  [...projection.aggregates()]
    .filter((aggregate) => aggregate.reconciler.name === reconciler)
    .map((aggregate) => [aggregate, aggregate.state as T]);

/** The Universe of a namespace, found the slow way: the oldest claim of all. */
function ownerOf(projection: Projection, namespace: string): UniverseLike | undefined {
  return statesOf<UniverseLike>(projection, 'universe')
    .map(([, state]) => state)
    .filter(({ claims }) => Object.hasOwn(claims, namespace))
    .sort((a, b) => (a.claims[namespace] ?? 0) - (b.claims[namespace] ?? 0))[0];
}

describe('Universes, Agents and Sessions, whatever happens to them', function () {
  this.timeout(60_000);

  it('are the same from a snapshot at any moment', () => {
    fc.assert(
      fc.property(tenancySteps, (happened) => {
        const history = new TenancyHistory();
        for (const step of happened) history.play(step);
        let restored = new Projection(tenancyReconcilers());
        const whole = new Projection(tenancyReconcilers());
        for (const record of history.records) {
          for (const projection of [whole, restored]) projection.apply(record);
          const saved = savedBy(whole);
          expect(savedBy(restored), `after ${record.event.seq}`).to.deep.equal(saved);
          restored = new Projection(tenancyReconcilers());
          restored.restore(saved.map((line) => JSON.parse(line) as JsonMap));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never have more running Agents than places, and give these to the first', () => {
    let full = 0;
    fc.assert(
      fc.property(tenancySteps, (happened) => {
        const history = new TenancyHistory();
        const { projection } = history;
        for (const step of happened) {
          history.play(step);
          for (const [, universe] of statesOf<UniverseLike>(projection, 'universe')) {
            const max = universe.bounds?.quota?.agents;
            if (max === undefined) continue;
            const agents = statesOf<AgentLike>(projection, 'agent')
              .map(([, state]) => state)
              .filter(({ namespace }) => ownerOf(projection, namespace)?.name === universe.name)
              .sort((a, b) => a.since - b.since);
            for (const [turn, { computer, refusal }] of agents.entries()) {
              const lacksPlace = refusal?.message.includes('quota.agents') === true;
              if (turn >= max) {
                full += 1;
                expect(computer?.isRunning ?? false).to.equal(false);
              } else expect(lacksPlace).to.equal(false);
            }
          }
        }
      }),
      { numRuns: 100 },
    );
    expect(full, 'Agents that found no place').to.be.at.least(100);
  });

  it('run nothing in a namespace whose Universe was never valid, and come to rest', () => {
    fc.assert(
      fc.property(tenancySteps, (happened) => {
        const history = new TenancyHistory();
        for (const step of happened) history.play(step);
        history.settle();
        const { projection } = history;
        for (const [, { namespace, computer }] of statesOf<AgentLike>(projection, 'agent')) {
          const owner = ownerOf(projection, namespace);
          if (owner !== undefined && owner.bounds === undefined)
            expect(computer?.isRunning ?? false).to.equal(false);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are changed only by events that decisions wait for', () => {
    let changes = 0;
    fc.assert(
      fc.property(tenancySteps, (happened) => {
        const history = new TenancyHistory();
        for (const step of happened) history.play(step);
        const projection = new Projection(tenancyReconcilers());
        for (const record of history.records) {
          const { type, aggregate_id: aggregateId } = record.event;
          using _ = projection.onAffected(({ id, reconciler }, isStateChanged) => {
            if (!isStateChanged) return;
            changes += 1;
            const isWaitedFor = projection.contextOf(reconciler)?.mayAffect({ type, aggregateId }, id);
            expect(isWaitedFor, `${type} of ${aggregateId} for ${id}`).to.equal(true);
          });
          projection.apply(record);
        }
      }),
      { numRuns: 100 },
    );
    expect(changes).to.be.at.least(100);
  });

  it('leave a Session ended that has ended', () => {
    fc.assert(
      fc.property(tenancySteps, (happened) => {
        const history = new TenancyHistory();
        const ended = new Map<string, string>();
        for (const step of happened) {
          history.play(step);
          const sessions = statesOf<SessionLike>(history.projection, 'session');
          const known = new Map(
            sessions.map(([{ observed }, { phase }]) => [observed?.uid ?? '', phase.name]),
          );
          for (const [uid, phase] of ended) if (known.has(uid)) expect(known.get(uid)).to.equal(phase);
          for (const [uid, phase] of known)
            if (phase === 'Closed' || phase === 'Expired') ended.set(uid, phase);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('have each decision computed again from the state before it', () => {
    fc.assert(
      fc.property(tenancySteps, (happened) => {
        const history = new TenancyHistory();
        for (const step of happened) history.play(step);
        history.settle();
        const projection = new Projection(tenancyReconcilers());
        for (const record of history.records) {
          const { type, aggregate_id: id, payload } = record.event;
          const aggregate = projection.get(id);
          if (type === 'ActionsDecided' && aggregate !== undefined) {
            expect(payload.cause).to.equal(Math.max(aggregate.lastEvent.seq, aggregate.affectedBy ?? 0));
          }
          projection.apply(record);
        }
        expect(savedBy(projection)).to.deep.equal(savedBy(history.projection));
      }),
      { numRuns: 50 },
    );
  });
});

function savedBy(projection: Projection): readonly string[] {
  return [...projection.save()].map((entry) => canonicalize(JSON.parse(JSON.stringify(entry)) as JsonMap));
}
