import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { Helm, type HelmVersion } from '../cluster/helm.js';
import { type ChartObject, RenderedChart } from './rendered-chart.js';

/** The chart as users name it in the root of the repository. */
export const CHART = './helm/rynxs';

/** Helms that run at the same time. */
const JOBS = 4;

/** Values as a user writes them, by their names. */
export interface Values {
  readonly [name: string]: unknown;
}

export interface RenderRequest {
  /** Default: `rynxs`. */
  readonly release?: string;
  /** Default: `rynxs`. */
  readonly namespace?: string;
  /** Version of Kubernetes to render for; default 1.34. */
  readonly kubernetes?: string;
  /** Files with values, relative to the root of the repository; earlier ones are overridden. */
  readonly files?: readonly string[];
  /** More values, which override those of files. */
  readonly values?: Values;
}

/** Renders the chart with a real helm, without a cluster. */
export class ChartRenderer implements Disposable {
  readonly helm: Helm;
  readonly #directory = mkdtempSync(join(tmpdir(), 'rynxs-chart-'));
  readonly #rendered = new Map<string, Promise<RenderedChart>>();
  #files = 0;

  constructor(version: HelmVersion = 4) {
    this.helm = new Helm(version, this.#directory);
  }

  /** What is rendered; once for each request. Rejects with what helm says when it is refused. */
  render(request: RenderRequest = {}): Promise<RenderedChart> {
    const key = JSON.stringify(request);
    const known = this.#rendered.get(key) ?? this.text(request).then(parseChart);
    this.#rendered.set(key, known);
    return known;
  }

  /** Renders several at a time, for those who ask for them later and then get what was rendered, or why it was refused. */
  async prepare(requests: Iterable<RenderRequest>): Promise<void> {
    const waiting = requests[Symbol.iterator]();
    const work = async () => {
      for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
        await this.render(next.value).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: JOBS }, work));
  }

  /** The manifests as they are printed. */
  text(request: RenderRequest = {}): Promise<string> {
    return this.helm.run(...this.#arguments(request));
  }

  /** What helm says to values that it refuses. Throws when it takes them. */
  async refusal(request: RenderRequest): Promise<string> {
    const { code, stderr } = await this.helm.end(...this.#arguments(request));
    if (code === 0) throw new Error(`these values were taken: ${JSON.stringify(request)}`);
    return stderr;
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }

  #arguments({ release = 'rynxs', namespace = 'rynxs', kubernetes = '1.34', ...request }: RenderRequest) {
    const files = [...(request.files ?? []), ...this.#valuesFile(request.values)];
    return [
      ...['template', release, CHART, '--namespace', namespace, '--kube-version', `v${kubernetes}.0`],
      ...files.flatMap((file) => ['--values', file]),
    ];
  }

  #valuesFile(values: Values | undefined): readonly string[] {
    if (values === undefined) return [];
    this.#files += 1;
    const file = join(this.#directory, `values-${this.#files}.json`);
    writeFileSync(file, JSON.stringify(values));
    return [file];
  }
}

function parseChart(text: string): RenderedChart {
  const documents = parseAllDocuments(text);
  for (const { errors } of documents) {
    const [error] = errors;
    if (error !== undefined) throw error;
  }
  const objects = documents.map((document) => document.toJS() as ChartObject | null);
  return new RenderedChart(objects.filter((object) => object !== null));
}
