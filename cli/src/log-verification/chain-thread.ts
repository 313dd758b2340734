import { workerData } from 'node:worker_threads';
import { takeSlots } from '@rynxs/kernel/threads';
import { ChainVerifier, Damage, type VerifiedCommit } from '@rynxs/log';
import type { ChainAnswer, ChainTerms, VerifiedRun } from './chain-worker.js';

// The thread of a ChainWorker: verifies what it is given, and tells what has verified after each slot.

const { until, ...from } = workerData as ChainTerms;
const verifier = new ChainVerifier({ ...from, strict: false, onCommit: join });
let run: VerifiedRun | undefined;
let isDamaged = false;

const answer = takeSlots<ChainAnswer>({
  take: (lines) => unlessDamaged(() => verifier.push(lines)),
  told: () => unlessDamaged(() => answer({ summary: verifier.finish() })),
});

function unlessDamaged(step: () => void): void {
  if (isDamaged) return;
  try {
    step();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    isDamaged = true;
    answer({ damage: error.message });
  }
  tellRun();
}

function tellRun(): void {
  if (run !== undefined) answer({ run });
  run = undefined;
}

function join({ firstSeq, count, bytes, headHash }: VerifiedCommit): void {
  run = {
    firstSeq: run?.firstSeq ?? firstSeq,
    count: (run?.count ?? 0) + count,
    bytes: (run?.bytes ?? 0) + bytes,
    commits: (run?.commits ?? 0) + 1,
    headHash,
  };
  if (firstSeq + count === until) tellRun();
}
