import { readCommits } from '../../log-reading/read-records.js';
import { formatAge, formatCount } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { failed, ok } from '../finding.js';

/** Whether the log begins as logs do, and its newest commit verifies. */
export const logCheck: Check = {
  name: 'log',
  parts: [
    async (installation, signal) => {
      const { store, head, identity } = await installation.knownLog();
      if (identity === undefined) {
        const text = `${store.location} holds records, and does not begin as a log does`;
        const remedy = 'Nothing was changed. Run `rynxs log verify`, and restore the log from a good copy.';
        return [failed(text, remedy)];
      }
      let ts: string | undefined;
      for await (const { records } of readCommits(store, head.nextSeq - 1, signal)) {
        ts = records.at(-1)?.event.ts;
      }
      const age = ts === undefined ? 'of unknown age' : `${formatAge(Date.now() - Date.parse(ts))} old`;
      const count = formatCount(head.nextSeq, 'record');
      return [ok(`log ${identity.logId} has ${count}; the newest commit verifies, and is ${age}`)];
    },
  ],
};
