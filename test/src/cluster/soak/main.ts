import { parseArgs } from 'node:util';
import { oneOf, positive, runLong } from '../../long-run-command.js';
import { type SoakResult, soak } from './soak.js';

const USAGE = `npm run soak [-- OPTIONS]

Has users, others and faults at work on a real Kubernetes API while the operator runs; then compares what there is with
what the specs ask for.

  --minutes N    how long; default 30
  --seed S       of all choices; default by the clock
  --agents N     how many there are at a time; default 300
  --rate N       operations a second; default 4
  --output F     text or json; progress goes to stderr
  --keep DIR     where the event log and what the operator printed are copied to, if something is wrong

Exit code: 0 passed, 1 failed, 2 bad arguments, 130 interrupted.
`;

process.exitCode = await runLong({
  usage: USAGE,
  readArguments,
  run: async ({ rate: operationsPerSecond, output, help: _, ...options }, signal, progress) => {
    progress(`seed ${options.seed}`);
    const result = await soak({ ...options, operationsPerSecond, signal, progress });
    return {
      text: output === 'json' ? `${JSON.stringify(result)}\n` : summary(result),
      isPassed: result.problems.length === 0,
    };
  },
});

function readArguments() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      agents: { type: 'string', default: '300' },
      rate: { type: 'string', default: '4' },
      output: { type: 'string', default: 'text' },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    ...values,
    minutes: positive('minutes', values.minutes),
    seed: positive('seed', values.seed, 'whole'),
    agents: positive('agents', values.agents, 'whole'),
    rate: positive('rate', values.rate),
    output: oneOf('output', values.output, ['text', 'json']),
  };
}

function summary(result: SoakResult): string {
  const { traffic, usage, problems } = result;
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const slope = usage?.isJudged === true ? '' : ' (too short to judge)';
  return [
    `seed ${result.seed}, ${result.minutes} min, ${result.agents} Agents`,
    `operations: ${result.operations} (${counted(result.operationsByKind)}); ${result.missed} nobody answered`,
    `faults: ${counted(result.faults)}`,
    `as the specs say after ${result.convergedSeconds.toFixed(1)} s; ` +
      `then ${result.idleWrites} writes, and ${result.restartWrites} after a restart`,
    `requests: ${traffic.requests} of ${traffic.allowed} allowed, ${traffic.perSecond.toFixed(1)}/s, ` +
      `busiest second ${traffic.busiestSecond}, the same within 10 s at most ${traffic.hottest.times} (${traffic.hottest.request})`,
    usage === undefined
      ? 'memory: not sampled'
      : `memory: ${usage.residentMb.toFixed(0)} MB, at most ${usage.highestMb.toFixed(0)} MB, ` +
        `${usage.mbPerHour.toFixed(1)} MB/h over ${usage.judgedMinutes} min${slope}; ` +
        `handles: ${usage.handles}, ${usage.moreHandles} more at the end`,
    ...(problems.length === 0 ? ['passed'] : ['FAILED:', ...problems.map((problem) => `  ${problem}`)]),
    '',
  ].join('\n');
}
