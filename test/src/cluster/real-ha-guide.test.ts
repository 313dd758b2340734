import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalize, type Json, type LogEvent, NoteSigner, parseRecord, recordParts } from '@rynxs/log';
import { expect } from 'chai';
import { settingsOf, TIMINGS } from '../ha/timings.js';
import { type Ended, ROOT, RYNXS, RynxsProcess, runRynxs, TestDirectory } from '../rynxs-process.js';
import { chained } from '../tamper/edits.js';
import { RealCluster } from './real-cluster.js';
import { CREDENTIALS, S3Server } from './s3-server.js';

const PAGE = 'docs/SPLIT_BRAIN.md';
const NAMESPACE = 'rynxs-system';
/** What the page says for the reader to replace. */
const PLACES = {
  NAMESPACE: /^NAMESPACE=.*$/m,
  STORE: /^STORE=.*$/m,
  VKEY: /^VKEY=.*$/m,
} as const;

interface Step {
  readonly command: string;
  /** What the page shows of what the command prints. */
  readonly shown: string;
}

/**
 * The commands of the page, in its order, on what it describes: two replicas of which the first was killed while it led,
 * so that the second leads, and the first stands by again.
 */
describe(PAGE, function () {
  this.timeout(180_000);
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  let stack: AsyncDisposableStack;
  let directory: TestDirectory;
  let env: Readonly<Record<string, string>>;
  let store: string;
  let vkey: string;

  before(async () => {
    stack = new AsyncDisposableStack();
    directory = stack.use(new TestDirectory());
    const cluster = stack.use(await RealCluster.start({ crds: true }));
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    const s3 = stack.use(await S3Server.start('versitygw'));
    const bucket = await s3.createBucket();
    store = `s3://${bucket}/events`;
    const signer = NoteSigner.generate('rynxs');
    vkey = signer.verifier.toString();
    writeFileSync(path('log.key'), `${signer.export()}\n`, { mode: 0o600 });
    env = {
      ...CREDENTIALS,
      ...settingsOf(TIMINGS.short),
      S3_ENDPOINT: s3.endpoint,
      S3_BUCKET: bucket,
      EVENT_STORE_TYPE: 's3',
      LEADERSHIP_TYPE: 'lease',
      LOG_SIGNING_KEY_FILE: path('log.key'),
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
      HEALTH_PORT: '0',
      POD_NAMESPACE: NAMESPACE,
      KUBECONFIG: cluster.kubeconfig,
    };
    const first = startReplica('rynxs-0');
    await first.printed('"leading"');
    const second = startReplica('rynxs-1');
    await second.printed('campaigning for leadership');
    first.signal('SIGKILL');
    await first.ended();
    await second.printed('"leading"');
    await startReplica('rynxs-0').printed('campaigning for leadership');
    await until('the Lease tells the term', async () => (await leaderEpoch()) === 2);
    mkdirSync(path('bin'));
    writeFileSync(
      path('bin', 'rynxs'),
      `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'cli/bin/rynxs.js')}" "$@"\n`,
    );
    chmodSync(path('bin', 'rynxs'), 0o755);
  });

  after(() => stack.disposeAsync());

  it('prints what the page shows, command for command', async () => {
    const names = settled(page);
    const steps = stepsOf(page);
    expect(steps).to.have.length.above(4);
    for (const { command, shown } of steps) {
      const { stdout, stderr, code } = await run(`${names}\n${command}`);
      expect(code, `${command}: ${stderr}`).to.equal(0);
      expect(shapeOf(stdout), command).to.equal(shapeOf(shown));
    }
  });

  it('shows what is said of a log that two have written', async () => {
    const { code, stderr } = await run(`rynxs log export --store '${store}' --to records.jsonl`);
    expect(code, stderr).to.equal(0);
    const lines = readFileSync(path('records.jsonl'), 'utf8').trimEnd().split('\n');
    const last = recordParts(Buffer.from(lines.at(-1) ?? ''));
    const { meta, seq, ts } = JSON.parse(last?.event.toString() ?? '') as LogEvent;
    const stranger = lines.map(writerOf).find((writer) => writer !== meta.writer) ?? '';
    // As a writer would that leads no more, on a store that is no fence.
    const event = {
      aggregate_id: 'agents/default/a',
      hash_version: 'v3',
      meta: { ...meta, batch: 'late', end: true, writer: stranger },
      payload: { v: 1 },
      seq: seq + 1,
      ts,
      type: 'AgentObserved',
    };
    const { line } = chained(canonicalize(event as unknown as Json), last?.hash ?? '');
    mkdirSync(path('copy'));
    writeFileSync(path('copy', 'operator-events.log'), `${lines.join('\n')}\n${line}`);
    for (const [title, command] of [
      ['verify-two-writers', 'verify'],
      ['epochs-two-writers', 'epochs'],
    ] as const) {
      const { code, stdout, stderr } = await run(`rynxs log ${command} --store file://copy`);
      expect(code, command).to.equal(1);
      expect(shapeOf(stdout + stderr), command).to.equal(shapeOf(blockOf(page, title)));
    }
  });

  it('is right in README.md, too', async () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const commands = [...readme.matchAll(/^\$ npx (rynxs (?:leader|log epochs).*)$/gm)];
    expect(commands).to.have.length(3);
    for (const [, command = ''] of commands) {
      const { code, stdout, stderr } = await run(command);
      expect(code, `${command}: ${stdout}${stderr}`).to.equal(0);
    }
  });

  function startReplica(name: string): RynxsProcess {
    return stack.use(new RynxsProcess([...RYNXS, 'start'], directory.path, { ...env, POD_NAME: name }));
  }

  async function leaderEpoch(): Promise<number> {
    const { stdout } = await runRynxs(['leader', '--output', 'json'], directory.path, env);
    return stdout === '' ? 0 : JSON.parse(stdout).epoch;
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`it never came: ${what}`);
    }
  }

  /** The settings that the page begins with, of this system. */
  function settled(text: string): string {
    const values = { NAMESPACE, STORE: store, VKEY: vkey };
    return Object.entries(PLACES)
      .map(([name, line]) => {
        expect(text, `${PAGE} sets ${name}`).to.match(line);
        return `${name}='${values[name as keyof typeof PLACES]}'`;
      })
      .join('\n');
  }

  /** Runs shell commands as a reader would, to their end. */
  async function run(code: string): Promise<Ended> {
    const PATH = `${path('bin')}:${process.env.PATH}`;
    await using shell = new RynxsProcess(['sh', '-eu', '-c', code], directory.path, { ...env, PATH });
    return await shell.ended();
  }

  function path(...names: string[]): string {
    return join(directory.path, ...names);
  }
});

/** Commands that the page shows the output of. */
function stepsOf(page: string): readonly Step[] {
  return [...page.matchAll(/^```sh\n((?:(?!```).*\n)+)```\n\n```text\n((?:(?!```).*\n)+)```$/gm)].map(
    ([, command = '', shown = '']) => ({ command, shown }),
  );
}

function blockOf(page: string, title: string): string {
  const block = new RegExp(`^\`\`\`text title=${title}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1];
  if (block === undefined) throw new Error(`${PAGE} has no block ${title}`);
  return block;
}

function writerOf(line: string): string {
  return parseRecord(line).event.meta.writer;
}

/** What a command prints, without what is another in each run: times, ages, sizes, hashes, identities. */
function shapeOf(text: string): string {
  return (
    text
      // Whether a checkpoint has been kept since the last commit.
      .replace(/^The [\d,]+ records? after that[\s\S]*?the original\.\n/m, '')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
      .replace(/rynxs\.log\/[0-9a-f]{32}\+[0-9a-f]{8}\+[\w+/=]+/g, '<key>')
      .replace(/\b([0-9a-f]{64}|[0-9a-f]{32})\b/g, '<hex>')
      .replace(/[A-Za-z0-9+/]{43}=/g, '<root>')
      .replace(/(s3|file):\/\/\S+( at https?:\/\/\S+)?/g, '<log>')
      .replace(/(?<=seq )\d+|(?<=at byte )\d+|(?<=last good record is )\d+/g, '<n>')
      .replace(/^ +\d+ (?=<time>)/gm, '<n> ')
      .replace(/(?<=seq <n> +seq <n> +)[\d,]+/g, '<n>')
      .replace(/[\d,.]+ (ms|s|B|KiB|MiB)\b/g, '<n>')
      .replace(/\d+[smhd] ago/g, '<n> ago')
      .replace(/[\d,]+ (record|commit)s?\b/g, '<n> $1s')
      .replace(/ {2,}/g, ' ')
      .trimEnd()
  );
}
