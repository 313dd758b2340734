import { printable } from '../terminal/printable.js';
import { formatBytes, formatCount, formatElapsed, formatNumber } from '../terminal/quantities.js';
import type { DamageReport, UntrustedReport, VerifyReport } from './verify-report.js';

const UNTRUSTED_SHOWN = 5;

/** The report for people, with what it does not claim. */
export function formatVerifyReport(report: VerifyReport): string {
  const rows = [
    ...describeLog(report),
    ...(report.damage === null ? [] : describeDamage(report.damage)),
    ...describeUnfinished(report),
    ...describeHistory(report),
    ...(report.intact && report.checked === 'all' ? describeTrust(report) : []),
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(13)} ${printable(value)}\n`).join('');
  const torn = report.damage?.in_last_commit === true ? LAST_COMMIT : '';
  const terms = report.damage?.kind === 'epoch_broken' ? TERMS : '';
  return `${verdict(report)}\n${lines}${terms}${torn}${completeness(report)}`;
}

type Row = readonly [name: string, value: string];

function verdict({ intact, checked, from_seq, elapsed_ms }: VerifyReport): string {
  if (!intact) return 'TAMPERED: the log is not as it was written; up to the last good record it is';
  const time = `checked in ${formatElapsed(elapsed_ms)}`;
  switch (checked) {
    case 'all':
      return `intact: every record is as it was written (${time})`;
    case 'chain':
      return `intact: the chain of all records holds (${time}; neither tree nor checkpoints were looked at)`;
    case 'part':
      return `intact from seq ${from_seq}: the chain holds from there (${time}; what is before was not looked at)`;
  }
}

function describeLog({ location, records, commits, bytes, head, root, epochs, log_id }: VerifyReport): Row[] {
  const rows: Row[] = [
    ['log', location],
    [
      'records',
      `${formatCount(records, 'record')} in ${formatCount(commits, 'commit')}, ${formatBytes(bytes)}`,
    ],
    ['head', head === null ? 'none' : `seq ${head.seq}, ${head.hash}`],
  ];
  if (root !== null) rows.push(['root', root]);
  if (epochs !== null) rows.push(['epochs', String(epochs)]);
  if (log_id !== null) rows.push(['log id', log_id]);
  return rows;
}

function describeDamage(damage: DamageReport): Row[] {
  const at = damage.known_size === null ? `, at byte ${damage.offset}` : '';
  const rows: Row[] = [
    ['first bad', `seq ${damage.first_bad_seq}${at}`],
    ['last good', damage.last_good_seq === null ? 'none' : `seq ${damage.last_good_seq}`],
    ['damage', `${damage.kind}: ${damage.detail}`],
  ];
  if (damage.known_size !== null) rows.push(['known size', formatCount(damage.known_size, 'record')]);
  if (damage.last_ts !== null) rows.push(['last record', `of ${damage.last_ts}`]);
  return rows;
}

function describeUnfinished({ unfinished }: VerifyReport): Row[] {
  if (unfinished === null) return [];
  const what = `${formatBytes(unfinished.bytes)} from seq ${unfinished.seq} on, being written or never finished`;
  return [['unfinished', `${what}; not part of the log`]];
}

function describeHistory({ keys, recoveries }: VerifyReport): Row[] {
  return [
    ...keys.map(({ vkey, added_at, retired_at }): Row => {
      const until = retired_at === null ? '' : `, retired at seq ${retired_at}`;
      return ['key', `${vkey}, added at seq ${added_at}${until}`];
    }),
    ...recoveries.map(
      ({ seq, lost_from, lost_to, reason }): Row => [
        'given up',
        `seq ${lost_from} to ${lost_to}, as recorded at seq ${seq}: ${reason}`,
      ],
    ),
  ];
}

function describeTrust(report: VerifyReport): Row[] {
  const rows: Row[] = [['signed_to', report.signed_to === null ? 'none' : `seq ${report.signed_to}`]];
  if (report.anchored_to !== null) rows.push(['anchored_to', `seq ${report.anchored_to}`]);
  rows.push(['unsigned_tail', formatCount(report.unsigned_tail, 'record')], ['trust', report.trust]);
  return [...rows, ...describeUntrusted(report.untrusted_checkpoints)];
}

function describeUntrusted(untrusted: readonly UntrustedReport[]): Row[] {
  if (untrusted.length === 0) return [];
  const named = untrusted.slice(0, UNTRUSTED_SHOWN).map(({ size, signers, reason }): Row => {
    const by = signers.length === 0 ? '' : ` by ${signers.join(', ')}`;
    return ['', `of ${size === null ? 'unknown size' : formatCount(size, 'record')}${by}: ${reason}`];
  });
  const more = untrusted.length - named.length;
  return [
    ['untrusted', `${formatCount(untrusted.length, 'checkpoint')} of the newest, which do not count`],
    ...named,
    ...(more > 0 ? [['', `and ${formatNumber(more)} more`] as const] : []),
  ];
}

/** What the verdict means for what may be missing. */
function completeness(report: VerifyReport): string {
  if (!report.intact) return '';
  const { proven_to, unsigned_tail, trust, checked } = report;
  if (proven_to !== null) {
    const proven = `Completeness is proven up to seq ${proven_to}: nothing up to there is missing or was replaced.\n`;
    return unsigned_tail === 0 ? proven : `${proven}${unprovenTail(unsigned_tail)}`;
  }
  if (checked !== 'all') return `Completeness is not proven: only the chain was checked. ${CONSEQUENCE}`;
  if (trust === 'key')
    return `Completeness is not proven: no checkpoint is signed by a key that was given. ${CONSEQUENCE}`;
  return `Completeness is not proven: without a trusted key (--key) no checkpoint counts. ${CONSEQUENCE}`;
}

function unprovenTail(records: number): string {
  const are = records === 1 ? 'is' : 'are';
  return `The ${formatCount(records, 'record')} after that ${are} chained to it, but not signed yet: there, records cut off at the
end of a commit, or rewritten as a whole, cannot be told from the original.
`;
}

const CONSEQUENCE = `Records cut off at the
end, or a log rewritten as a whole, cannot be told from the original.
`;
const TERMS = `Each epoch has one writer, and only an EpochStarted opens one. No Rynxs writes this: either the store let a second writer in, or
somebody wrote with its credentials. Stop every operator, keep a copy of the log, see \`rynxs log epochs\` for the terms before, find out who
wrote the record, and restore the log from a good copy: docs/SPLIT_BRAIN.md.
`;
const LAST_COMMIT = `This is the last commit: if the machine crashed while it was written, it was never acknowledged, and the
operator moves it aside when it starts, and records that. Otherwise it was altered.
`;
