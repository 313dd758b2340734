import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import type { AgentState } from './state.js';
import { event, observe, reconciler } from './testing/agent.js';

const image = 'python:3.11-slim';
const by = reconciler();
const reduce = (state: AgentState, type: string, payload: JsonMap): AgentState => {
  const next = by.reduce(state, event(type, payload), by.configuration);
  if (next === undefined) throw new Error(`${type} must not forget the Agent`);
  return next;
};

describe('the state of an Agent', () => {
  it('stays the same object when an event says nothing new, so that nothing is computed again', () => {
    const state = observe({ image });
    expect(reduce(state, 'AgentReady', { uid: 'agent-uid', reason: 'ComputerReady', message: '' })).to.equal(
      state,
    );
    expect(by.reduce(state, event('ConfigurationObserved', { reconcilers: {} }), {})).to.equal(state);
    expect(observe({ image, lifecycle: { ttl: '8h' } }, state).computer).to.equal(state.computer);
  });

  it('begins anew when another Agent has taken the name', () => {
    const before = observe({ image, workspace: { size: '9Gi' } });
    expect(observe({ image }, before, { uid: 'another' })).to.deep.equal(
      observe({ image }, undefined, { uid: 'another' }),
    );
  });

  describe('suspended', () => {
    it('does not run, and runs again when it is resumed', () => {
      const running = observe({ image });
      const suspended = observe({ image, lifecycle: { state: 'Suspended' } }, running);
      expect(suspended.computer?.isRunning).to.equal(false);
      expect(observe({ image }, suspended).computer?.isRunning).to.equal(true);
    });
  });

  describe('with a ttl', () => {
    const limited = observe({ image, lifecycle: { ttl: '8h' } });

    it('has a deadline, counted from the creation of the Agent', () => {
      expect(by.deadline(limited)).to.equal('2026-01-01T08:00:00Z');
      const ttls = {
        '90s': '2026-01-01T00:01:30Z',
        '30m': '2026-01-01T00:30:00Z',
        '7d': '2026-01-08T00:00:00Z',
      };
      for (const [ttl, deadline] of Object.entries(ttls))
        expect(by.deadline(observe({ image, lifecycle: { ttl } }))).to.equal(deadline);
      expect(by.deadline(observe({ image }))).to.equal(undefined);
    });

    it('stops for good when the deadline has come', () => {
      const expired = reduce(limited, 'DeadlineReached', { deadline: '2026-01-01T08:00:00Z' });
      expect(expired.computer?.isRunning).to.equal(false);
      expect(by.deadline(expired)).to.equal(undefined);
      expect(observe({ image: 'another', lifecycle: { ttl: '8h' } }, expired).computer?.isRunning).to.equal(
        false,
      );
      expect(observe({ image, lifecycle: { ttl: '1h' } }, expired).computer?.isRunning).to.equal(false);
    });

    it('runs again when it is given more time, until that is over', () => {
      const expired = reduce(limited, 'DeadlineReached', { deadline: '2026-01-01T08:00:00Z' });
      const extended = observe({ image, lifecycle: { ttl: '9h' } }, expired);
      expect(extended.computer?.isRunning).to.equal(true);
      expect(by.deadline(extended)).to.equal('2026-01-01T09:00:00Z');
      expect(observe({ image }, expired).computer?.isRunning).to.equal(true);
    });

    it('does not mind a deadline that is not its own any more', () => {
      const extended = observe({ image, lifecycle: { ttl: '9h' } }, limited);
      const late = reduce(extended, 'DeadlineReached', { deadline: '2026-01-01T08:00:00Z' });
      expect(late.computer?.isRunning).to.equal(true);
      const expired = reduce(late, 'DeadlineReached', { deadline: '2026-01-01T09:00:00Z' });
      const repeated = reduce(expired, 'DeadlineReached', { deadline: '2026-01-01T08:00:00Z' });
      expect(repeated.computer?.isRunning).to.equal(false);
    });
  });

  describe('with a spec that is refused', () => {
    const accepted = observe({ image, lifecycle: { ttl: '8h' } });

    it('goes on as last accepted', () => {
      const refused = observe({ image: '' }, accepted);
      expect(refused.computer).to.equal(accepted.computer);
      expect(by.deadline(refused)).to.equal('2026-01-01T08:00:00Z');
    });

    it('has no computer when none was ever accepted', () => {
      const refused = observe({ image: '' });
      expect(refused.computer).to.equal(undefined);
      expect(by.manifests(refused)).to.deep.equal([]);
    });

    it('can be suspended by it, but not resumed', () => {
      const suspended = observe({ image: '', lifecycle: { state: 'Suspended' } }, accepted);
      expect(suspended.computer?.isRunning).to.equal(false);
      expect(observe({ image: '', lifecycle: { state: 'Running' } }, suspended).computer?.isRunning).to.equal(
        false,
      );
      expect(observe({ image }, suspended).computer?.isRunning).to.equal(true);
    });

    it('says so once, and again when the reason is another', () => {
      const recorded = (state: AgentState) =>
        reduce(state, 'ActionsDecided', {
          cause: 0,
          decider: 'agent@1',
          actions: [],
          refusal: { reason: 'InvalidSpec', message: '' },
        });
      const refused = observe({ image: '' }, accepted);
      expect(by.decide(refused).refusal?.message).to.equal('spec.image must not be empty');
      expect(by.decide(recorded(refused)).refusal).to.equal(undefined);
      expect(by.decide(observe({ image: '' }, recorded(refused))).refusal).to.equal(undefined);
      expect(by.decide(observe({ image: 'a b' }, recorded(refused))).refusal?.reason).to.equal('InvalidSpec');
    });
  });
});
