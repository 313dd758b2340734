import { Failure } from './errors.mjs';

const TYPES_SHOWN = 6;

/**
 * Verifies the whole log by `rynxs log verify` in a pod: every record, the Merkle tree, the checkpoints under the operator's
 * own key, and the anchor in the cluster. Throws a Failure when it is not intact, or nothing proves it complete.
 *
 * @param {import('./operator.mjs').Operator} operator
 */
export async function verifyLog(operator) {
  const proof = [];
  if (operator.setting('LOG_SIGNING_KEY_FILE') !== undefined) {
    const { vkey } = await operator.rynxs([
      'keys',
      'show',
      '--key',
      operator.setting('LOG_SIGNING_KEY_FILE'),
    ]);
    proof.push('--key', vkey);
  }
  if (operator.setting('LOG_ANCHOR') === 'configmap') proof.push('--anchor');
  const report = await operator.rynxs(['log', 'verify', ...proof], [0, 1, 2]);
  if (!report.intact)
    throw new Failure(`the log does not verify: ${report.damage.kind}, ${report.damage.detail}`);
  if (proof.length > 0 && report.proven_to === null) {
    throw new Failure('neither a checkpoint under the signing key nor the anchor covers any of the log');
  }
  return report;
}

export function describeVerified({ location, records, commits, signed_to, anchored_to, epochs }) {
  const anchored = anchored_to === null ? '' : `, anchored to ${anchored_to}`;
  return `${location}: ${records} records in ${commits} commits, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, signed to ${signed_to ?? 'none'}${anchored}`;
}

/** The most frequent types of records, with their numbers. */
export async function logSummary(operator) {
  const { by_type, records } = await operator.rynxs(['log', 'stats']);
  const shown = by_type.slice(0, TYPES_SHOWN).map(({ name, records: count }) => `${name} ${count}`);
  const more = by_type.length - shown.length;
  return { by_type, records, text: `${shown.join(', ')}${more > 0 ? ` and ${more} more types` : ''}` };
}

/**
 * The terms of the log, when they are continuous: numbered without a gap, each beginning at the record after the last one of
 * the term before. Throws a Failure when not.
 */
export async function continuousEpochs(operator) {
  const epochs = await operator.rynxs(['log', 'epochs']);
  const broken = discontinuity(epochs);
  if (broken !== undefined) throw new Failure(`the log is not continuous: ${broken}`);
  return epochs;
}

/** What is wrong with a sequence of terms; undefined when nothing is. */
export function discontinuity(epochs) {
  let [number, seq] = [epochs[0]?.epoch, 0];
  for (const { epoch, first_seq, last_seq, records } of epochs) {
    if (epoch !== number) return `epoch ${epoch} follows ${number - 1}`;
    if (first_seq !== seq) return `epoch ${epoch} begins with record ${first_seq} instead of ${seq}`;
    if (records !== last_seq - first_seq + 1)
      return `epoch ${epoch} has ${records} records from ${first_seq} to ${last_seq}`;
    number += 1;
    seq = last_seq + 1;
  }
  return epochs.length === 0 ? 'there is no epoch' : undefined;
}
