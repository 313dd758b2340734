import type { OutputFormat } from '../terminal/output-format.js';

/** Options of `rynxs dev`, as the command line gives them. */
export interface DevOptions {
  /** Manifests to apply. */
  readonly files: readonly string[];
  readonly dataDir?: string;
  readonly port?: number;
  readonly metricsPort?: number;
  readonly healthPort?: number;
  /** rynxs.yaml. */
  readonly config?: string;
  /** How long agents may take to become Ready, in milliseconds. */
  readonly timeout: number;
  /** Stop when the agents are Ready and the log is verified. */
  readonly once: boolean;
  /** Show the operator's own log lines. */
  readonly verbose: boolean;
  readonly output: OutputFormat;
}
