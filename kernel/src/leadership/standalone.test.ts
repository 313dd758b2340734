import { SystemClock } from '../clock/system-clock.js';
import { SystemRandom } from '../random/system-random.js';
import { leadershipSuite } from '../testing/leadership-suite.js';
import { StandaloneLeadership } from './standalone.js';

leadershipSuite({
  name: 'standalone',
  create: async () => ({
    contender: async () => ({ leadership: new StandaloneLeadership(new SystemRandom(), new SystemClock()) }),
    dispose: async () => undefined,
  }),
});
