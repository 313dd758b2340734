import type { ChaosResult, Round } from './chaos.js';
import { FAULTS } from './faults.js';

/** The result as a table for people: one line for each fault and whom it hit. */
export function summaryOf(result: ChaosResult): string {
  const { rounds, operations, problems } = result;
  const failed = rounds.filter((round) => round.problems.length > 0).length;
  const total = (count: (round: Round) => number) => rounds.reduce((sum, round) => sum + count(round), 0);
  return [
    `seed ${result.seed}, ${result.timings} timings, ${rounds.length} rounds, ${failed} with problems; ` +
      (result.namespaces ? 'each replica in a network of its own' : 'cuts made by proxies'),
    `Agents: ${operations.created} created, ${operations.changed} changes, ${operations.deleted} deleted, ` +
      `${result.missed} operations not answered; at most ${result.agents} at a time`,
    `${total(({ newTerms }) => newTerms)} terms, ${total(({ newRecords }) => newRecords)} records, ` +
      `${total(({ writes }) => writes)} changes of the cluster, ${total(({ refused }) => refused)} refused, ` +
      `${total(({ late }) => late)} late; ${total(({ ownEnds }) => ownEnds.length)} starts or runs that ended by themselves`,
    '',
    ...table(rounds),
    '',
    ...(problems.length === 0
      ? [result.isInterrupted ? 'nothing wrong so far' : 'passed']
      : ['FAILED:', ...problems.map((problem) => `  ${problem}`)]),
    '',
  ].join('\n');
}

const HEAD = [
  'FAULT',
  'HIT',
  'ROUNDS',
  'NEW TERM',
  'BAR, MS',
  'HELD TO IT',
  'NEXT TERM AFTER, MS (MIN / MEDIAN / MAX)',
  'NEXT LEADER ACTS AFTER, MS',
  'ALL SETTLED AFTER, MS',
] as const;

function table(rounds: readonly Round[]): readonly string[] {
  const rows = FAULTS.flatMap((name) =>
    [true, false].flatMap((hitLeader) => {
      const some = rounds.filter(({ fault }) => fault.name === name && fault.hitLeader === hitLeader);
      if (some.length === 0) return [];
      const hit = some[0]?.fault.victim === undefined ? 'all' : hitLeader ? 'leader' : 'follower';
      const renewed = some.filter(({ failoverMs }) => failoverMs !== undefined);
      return [
        [
          name,
          hit,
          String(some.length),
          String(renewed.length),
          String(some[0]?.barMs ?? '-'),
          some[0]?.barMs === undefined ? '-' : String(some.filter(({ isTimed }) => isTimed).length),
          range(some.map(({ failoverMs }) => failoverMs)),
          range(some.map(({ actsAfterMs }) => actsAfterMs)),
          range(some.map(({ calmMs, settledMs }) => calmMs + settledMs)),
        ],
      ];
    }),
  );
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [[...HEAD], ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Smallest, median and largest of what there is. */
function range(values: readonly (number | undefined)[]): string {
  const sorted = values.filter((value) => value !== undefined).sort((one, other) => one - other);
  if (sorted.length === 0) return '-';
  const at = (part: number) => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(0);
  return `${at(0)} / ${at(0.5)} / ${at(1)}`;
}
