import { expect } from 'chai';
import { devFlags } from './dev-flags.js';

describe('the settings of rynxs dev', () => {
  it('are an embedded cluster, a log in files and loopback', () => {
    expect(devFlags({}, '/data', {})).to.deep.equal({
      EVENT_STORE_TYPE: 'file',
      LEADERSHIP_TYPE: 'standalone',
      CLUSTER_TYPE: 'embedded',
      LOG_DIR: '/data/logs',
      EMBEDDED_CLUSTER_DIR: '/data/cluster',
      EMBEDDED_CLUSTER_KUBECONFIG: '/data/kubeconfig',
      EMBEDDED_CLUSTER_PORT: '16443',
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '18080',
      HEALTH_PORT: '18081',
    });
  });

  it('leave to the environment what it says', () => {
    const flags = devFlags({}, '/data', { EVENT_STORE_TYPE: 'mine', METRICS_PORT: '9000', LOG_DIR: '/logs' });
    expect(flags).to.not.have.any.keys('EVENT_STORE_TYPE', 'METRICS_PORT', 'LOG_DIR');
  });

  it('take an empty variable for none', () => {
    expect(devFlags({}, '/data', { METRICS_PORT: '' })).to.include({ METRICS_PORT: '18080' });
  });

  it('obey the command line above the environment', () => {
    const env = { METRICS_PORT: '9000', EMBEDDED_CLUSTER_PORT: '1', HEALTH_PORT: '2', LOG_DIR: '/logs' };
    const flags = devFlags({ dataDir: 'x', port: 0, metricsPort: 3, healthPort: 4 }, '/x', env);
    expect(flags).to.include({
      EMBEDDED_CLUSTER_PORT: '0',
      METRICS_PORT: '3',
      HEALTH_PORT: '4',
      LOG_DIR: '/x/logs',
    });
  });

  it('are of the embedded cluster whatever the environment says', () => {
    expect(devFlags({}, '/data', { CLUSTER_TYPE: 'kubernetes' })).to.include({ CLUSTER_TYPE: 'embedded' });
  });
});
