import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import { RYNXS, RynxsProcess, runRynxs } from '../rynxs-process.js';
import { eventually } from './fault-fleet.js';
import { Ledger } from './fault-ledger.js';
import type { RealCluster } from './real-cluster.js';

/** A line that the operator has printed. */
export interface PrintedLine {
  readonly level: string;
  readonly msg: string;
  /** What failed. */
  readonly detail?: string;
}

/**
 * `rynxs start` in a process of its own, with its log in the cluster's directory, where the next one goes on. Nothing
 * in it is a test's: its clock, its pauses and its deadlines are real.
 */
export class FaultedOperator implements AsyncDisposable {
  readonly #cluster: RealCluster;
  readonly #process: RynxsProcess;

  private constructor(cluster: RealCluster, env: Readonly<Record<string, string>>) {
    this.#cluster = cluster;
    mkdirSync(directoryOf(cluster), { recursive: true });
    this.#process = new RynxsProcess([...RYNXS, 'start'], directoryOf(cluster), {
      CLUSTER_TYPE: 'kubernetes',
      LOG_DIR: join(directoryOf(cluster), 'logs'),
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
      HEALTH_PORT: '0',
      ...env,
    });
  }

  /** Starts one as the administrator, or with another kubeconfig, and resolves when it leads. */
  static async start(cluster: RealCluster, kubeconfig = cluster.kubeconfig): Promise<FaultedOperator> {
    const operator = new FaultedOperator(cluster, { KUBECONFIG: kubeconfig });
    try {
      await operator.#process.printed('"leading"');
    } catch (error) {
      await operator[Symbol.asyncDispose]();
      throw error;
    }
    return operator;
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.#process.output;
  }

  /** What it has printed so far; lines that are still being printed left out. */
  get lines(): readonly PrintedLine[] {
    const whole = this.output.split('\n').slice(0, -1);
    return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** Resolves when it has printed this. */
  printed(text: string): Promise<void> {
    return this.#process.printed(text);
  }

  /** Stops it as its administrator would. */
  async stop(): Promise<void> {
    this.#process.signal('SIGTERM');
    const { code, stderr } = await this.#process.ended();
    expect(code, stderr).to.equal(0);
  }

  /**
   * Stops it, and holds its log against itself, against the cluster, and against what the API server has seen of operators
   * in the namespace.
   */
  async assertNothingLostOrDoubled(namespace: string): Promise<void> {
    const directory = directoryOf(this.#cluster);
    const store = ['--store', `file://${join(directory, 'logs')}`, '--output', 'json'];
    const run = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await runRynxs([...args, ...store], directory);
      expect(code, `rynxs ${args.join(' ')}: ${stdout}${stderr}`).to.equal(0);
      return stdout;
    };
    const replay = ['replay', '--diff', '--kubeconfig', this.#cluster.kubeconfig];
    // What went in the cluster need not have reached the operator yet.
    await eventually('the log tells of all', async () => {
      const { code, stdout } = await runRynxs([...replay, ...store], directory);
      return code === 0 ? [] : [stdout];
    });
    await this.stop();
    const [records, audited] = await Promise.all([
      run('log', 'query'),
      this.#cluster.audit.since(),
      run('log', 'verify'),
      run(...replay),
    ]);
    const ledger = new Ledger();
    for (const record of records.trimEnd().split('\n')) ledger.enter(JSON.parse(record) as LogEvent);
    ledger.compare(audited, namespace);
    expect(ledger.faults).to.deep.equal([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

function directoryOf(cluster: RealCluster): string {
  return join(cluster.directory, 'operator');
}
