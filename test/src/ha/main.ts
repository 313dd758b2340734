import { parseArgs } from 'node:util';
import { oneOf, positive, runLong } from '../long-run-command.js';
import { chaos } from './chaos.js';
import { FAULTS, type FaultName } from './faults.js';
import { summaryOf } from './summary.js';
import { TIMINGS, type TimingsName } from './timings.js';

const USAGE = `npm run ha-chaos [-- OPTIONS]

Three replicas of the operator on a real Kubernetes API and a real S3 server, while users make and change Agents. Has one
fault after another come over them, and judges after each what they did: one leader, one writer in each epoch, the log
verifies, no child made twice, no Agent missed, no write by a replica that does not lead. As root each replica has a
network namespace of its own; else cuts are made by proxies.

  --rounds N     how many faults; default 100
  --seed S       of all choices; default by the clock
  --only NAMES   only these faults, separated by commas:
                 ${FAULTS.join(', ')}
  --agents N     how many there are at most; default 200
  --rate N       operations of users a second; default 8
  --timings T    of the leader election: default (15 s, 10 s, 2 s) or short (6 s, 3 s, 0.7 s)
  --output F     text or json; progress goes to stderr
  --keep DIR     where what the replicas printed is written to

Interrupted, it tells of the rounds that came to their end.
Exit code: 0 passed, 1 failed, 2 bad arguments, 130 interrupted.
`;

process.exitCode = await runLong({
  usage: USAGE,
  readArguments,
  run: async ({ rate: operationsPerSecond, output, help: _, ...options }, signal, progress) => {
    progress(`seed ${options.seed}`);
    const result = await chaos({ ...options, operationsPerSecond, signal, progress });
    return {
      text: output === 'json' ? `${JSON.stringify(result)}\n` : summaryOf(result),
      isPassed: result.problems.length === 0,
      isInterrupted: result.isInterrupted,
    };
  },
});

function readArguments() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string' },
      agents: { type: 'string', default: '200' },
      rate: { type: 'string', default: '8' },
      timings: { type: 'string', default: 'default' },
      output: { type: 'string', default: 'text' },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    rounds: positive('rounds', values.rounds, 'whole'),
    seed: positive('seed', values.seed, 'whole'),
    only: values.only?.split(',').map((name) => oneOf<FaultName>('only', name, FAULTS)),
    agents: positive('agents', values.agents, 'whole'),
    rate: positive('rate', values.rate),
    timings: oneOf('timings', values.timings, Object.keys(TIMINGS) as TimingsName[]),
    output: oneOf('output', values.output, ['text', 'json'] as const),
    keep: values.keep,
    help: values.help,
  };
}
