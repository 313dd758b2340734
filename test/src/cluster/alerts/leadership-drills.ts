import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ROOT } from '../../rynxs-process.js';
import { userBoundTo } from '../rbac/bound-user.js';
import type { PolicyRule, RbacRules } from '../rbac/rules.js';
import type { Drill } from './drill.js';
import { jobOf } from './stage.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

const noLeader: Drill = {
  alert: 'RynxsNoLeader',
  fault: 'SIGKILL of the only replica',
  async run(stage, { fires, ends }) {
    const operator = await stage.replica(this.alert, await stage.bucket());
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    await operator.end('SIGKILL');
    await fires();
    operator.start();
    await ends();
  },
};

const splitBrain: Drill = {
  alert: 'RynxsSplitBrain',
  fault: 'a second operator of the same job, with another log and without an election',
  async run(stage, { fires, ends }) {
    const first = await stage.alone(this.alert, 'pod-0');
    await first.startLeading();
    await stage.isQuiet(this.alert);
    // Where the first one has its anchor, that of another log would be refused.
    const second = await stage.alone(this.alert, 'pod-1', { LOG_ANCHOR: 'none' });
    await second.startLeading();
    await fires();
    expect(await second.end()).to.equal(0);
    await ends();
  },
};

const leaderFlap: Drill = {
  alert: 'RynxsLeaderFlap',
  fault: 'the Lease of two replicas deleted whenever one leads',
  async run(stage, { fires, ends }) {
    const bucket = await stage.bucket();
    const replicas = [
      await stage.replica(this.alert, bucket, { pod: 'pod-0' }),
      await stage.replica(this.alert, bucket, { pod: 'pod-1' }),
    ];
    await replicas[0]?.startLeading();
    replicas[1]?.start();
    await stage.isQuiet(this.alert);
    await fires(() => stage.nextTerm(this.alert, replicas));
    await ends();
  },
};

const electionFailures: Drill = {
  alert: 'RynxsLeaderElectionFailuresHigh',
  fault: 'the rules on Leases taken out of the Role',
  async run(stage, { fires, ends }) {
    const { api } = stage.cluster;
    const namespace = jobOf(this.alert);
    const user = `${namespace}-operator`;
    const file = readFileSync(join(ROOT, 'helm/rynxs/files/rbac.yaml'), 'utf8');
    const rules = parse(file) as RbacRules;
    await api.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const kubeconfig = await userBoundTo(rules, user, namespace, stage.cluster);
    const operator = await stage.replica(this.alert, await stage.bucket(), { kubeconfig });
    await operator.startLeading();
    await stage.isQuiet(this.alert);
    const setRules = (namespaceRules: readonly PolicyRule[]) =>
      api.must('PATCH', `${RBAC}/namespaces/${namespace}/roles/${user}`, { rules: namespaceRules });
    await setRules(rules.namespaceRules.filter(({ resources }) => !resources?.includes('leases')));
    await fires();
    await setRules(rules.namespaceRules);
    await ends();
    await operator.leads();
  },
};

/** The longest first. */
export const LEADERSHIP_DRILLS: readonly Drill[] = [leaderFlap, noLeader, electionFailures, splitBrain];
