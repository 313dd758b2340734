import { open } from 'node:fs/promises';

/** What the API server wrote down about a request (audit.k8s.io/v1 Event), as far as tests read it. */
export interface AuditedRequest {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  /** `ResponseStarted` of a watch that goes on, else `ResponseComplete`. */
  readonly stage: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly apiVersion?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  /** RFC 3339, microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** Reads the API server's own record of its requests. It writes each before it answers. */
export class AuditLog {
  constructor(readonly file: string) {}

  /** Place of the log's end, for `since`. */
  async end(): Promise<number> {
    await using file = await open(this.file);
    return (await file.stat()).size;
  }

  /**
   * The requests that were written after that place, in that order; all of them without it. A line that is being written is
   * left out: nobody has got that answer yet.
   */
  async since(place = 0): Promise<readonly AuditedRequest[]> {
    await using file = await open(this.file);
    const requests: AuditedRequest[] = [];
    let last: string | undefined;
    // From the end of the line before, which is left out: it may have been under way when that place was asked for.
    let isRest = place > 0;
    for await (const line of file.readLines({ start: Math.max(0, place - 1) })) {
      if (last !== undefined) requests.push(JSON.parse(last));
      last = isRest ? undefined : line;
      isRest = false;
    }
    if (last !== undefined && isWhole(last)) requests.push(JSON.parse(last));
    return requests;
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
