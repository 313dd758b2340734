import { Damage, type DamageDetails, type LogPositionState, RolledBack } from '@rynxs/log';

/** What an AuditThread begins with. */
export interface AuditTerms {
  readonly position: LogPositionState;
  /** Verifier keys. */
  readonly trusted: readonly string[];
  readonly checkpoints: readonly string[];
  readonly anchors: readonly string[];
}

/** Damage without its class, which does not travel between threads. */
export interface DamageMessage extends DamageDetails {
  readonly rolledBack?: Pick<RolledBack, 'knownSize' | 'lastTs' | 'checkpoint'>;
}

export interface AuditEnd {
  readonly position: LogPositionState;
  readonly signedTo: number;
  readonly rolledBack?: DamageMessage;
}

/** What the thread answers: damage as soon as it is found; that all was looked at; the end. */
export type AuditAnswer =
  | { readonly damage: DamageMessage }
  | { readonly settled: true }
  | { readonly end: AuditEnd };

/** What the thread is told. */
export const SETTLE = 'settle';
export const FINISH = 'finish';

export function damageMessage(damage: Damage): DamageMessage {
  const { kind, seq, lastGoodSeq, offset, detail } = damage;
  const details = { kind, seq, lastGoodSeq, offset, detail };
  if (!(damage instanceof RolledBack)) return details;
  const { knownSize, lastTs, checkpoint } = damage;
  return { ...details, rolledBack: { knownSize, lastTs, checkpoint } };
}

export function damageFrom({ rolledBack, ...details }: DamageMessage): Damage {
  return rolledBack === undefined ? new Damage(details) : rolledBackFrom({ ...details, rolledBack });
}

export function rolledBackFrom({ kind, seq, detail, rolledBack }: DamageMessage): RolledBack {
  if (rolledBack === undefined || (kind !== 'truncated' && kind !== 'rewritten')) {
    throw new TypeError(`${kind} is no roll-back`);
  }
  return new RolledBack(kind, seq, detail, rolledBack);
}
