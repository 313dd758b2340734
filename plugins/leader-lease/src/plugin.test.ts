import { hasCode, LEADERSHIP, type RynxsError, type RynxsErrors } from '@rynxs/kernel';
import { startTestKernel } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import plugin, { LEASES } from './index.js';

const { signal } = new AbortController();

describe('the plugin leader-lease', () => {
  it('campaigns for the Lease of its place, under the name of its pod', async () => {
    const env = { POD_NAMESPACE: 'rynxs-system', RYNXS_SHARD: 'west', POD_NAME: 'rynxs-0' };
    await using kernel = await startTestKernel({ plugins: [plugin], env });
    for await (const tenure of kernel.get(LEADERSHIP).campaign(signal)) {
      expect(tenure.holder).to.match(/^rynxs-0_/);
      expect(tenure.writeTimeoutMs).to.equal(1_200);
      const key = { namespace: 'rynxs-system', name: 'rynxs-operator-leader-west' };
      expect((await kernel.cluster.get(LEASES, key, { signal })).spec).to.include({
        holderIdentity: tenure.holder,
        leaseDurationSeconds: 15,
      });
      break;
    }
  });

  it('takes durations, and seconds under the names that say so', async () => {
    const env = {
      LEADER_ELECTION_LEASE_DURATION_SECONDS: '30',
      LEADER_ELECTION_RENEW_DEADLINE: '20s',
      LEADER_ELECTION_REQUEST_TIMEOUT_SECONDS: '2',
    };
    await using kernel = await startTestKernel({ plugins: [plugin], env });
    for await (const tenure of kernel.get(LEADERSHIP).campaign(signal)) {
      expect(tenure.writeTimeoutMs).to.equal(2_000);
      expect(tenure.holdOffMs).to.equal(30_000);
      break;
    }
  });

  it('refuses timings that let two lead at a time, with the sum', async () => {
    const env = { LEADER_ELECTION_LEASE_DURATION: '14s' };
    const failure = await startTestKernel({ plugins: [plugin], env }).catch((error: unknown) => error);
    const [{ cause, message = '' } = {} as Partial<RynxsError>] = (failure as RynxsErrors).errors;
    expect(hasCode(cause, 'RYNXS_CONFIG_INVALID')).to.equal(true);
    expect(message).to.include('LEADER_ELECTION_LEASE_DURATION');
    expect(message).to.include('= 14.68s must be less than leaseDuration 14s');
  });
});
