import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NoteSigner, NoteVerifier } from '@rynxs/log';
import { expect } from 'chai';
import {
  ANY_PORTS,
  BASIC_AGENT,
  type Ended,
  ROOT,
  RynxsProcess,
  runRynxs,
  TestDirectory,
} from '../rynxs-process.js';
import { builtProgram } from './go-verifier.js';

const PAGE = 'docs/VERIFYING.md';
const FILES = ['check-receipt.sh', 'main.go', 'check-receipt.mjs', 'check-chain.bash', 'audit.mjs'] as const;
/** What the page says for the reader to replace. */
const STORE_LINE = /^STORE=.*$/m;
const VKEY_LINE = /^VKEY=.*$/m;

/** What Go would look for in the home directory, which is another one here. */
const GO_ENVIRONMENT = ['GOCACHE', 'GOMODCACHE', 'GOPROXY', 'GOFLAGS', 'GOSUMDB'] as const;

interface Block {
  readonly language: string;
  readonly title: string | undefined;
  readonly code: string;
}

describe(PAGE, function () {
  this.timeout(180_000);
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  const blocks = blocksOf(page);
  let directory: TestDirectory;
  let store: string;
  let vkey: string;
  let fsck: string;
  let goEnvironment: Readonly<Record<string, string>>;
  let followed: Ended;

  before(async function () {
    builtProgram(this, 'RYNXS_TEST_GO_VERIFY'); // then there is Go, and what main.go imports
    fsck = builtProgram(this, 'RYNXS_TEST_FSCK');
    goEnvironment = JSON.parse(execFileSync('go', ['env', '-json', ...GO_ENVIRONMENT], { encoding: 'utf8' }));
    directory = new TestDirectory();
    store = `file://${path('.rynxs/logs')}`;
    const key = path('.config/rynxs/log-signing.key');
    mkdirSync(dirname(key), { recursive: true });
    writeFileSync(key, signerWithPlus().export(), { mode: 0o600 });
    await succeed(['dev', ...ANY_PORTS, '--once', BASIC_AGENT], { LOG_SIGNING_KEY_FILE: key });
    vkey = (await succeed(['keys', 'show', '--store', store])).trim();
    for (const name of FILES) writeFileSync(path(name), titled(name));
    prepareCommands();

    const steps = blocks.filter(({ language, title }) => language === 'sh' && title === undefined);
    const script = steps.map(({ code }) => code).join('');
    expect(script).to.match(STORE_LINE).and.to.match(VKEY_LINE);
    followed = await run(script.replace(STORE_LINE, `STORE='${store}'`).replace(VKEY_LINE, `VKEY='${vkey}'`));
  });
  after(() => directory?.[Symbol.dispose]());

  it('can be followed from its beginning to its end', () => {
    expect(followed.code, followed.stdout + followed.stderr).to.equal(0);
    const { stdout } = followed;
    const [origin] = vkey.split('+');
    const record = readFileSync(path('records.jsonl'), 'utf8').split('\n')[3]!;
    const receipts = stdout
      .split('\n')
      .filter((line) => line.startsWith(`proven: record 3 of ${origin}, in a tree of `));
    expect(receipts, 'by openssl, Go and @rynxs/log').to.have.length(3);
    expect(stdout.split(record)).to.have.length(4);
    expect(stdout).to.match(/Successfully fsck'd log with size \d+ and root/);
    expect(stdout).to.match(/^signed: \d+ records; root of all: /m);
  });

  it('has the operator print the key that the auditor needs', async () => {
    const { code, stdout } = await run(titled('operator').replace(/file:\/\/\S+/, store));
    expect([code, stdout.trim()]).to.deep.equal([0, vkey]);
  });

  it('shows what verify prints', () => {
    for (const [label] of titled('verify').matchAll(/^\w+/gm)) {
      expect(followed.stdout).to.match(new RegExp(`^${label}\\b`, 'm'));
    }
  });

  it('ends the chain with the hash that verify calls the head', () => {
    const [, head] = /^head +seq \d+, (\w{64})$/m.exec(followed.stdout) ?? [];
    expect(followed.stdout).to.include(`records, the last with the hash ${head}`);
  });

  it('names the versions that are tested', () => {
    const pinned = readFileSync(join(ROOT, 'test/go/verify/go.mod'), 'utf8');
    const named = [...page.matchAll(/go (?:get|run) (\S+?)(?:\/cmd\/fsck)?@(v\S+)/g)];
    expect(named).to.have.length(2);
    for (const [, module, version] of named) expect(pinned).to.include(`${module} ${version}`);
  });

  for (const [what, command] of [
    ['openssl and a shell', 'sh check-receipt.sh'],
    ["Go's sumdb", 'go run .'],
    ['@rynxs/log', 'node check-receipt.mjs'],
  ] as const) {
    it(`proves nothing by ${what} when the record, a hash, the root or the key is another one`, async () => {
      const lines = readFileSync(path('record-3.tlog-proof'), 'utf8').split('\n');
      const [record, hash, root] = [1, 3, lines.indexOf('') + 3];
      for (const at of [record, hash, root]) {
        writeFileSync(path('bad.tlog-proof'), lines.with(at, altered(lines[at]!)).join('\n'));
        await expectNotProven(`${command} '${vkey}' bad.tlog-proof`);
      }
      const [name = ''] = vkey.split('+');
      const otherKey = NoteSigner.generate(name).verifier.toString();
      await expectNotProven(`${command} '${otherKey}' record-3.tlog-proof`);
      await expectNotProven(`${command} '${NoteVerifier.parse(vkey).named('other')}' record-3.tlog-proof`);
    });
  }

  it('finds a changed record, and a missing one, by the chain', async () => {
    const lines = readFileSync(path('records.jsonl'), 'utf8').split('\n');
    writeFileSync(
      path('changed.jsonl'),
      lines.with(4, lines[4]!.replace('"epoch":1', '"epoch":2')).join('\n'),
    );
    writeFileSync(path('missing.jsonl'), lines.toSpliced(4, 1).join('\n'));
    expect((await run('bash check-chain.bash changed.jsonl')).stdout).to.equal('record 4 was altered\n');
    expect((await run('bash check-chain.bash missing.jsonl')).stdout).to.match(/^record 4 does not follow/);
  });

  async function expectNotProven(command: string): Promise<void> {
    const { code, stdout, stderr } = await run(command);
    expect(code, command).not.to.equal(0);
    expect(stdout, command).not.to.match(/^proven/m);
    expect(stdout + stderr).to.match(/NOT proven|ProofError/);
  }

  /** `rynxs`, and a `go` that needs no network: the modules are those of test/go/verify, and fsck is built. */
  function prepareCommands(): void {
    mkdirSync(path('bin'));
    mkdirSync(path('node_modules/@rynxs'), { recursive: true });
    symlinkSync(join(ROOT, 'log'), path('node_modules/@rynxs/log'));
    for (const name of ['go.mod', 'go.sum']) {
      writeFileSync(path(name), readFileSync(join(ROOT, 'test/go/verify', name)));
    }
    script('rynxs', `exec "${process.execPath}" "${join(ROOT, 'cli/bin/rynxs.js')}" "$@"`);
    script(
      'go',
      `case "$1 $2" in
  'mod init' | 'get golang.org/x/mod@'*) ;;
  'run github.com/transparency-dev/tessera/cmd/fsck@'*) shift 2; exec "${fsck}" "$@" ;;
  *) PATH=\${PATH#*:} exec go "$@" ;;
esac`,
    );
  }

  function script(name: string, code: string): void {
    writeFileSync(path('bin', name), `#!/bin/sh\n${code}\n`);
    chmodSync(path('bin', name), 0o755);
  }

  /** Runs shell commands as a reader would, to their end. */
  async function run(code: string): Promise<Ended> {
    const env = { PATH: `${path('bin')}:${process.env.PATH}`, ...goEnvironment };
    await using shell = new RynxsProcess(['sh', '-eu', '-c', code], directory.path, env);
    return await shell.ended();
  }

  async function succeed(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await runRynxs(args, directory.path, env);
    expect(code, `rynxs ${args.join(' ')}: ${stdout}${stderr}`).to.equal(0);
    return stdout;
  }

  function titled(name: string): string {
    const block = blocks.find(({ title }) => title === name);
    if (block === undefined) throw new Error(`${PAGE} has no block ${name}`);
    return block.code;
  }

  function path(...names: string[]): string {
    return join(directory.path, ...names);
  }
});

function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)(?: title=(\S+))?\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', title, code = '']) => ({ language, title, code }),
  );
}

/** The line with a character in its middle changed for another one of base64. */
function altered(line: string): string {
  const middle = line.length >> 1;
  return line.slice(0, middle) + (line[middle] === 'A' ? 'B' : 'A') + line.slice(middle + 1);
}

/** A key whose base64 has the character that also stands between the parts of a verifier key. */
function signerWithPlus(): NoteSigner {
  for (;;) {
    const signer = NoteSigner.generate('rynxs');
    if (signer.verifier.toString().split('+').length > 3) return signer;
  }
}
