import type { LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import type { AuditedRequest } from '../cluster/real-cluster.js';
import { ChildrenMade, type ClusterWrite, trafficOf, WriteOrder } from './cluster-writes.js';

const REPLICAS = ['replica-a', 'replica-b'];
const TERMS = [
  { epoch: 1, replica: 'replica-a', firstSeq: 0, beganAtMs: 1_000, hasEnded: false },
  { epoch: 2, replica: 'replica-b', firstSeq: 9, beganAtMs: 2_000, hasEnded: false },
];

describe('the traffic of replicas, by the audit log', () => {
  it('is what they changed, in order, apart from what was refused and from the Lease', () => {
    const { writes, refused, leaseRequests } = trafficOf(
      [
        audited('replica-b', 'create', 'deployments', 201, 3_000),
        audited('replica-a', 'update', 'configmaps', 200, 1_500),
        audited('replica-a', 'update', 'configmaps', 409, 1_600),
        audited('replica-a', 'get', 'configmaps', 200, 1_700),
        audited('replica-b', 'update', 'leases', 200, 1_800),
        audited('somebody', 'delete', 'deployments', 200, 1_900),
      ],
      REPLICAS,
    );
    expect(writes.map(({ replica, what }) => `${replica}: ${what}`)).to.deep.equal([
      'replica-a: update configmaps in fleet: agent-001',
      'replica-b: create deployments in fleet: agent-001',
    ]);
    expect(refused).to.deep.equal({ 'replica-a': 1 });
    expect(leaseRequests).to.deep.equal({ 'replica-b': 1 });
  });
});

describe('the order of writes', () => {
  it('is good when each replica writes in its own term', () => {
    expect(
      new WriteOrder().follow([write('replica-a', 1_500), write('replica-b', 2_500)], TERMS),
    ).to.deep.equal([]);
  });

  it('is good when a leader still writes after the next term began, and before that writes', () => {
    const writes = [write('replica-a', 1_500), write('replica-a', 2_100), write('replica-b', 2_500)];
    expect(new WriteOrder().follow(writes, TERMS)).to.deep.equal([]);
  });

  it('is wrong when a replica writes after a later term has written, also rounds later', () => {
    const order = new WriteOrder();
    expect(order.follow([write('replica-a', 1_500), write('replica-b', 2_500)], TERMS)).to.deep.equal([]);
    expect(order.follow([write('replica-a', 9_000)], TERMS)[0]).to.contain('after epoch 2 of replica-b');
  });

  it('is wrong when a replica writes before its term, or without one', () => {
    expect(new WriteOrder().follow([write('replica-b', 1_500)], TERMS)).to.have.length(1);
    expect(new WriteOrder().follow([write('replica-c', 2_500)], TERMS)).to.have.length(1);
  });

  it('counts what was sent before a cut and came after it, by that replica alone', () => {
    const order = new WriteOrder();
    const cut = { replica: 'replica-a', fromMs: 1_600, toMs: 4_000 };
    const writes = [write('replica-a', 1_500), write('replica-b', 2_500), write('replica-a', 4_100)];
    expect(order.follow(writes, TERMS, cut)).to.deep.equal([]);
    expect(order.late).to.equal(1);
    // It may come as late as in the next round.
    expect(order.follow([write('replica-a', 9_000)], TERMS)).to.deep.equal([]);
    expect(order.late).to.equal(2);
    expect(order.follow([write('replica-a', 60_000)], TERMS)).to.have.length(1);
    expect(order.follow([write('replica-c', 4_100)], TERMS)).to.have.length(1);
  });
});

describe('the children that were made', () => {
  const agents = new Set(['agent-001']);
  const made = { ...write('replica-a', 1_500), made: 'Deployment/agent-001' };

  it('are good once, when that was decided', () => {
    expect(new ChildrenMade().follow([made], [decision('agent-001')], agents)).to.deep.equal([]);
  });

  it('are wrong twice', () => {
    const children = new ChildrenMade();
    children.follow([made], [decision('agent-001')], agents);
    expect(children.follow([made], [decision('agent-001')], agents)).to.deep.equal([
      'Deployment/agent-001 was made 2 times, at last by replica-a',
    ]);
  });

  it('are wrong off the record', () => {
    expect(new ChildrenMade().follow([made], [decision('agent-002')], agents)).to.deep.equal([
      'Deployment/agent-001 was made by replica-a off the record',
    ]);
  });
});

function audited(
  username: string,
  verb: string,
  resource: string,
  code: number,
  atMs: number,
): AuditedRequest {
  const time = new Date(atMs).toISOString();
  return {
    verb,
    requestURI: '/',
    user: { username },
    stage: 'ResponseComplete',
    objectRef: { resource, namespace: 'fleet', name: 'agent-001' },
    responseStatus: { code },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}

function write(replica: string, atMs: number): ClusterWrite {
  return {
    replica,
    atMs,
    receivedAtMs: atMs,
    what: 'update configmaps in fleet: agent-001',
    made: undefined,
  };
}

function decision(name: string): LogEvent {
  const action = { verb: 'create', kind: 'Deployment', name };
  return {
    seq: 1,
    type: 'ActionsDecided',
    aggregate_id: `agents/fleet/${name}`,
    hash_version: 'v3',
    meta: { batch: 'b', end: true, epoch: 1, trace_id: 't', writer: 'replica-a_1' },
    payload: { v: 1, actions: [action] },
    ts: '2026-01-01T00:00:00.000Z',
  };
}
