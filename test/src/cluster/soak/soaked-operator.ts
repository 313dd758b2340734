import { writeFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoteSigner } from '@rynxs/log';
import { type RynxsProcess, runRynxs } from '../../rynxs-process.js';
import { startOperator } from '../real-cluster/operator.js';
import { membershipOf } from '../real-cluster/processes.js';
import type { RealCluster } from '../real-cluster.js';

/** `rynxs start` with its defaults and a signed log, as a process that can be killed and started again. */
export class SoakedOperator implements AsyncDisposable {
  readonly #cluster: RealCluster;
  readonly #kubeconfig: string;
  readonly #keyFile: string;
  readonly #verifierKey: string;
  /** The processes before the one that runs now. */
  readonly #ended: RynxsProcess[] = [];
  #process: RynxsProcess | undefined;

  /** The kubeconfig is the operator's. */
  constructor(cluster: RealCluster, kubeconfig: string) {
    this.#cluster = cluster;
    this.#kubeconfig = kubeconfig;
    this.#keyFile = join(cluster.directory, 'log.key');
    const signer = NoteSigner.generate('soak');
    this.#verifierKey = signer.verifier.toString();
    writeFileSync(this.#keyFile, `${signer.export()}\n`, { mode: 0o600 });
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What the running process has printed. */
  get output(): string {
    return this.#process?.output ?? '';
  }

  /** Resolves when it leads. */
  async start(): Promise<void> {
    if (this.#process !== undefined) this.#ended.push(this.#process);
    this.#process = await startOperator(this.#cluster, {
      ...membershipOf(this.#cluster.directory, 'operator'),
      KUBECONFIG: this.#kubeconfig,
      LOG_SIGNING_KEY_FILE: this.#keyFile,
      LOG_LEVEL: 'info',
    });
  }

  /** Resolves to its exit code when it has ended. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#process?.signal(signal);
    return (await this.#process?.ended())?.code ?? null;
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  /** Copies the log and all that was printed into a directory. */
  async keep(directory: string): Promise<void> {
    await cp(join(this.#cluster.directory, 'operator'), directory, { recursive: true });
    const printed = [...this.#ended, this.#process].map((one) => one?.output ?? '');
    await writeFile(join(directory, 'printed.txt'), printed.join(''));
  }

  /** Verifies the log of the stopped operator, and replays it against the cluster; resolves to what is wrong. */
  async auditLog(): Promise<readonly string[]> {
    const directory = join(this.#cluster.directory, 'operator');
    const store = ['--store', `file://${join(directory, 'logs')}`];
    const commands = [
      ['log', 'verify', ...store, '--key', this.#verifierKey],
      ['replay', '--diff', ...store, '--kubeconfig', this.#cluster.kubeconfig],
    ];
    const problems: string[] = [];
    for (const command of commands) {
      const { code, stdout, stderr } = await runRynxs(command, directory);
      if (code !== 0)
        problems.push(`rynxs ${command.slice(0, 2).join(' ')} ended with ${code}: ${stdout}${stderr}`);
    }
    return problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }
}
