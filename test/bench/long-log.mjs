import { AgentReconciler } from '@rynxs/agent-sandbox';
import { Projection } from '@rynxs/kernel';
import { NoteSigner } from '@rynxs/log';
import { fileStore, openEventLog } from './event-log.mjs';

const AGENTS = 200;
const CHILDREN = ['ConfigMap', 'PersistentVolumeClaim', 'NetworkPolicy', 'Deployment'];
const TRACE = '0123456789abcdef0123456789abcdef';

const reconciler = new AgentReconciler({ defaultWorkspaceSize: 1_073_741_824 });

/** State as the operator builds it. */
export function agentProjection() {
  return new Projection([reconciler]);
}

/**
 * A signed log of at least `records` records as an operator writes them over a long time: 200 Agents whose specs change,
 * decisions, their outcomes, drift. Ends with a snapshot and a clean stop. Resolves to its directory and keys.
 */
export async function longLog(directory, records) {
  const signer = NoteSigner.generate('bench');
  const keys = { signer, trusted: [signer.verifier] };
  const projection = agentProjection();
  const onRecord = (record) => projection.apply(record);
  const { log, term, close } = await openEventLog(fileStore(directory), {
    keys,
    onRecord,
    snapshots: projection,
  });
  await term.append([configuration()]);
  for (let round = 0; log.head().nextSeq < records; round += 1) {
    // The writer takes them in this order, so the numbers that they will have are known.
    let { nextSeq } = log.head();
    const appends = [];
    for (let agent = 0; agent < AGENTS; agent += 1) {
      const drafts = reconcile(agent, round, nextSeq);
      nextSeq += drafts.length;
      appends.push(term.append(drafts));
    }
    await Promise.all(appends);
  }
  const size = log.head().nextSeq;
  await close();
  return { directory, keys, records: size + 1 };
}

/** What a term begins with: the reducer reads its settings from the log. */
function configuration() {
  const { name, version, configuration: settings } = reconciler;
  const payload = { v: 1, reconcilers: { [name]: { version, configuration: settings } } };
  return { type: 'ConfigurationObserved', aggregateId: 'log', traceId: TRACE, payload };
}

/** One change of an Agent, and all that follows; the first of the events will be `seq`. */
function reconcile(agent, round, seq) {
  const name = `agent-${agent}`;
  const draft = (type, payload) => ({
    type,
    aggregateId: `agents/default/${name}`,
    traceId: TRACE,
    payload: { v: 1, ...payload },
  });
  const uid = `00000000-0000-4000-8000-${String(agent).padStart(12, '0')}`;
  const metadata = { name, namespace: 'default', uid, creationTimestamp: '2026-01-01T00:00:00Z' };
  const spec = reconciler.observe({ metadata, spec: { role: 'sandbox', image: `example/agent:v${round}` } });
  const digest = `sha256:${String(round).padStart(64, '0')}`;
  const actions = CHILDREN.map((kind) => ({
    verb: round === 0 ? 'create' : 'update',
    child: `${kind}/${name}`,
    api_version: kind === 'Deployment' ? 'apps/v1' : 'v1',
    kind,
    namespace: 'default',
    name,
    uid: round === 0 ? null : `${uid}-${kind}`,
    digest,
  }));
  const applied = CHILDREN.map((kind, action) =>
    draft('ActionApplied', {
      decision: seq + 1,
      action,
      child: `${kind}/${name}`,
      verb: actions[action].verb,
      uid: `${uid}-${kind}`,
    }),
  );
  const drift = draft('DriftObserved', {
    child: `Deployment/${name}`,
    uid: `${uid}-Deployment`,
    paths: ['/spec/replicas'],
    digests: { desired: digest, observed: digest },
  });
  return [
    draft('AgentObserved', {
      uid,
      generation: round + 1,
      spec,
      manager: 'kubectl',
      managed_at: '2026-01-01T00:00:00Z',
    }),
    draft('ActionsDecided', { cause: seq, decider: 'agent@2', actions, refusal: null }),
    ...applied,
    drift,
  ];
}
