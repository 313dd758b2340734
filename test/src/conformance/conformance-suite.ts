import { randomBytes } from 'node:crypto';
import { ApiClient } from './api-client.js';
import { CASES } from './cases/index.js';
import {
  type Area,
  type CaseContext,
  type ConformanceCase,
  type Provision,
  untilAsync,
} from './conformance-case.js';

/** A server to judge. */
export interface ServerUnderTest {
  /** Text of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** What there is besides the API. Default: what is found. */
  readonly provides?: readonly Provision[];
  /** Makes a position of `/api/v1/configmaps` that is too old to watch from. Default `1`: older than the server's start. */
  readonly expiredVersion?: () => string;
  /** An image with /bin/sh and cat that its node can run. Default `busybox:1.37`. */
  readonly image?: string;
  stop?(): Promise<void>;
}

export interface ConformanceSuiteOptions {
  readonly name: string;
  readonly start: () => Promise<ServerUnderTest>;
  /** Which areas to judge, by their names; default all. */
  readonly includes?: (area: string) => boolean;
  /** Cases that are known to come out otherwise here, by their titles (`area: case`), with the reason. */
  readonly expectedDifferences?: Readonly<Record<string, string>>;
}

/** How long a cluster's controllers may take to make the ServiceAccount of a new namespace. */
const CONTROLLERS_TIMEOUT_MS = 5_000;

/**
 * What Rynxs and `kubectl` rely on in a Kubernetes API, as one suite for any server. A case that is listed as different must
 * fail: when it does not, the list is out of date, and the suite says so.
 */
export function conformanceSuite(options: ConformanceSuiteOptions): void {
  const { name, start, includes = () => true, expectedDifferences = {} } = options;
  describe(`Kubernetes API: ${name}`, () => {
    let server: ServerUnderTest | undefined;
    let api: ApiClient;
    let provides: ReadonlySet<Provision>;

    before(async () => {
      server = await start();
      api = new ApiClient(server.kubeconfig);
      provides = new Set(server.provides ?? (await found(api)));
    });
    after(async () => {
      // Undefined when it could not be started, which is told already.
      api?.[Symbol.dispose]();
      await server?.stop?.();
    });

    it('is compared by cases that exist', () => {
      const titles = new Set(CASES.flatMap((area) => area.cases.map((each) => titleOf(area, each))));
      const unknown = Object.keys(expectedDifferences).filter((title) => !titles.has(title));
      if (unknown.length > 0) throw new Error(`expected-differences names no case: ${unknown.join('; ')}`);
    });

    for (const area of CASES.filter((each) => includes(each.name))) {
      describe(area.name, () => {
        let context: CaseContext;
        before(async () => {
          const namespace = await makeNamespace(api, provides);
          const expiredVersion = () => server?.expiredVersion?.() ?? '1';
          context = { api, namespace, expiredVersion, image: server?.image ?? 'busybox:1.37', cleanUp: [] };
        });
        after(async () => {
          for (const step of context.cleanUp.reverse()) await step();
          await api.call('DELETE', `/api/v1/namespaces/${context.namespace}`);
        });

        for (const each of area.cases) {
          it(each.title, async function () {
            if (each.needs !== undefined && !provides.has(each.needs)) this.skip();
            await judge(each, context, expectedDifferences[titleOf(area, each)]);
          });
        }
      });
    }
  });
}

function titleOf(area: Area, { title }: ConformanceCase): string {
  return `${area.name}: ${title}`;
}

async function judge(
  { run }: ConformanceCase,
  context: CaseContext,
  reason: string | undefined,
): Promise<void> {
  if (reason === undefined) return run(context);
  try {
    await run(context);
  } catch {
    return;
  }
  throw new Error(`no longer differs: take it out of expected-differences (there: ${reason})`);
}

/** A namespace of its own, in which pods can be made: with a ServiceAccount also where no controller makes one. */
async function makeNamespace(api: ApiClient, provides: ReadonlySet<Provision>): Promise<string> {
  const name = `conformance-${randomBytes(4).toString('hex')}`;
  await api.ok('POST', '/api/v1/namespaces', { metadata: { name } });
  const accounts = `/api/v1/namespaces/${name}/serviceaccounts`;
  if (!provides.has('controllers')) await api.call('POST', accounts, { metadata: { name: 'default' } });
  else
    await untilAsync(
      async () => (await api.call('GET', `${accounts}/default`)).code === 200,
      'the ServiceAccount',
    );
  return name;
}

/** Finds out what runs beside the API server. */
async function found(api: ApiClient): Promise<readonly Provision[]> {
  const name = `conformance-${randomBytes(4).toString('hex')}`;
  await api.ok('POST', '/api/v1/namespaces', { metadata: { name } });
  try {
    const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    await untilAsync(
      async () => (await api.call('GET', account)).code === 200,
      'the ServiceAccount',
      CONTROLLERS_TIMEOUT_MS,
    );
  } catch {
    return [];
  } finally {
    await api.call('DELETE', `/api/v1/namespaces/${name}`);
  }
  const nodes = await api.ok('GET', '/api/v1/nodes');
  const isReady = (node: { status: { conditions?: { type: string; status: string }[] } }) =>
    node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return nodes.items.some(isReady) ? ['controllers', 'node'] : ['controllers'];
}
