import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoteSigner, NoteVerifier } from '@rynxs/log';
import { expect } from 'chai';
import { ANY_PORTS, BASIC_AGENT, RynxsProcess, runRynxs, TestDirectory } from '../rynxs-process.js';
import { builtProgram, GoVerifier } from './go-verifier.js';
import { makeLog } from './made-log.js';
import { filesOf } from './tile-directory.js';

/** Its tiles reach level 2. */
const LARGE_RECORDS = 66_000;

describe("what the commands make, checked by Go's sumdb and Tessera", function () {
  this.timeout(120_000);
  let go: GoVerifier;
  let fsck: string;
  let directory: TestDirectory;

  before(function () {
    go = new GoVerifier(builtProgram(this, 'RYNXS_TEST_GO_VERIFY'));
    fsck = builtProgram(this, 'RYNXS_TEST_FSCK');
    directory = new TestDirectory();
  });
  after(async () => {
    await go?.[Symbol.asyncDispose]();
    directory?.[Symbol.dispose]();
  });

  describe('of the log of a real run', () => {
    let store: string;
    let vkey: string;
    let records: readonly string[];

    before(async () => {
      store = `file://${directory.path}/.rynxs/logs`;
      await rynxs('keys', 'generate', '--out', 'first.key');
      await dev({ LOG_SIGNING_KEY_FILE: path('first.key') });
      vkey = await vkeyOf('first.key', store);
      records = await recordsOf(store);
    });

    it('opens every checkpoint beside the log', async () => {
      const checkpoints = checkpointFiles(join(directory.path, '.rynxs/logs'));
      expect(checkpoints).to.have.length.above(1);
      for (const file of checkpoints) {
        const { text, verified } = await go.accepted('note', vkey, file);
        expect(text.split('\n')[0]).to.equal(verified[0]).and.to.equal(NoteVerifier.parse(vkey).name);
      }
    });

    it('proves every record by a receipt', async () => {
      expect(records).to.have.length.above(5);
      for (const [seq, record] of records.entries()) {
        await rynxs(
          'log',
          'proof',
          String(seq),
          '--store',
          store,
          '--key',
          vkey,
          '--out',
          `${seq}.tlog-proof`,
        );
        const answer = await go.accepted('receipt', vkey, path(`${seq}.tlog-proof`));
        expect(answer).to.deep.equal({ index: seq, size: records.length, record });
      }
    });

    it('refuses a receipt with a bit flipped, as we do', async () => {
      const good = readFileSync(path('3.tlog-proof'));
      await rynxs('log', 'check-proof', '3.tlog-proof', '--key', vkey);
      for (let at = 40; at < good.length; at += Math.ceil(good.length / 8)) {
        const bad = Buffer.from(good);
        bad[at]! ^= 1;
        writeFileSync(path('bad.tlog-proof'), bad);
        expect((await go.ask('receipt', vkey, path('bad.tlog-proof'))).error, `byte ${at}`).to.be.a('string');
        const { code } = await runRynxs(
          ['log', 'check-proof', 'bad.tlog-proof', '--key', vkey],
          directory.path,
        );
        expect(code, `byte ${at}`).to.equal(1);
      }
    });

    it('proves that the log grew from each checkpoint to the newest', async () => {
      const checkpoints = checkpointFiles(join(directory.path, '.rynxs/logs'));
      for (const [index, old] of checkpoints.entries()) {
        const proof = `growth-${index}`;
        await rynxs('log', 'consistency', old, '--store', store, '--key', vkey, '--out', proof);
        const { new: grown } = await go.accepted('consistency', vkey, path(proof), old);
        expect(grown.size).to.equal(records.length);
        await rynxs('log', 'check-proof', proof, '--key', vkey, '--checkpoint', old);
      }
    });

    it('accepts the tiles, also those that were brought up to date, under the old and the new key', async () => {
      await exportTiles(store, 'tiles', vkey);
      const before = await acceptTiles('tiles', vkey);
      expect(before).to.equal(records.length);

      await rynxs('keys', 'generate', '--out', 'second.key');
      await dev({
        LOG_SIGNING_KEY_FILE: path('second.key'),
        LOG_PREVIOUS_SIGNING_KEY_FILE: path('first.key'),
      });
      const second = await vkeyOf('second.key', store);
      await exportTiles(store, 'tiles', second);
      expect(await acceptTiles('tiles', second)).to.be.above(before);

      const rotation = checkpointFiles(join(directory.path, '.rynxs/logs')).filter(
        (file) => readFileSync(file, 'utf8').match(/^— /gm)?.length === 2,
      );
      expect(rotation).to.have.length(1);
      for (const key of [vkey, second]) await go.accepted('note', key, rotation[0]!);
    });
  });

  describe(`of a log of ${LARGE_RECORDS} records`, () => {
    let store: string;
    let vkey: string;
    let lines: readonly Buffer[];

    before(async () => {
      const signer = NoteSigner.generate('large');
      writeFileSync(path('large.key'), signer.export(), { mode: 0o600 });
      ({ lines } = await makeLog(path('large'), LARGE_RECORDS, signer));
      store = `file://${path('large')}`;
      vkey = await vkeyOf('large.key', store);
    });

    it('accepts the tiles, up to level 2, and refuses them with any file damaged', async () => {
      await exportTiles(store, 'large-tiles', vkey);
      expect(await acceptTiles('large-tiles', vkey)).to.equal(LARGE_RECORDS);

      const files = await filesOf(path('large-tiles'));
      const places = ['checkpoint', 'tile/2/000.p/1', 'tile/1/000', 'tile/0/100', 'tile/entries/200'];
      for (const name of places) {
        const bad = Buffer.from(files.get(name)!);
        bad[bad.length >> 1]! ^= 4;
        writeFileSync(path('large-tiles', name), bad);
        for (const command of ['tiles', 'tessera'] as const) {
          expect((await go.ask(command, vkey, path('large-tiles'))).error, `${command}: ${name}`).to.be.a(
            'string',
          );
        }
        writeFileSync(path('large-tiles', name), files.get(name)!);
      }
    });

    it('proves the records around the edges of tiles', async () => {
      for (const seq of [255, 65_536, LARGE_RECORDS - 1]) {
        await rynxs('log', 'proof', String(seq), '--store', store, '--out', `large-${seq}`);
        const answer = await go.accepted('receipt', vkey, path(`large-${seq}`));
        expect(answer).to.deep.equal({ index: seq, size: LARGE_RECORDS, record: lines[seq]!.toString() });
      }
    });

    it('proves that the log grew', async () => {
      for (const size of [1, 65_536, 65_537]) {
        await rynxs('log', 'consistency', String(size), '--store', store, '--out', `large-growth-${size}`);
        const { old, new: grown } = await go.accepted('consistency', vkey, path(`large-growth-${size}`));
        expect([old.size, grown.size]).to.deep.equal([size, LARGE_RECORDS]);
      }
    });
  });

  function path(...names: string[]): string {
    return join(directory.path, ...names);
  }

  /** Runs a command that has to succeed; resolves to what it printed. */
  async function rynxs(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runRynxs(args, directory.path);
    expect(code, `rynxs ${args.join(' ')}: ${stdout}${stderr}`).to.equal(0);
    return stdout;
  }

  async function dev(env: Readonly<Record<string, string>>): Promise<void> {
    const args = ['dev', ...ANY_PORTS, '--once', BASIC_AGENT];
    const { code, stderr } = await runRynxs(args, directory.path, env);
    expect(code, stderr).to.equal(0);
  }

  /** The verifier key that others need: under the name of the log. */
  async function vkeyOf(file: string, store: string): Promise<string> {
    return (await rynxs('keys', 'show', '--key', file, '--store', store)).trim();
  }

  async function recordsOf(store: string): Promise<readonly string[]> {
    return (await rynxs('log', 'export', '--store', store)).trimEnd().split('\n');
  }

  async function exportTiles(store: string, to: string, vkey: string): Promise<void> {
    await rynxs('log', 'export', '--store', store, '--key', vkey, '--format', 'tlog-tiles', to);
  }

  /** All of the others' verifiers accept the directory; resolves to the size that they found. */
  async function acceptTiles(name: string, vkey: string): Promise<number> {
    const [first, second] = [
      await go.accepted('tiles', vkey, path(name)),
      await go.accepted('tessera', vkey, path(name)),
    ];
    expect(first).to.deep.equal(second);
    writeFileSync(path('log.vkey'), vkey);
    const options = [`--storage_url=file://${path(name)}`, `--public_key=${path('log.vkey')}`, '--ui=false'];
    await using process = new RynxsProcess([fsck, ...options], directory.path);
    const { stderr } = await process.ended();
    expect(stderr).to.include(`Successfully fsck'd log with size ${first.size}`);
    return first.size;
  }
});

function checkpointFiles(store: string): readonly string[] {
  const folder = join(store, 'objects/checkpoints');
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}
