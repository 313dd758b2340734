import { readdirSync, readFileSync } from 'node:fs';

/** Growth of more than this over the time that is judged is a leak, as a part of what there was. */
const MAX_GROWTH = 0.1;
/** Handles come and go with connections. */
const MAX_MORE_HANDLES = 8;
/** Less tells nothing: a young process grows until its caches are warm. */
const MIN_JUDGED_MS = 4 * 60_000;

interface Sample {
  readonly pid: number;
  readonly atMs: number;
  readonly residentMb: number;
  readonly handles: number;
}

export interface UsageResult {
  /** Of the last process, over the second half of its life. */
  readonly judgedMinutes: number;
  readonly residentMb: number;
  readonly highestMb: number;
  /** Slope of its memory, in MB an hour. */
  readonly mbPerHour: number;
  readonly handles: number;
  /** How many more handles it had at the end of that time than at its beginning. */
  readonly moreHandles: number;
  readonly problems: readonly string[];
  /** Whether the time was long enough to judge the slopes. */
  readonly isJudged: boolean;
}

/** What a process holds, sampled over time. Linux. */
export class Usage {
  readonly #samples: Sample[] = [];

  /** Takes a sample; returns undefined where the process is not there. */
  sample(pid: number): Sample | undefined {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      if (kib === undefined) return undefined;
      const handles = readdirSync(`/proc/${pid}/fd`).length;
      const sample = { pid, atMs: performance.now(), residentMb: (Number(kib) * 1024) / 1e6, handles };
      this.#samples.push(sample);
      return sample;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') return undefined;
      throw error;
    }
  }

  /** Judges the second half of the life of the process that was sampled last; undefined without samples. */
  result(): UsageResult | undefined {
    const last = this.#samples.at(-1);
    const first = this.#samples.find(({ pid }) => pid === last?.pid);
    if (last === undefined || first === undefined) return undefined;
    const half = (first.atMs + last.atMs) / 2;
    const judged = this.#samples.filter(({ pid, atMs }) => pid === last.pid && atMs >= half);
    const judgedMs = last.atMs - half;
    const residentMb = median(judged.map((sample) => sample.residentMb));
    const mbPerMs = slope(judged.map(({ atMs, residentMb }) => [atMs, residentMb]));
    const third = Math.ceil(judged.length / 3);
    const handles = judged.map((sample) => sample.handles);
    const moreHandles = median(handles.slice(-third)) - median(handles.slice(0, third));
    const grown = mbPerMs * judgedMs;
    const isJudged = judgedMs >= MIN_JUDGED_MS;
    const problems: string[] = [];
    if (isJudged && grown > MAX_GROWTH * residentMb)
      problems.push(
        `its memory grew by ${grown.toFixed(1)} MB within ${minutes(judgedMs)} min, more than a tenth of ${residentMb.toFixed(0)} MB`,
      );
    if (isJudged && moreHandles > MAX_MORE_HANDLES)
      problems.push(`it had ${moreHandles} handles more at the end of ${minutes(judgedMs)} min`);
    return {
      judgedMinutes: Number(minutes(judgedMs)),
      residentMb,
      highestMb: Math.max(...this.#samples.map((sample) => sample.residentMb)),
      mbPerHour: mbPerMs * 3_600_000,
      handles: median(handles),
      moreHandles,
      problems,
      isJudged,
    };
  }
}

/** The median of the slopes between all pairs of points (Theil–Sen): a few outliers do not move it. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).map(([laterX, laterY]) => (laterY - y) / (laterX - x)),
  );
  return slopes.length === 0 ? 0 : median(slopes);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function minutes(ms: number): string {
  return (ms / 60_000).toFixed(1);
}
