import { type Ended, ROOT, RynxsProcess } from '../rynxs-process.js';
import { programOf } from './real-cluster/programs.js';

/** The major versions of Helm that the chart is for. */
export const HELM_VERSIONS = [3, 4] as const;
export type HelmVersion = (typeof HELM_VERSIONS)[number];

const VARIABLES: Readonly<Record<HelmVersion, string>> = { 3: 'RYNXS_TEST_HELM3', 4: 'RYNXS_TEST_HELM4' };

/** A real helm, run in the root of the repository, where the documents have their readers be. */
export class Helm {
  readonly #program: string;
  readonly #env: Readonly<Record<string, string>>;

  /** What helm keeps about itself goes to the directory `home`. Without a kubeconfig it can lint and render. */
  constructor(
    readonly version: HelmVersion,
    home: string,
    kubeconfig?: string,
  ) {
    this.#program = programOf(VARIABLES[version]);
    this.#env = { HOME: home, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) };
  }

  /** Runs it to its end, however that is. */
  async end(...args: readonly string[]): Promise<Ended> {
    await using process = new RynxsProcess([this.#program, ...args], ROOT, this.#env);
    return await process.ended();
  }

  /** What it prints; rejects with all of its words when it fails. */
  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.end(...args);
    if (code === 0) return stdout;
    throw new Error(`helm ${this.version}: helm ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }
}
