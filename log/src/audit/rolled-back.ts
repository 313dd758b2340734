import { Damage } from '../damage.js';

/** The records verify, but they are fewer than, or not the ones that, a trusted checkpoint or an anchor covers. */
export class RolledBack extends Damage {
  /** How many records the log is known to have had. */
  readonly knownSize: number;
  /** Time of the last record that is there; undefined when none is. */
  readonly lastTs: string | undefined;
  /** The signed checkpoint that shows it; undefined when it is the log's own TailAdopted. */
  readonly checkpoint: string | undefined;

  constructor(
    kind: 'truncated' | 'rewritten',
    seq: number,
    detail: string,
    known: {
      readonly knownSize: number;
      readonly lastTs: string | undefined;
      readonly checkpoint: string | undefined;
    },
  ) {
    super({ kind, seq, lastGoodSeq: seq === 0 ? undefined : seq - 1, offset: 0, detail });
    this.knownSize = known.knownSize;
    this.lastTs = known.lastTs;
    this.checkpoint = known.checkpoint;
  }
}
