import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { defineConfig } from '../contracts/config.js';
import type { RynxsError } from '../errors/rynxs-error.js';
import { misspeltVariables, resolveConfiguration, unknownNames } from './resolve-configuration.js';
import { type ConfigSources, readSources } from './sources.js';

const schema = defineConfig({
  dir: { type: 'string', default: '/var/lib/rynxs', env: 'LOG_DIR', doc: 'Where.' },
  interval: { type: 'duration', default: '1s', env: 'LOG_INTERVAL', doc: 'How often.' },
  limit: { type: 'integer', env: 'LOG_LIMIT', doc: 'How many.', min: 1 },
  hosts: { type: 'list', env: 'LOG_HOSTS', doc: 'Where to.' },
  password: { type: 'string', env: 'LOG_PASSWORD', doc: 'Secret.', sensitive: true },
  pin: { type: 'integer', env: 'LOG_PIN', doc: 'Secret.', sensitive: true },
  bucket: { type: 'string', env: 'LOG_BUCKET', doc: 'Which.', required: true },
});
const sections = [{ id: 'store', schema }];

describe('resolveConfiguration', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-config-'));
  });
  after(() => rm(directory, { recursive: true }));

  const sources = async (options: {
    yaml?: string;
    env?: Record<string, string>;
    flags?: Record<string, string>;
  }): Promise<ConfigSources> => {
    const configFile = join(directory, 'rynxs.yaml');
    if (options.yaml !== undefined) await writeFile(configFile, options.yaml);
    return await readSources({
      env: options.env ?? {},
      flags: options.flags ?? {},
      ...(options.yaml === undefined ? {} : { configFile }),
    });
  };
  const resolve = async (options: Parameters<typeof sources>[0]) =>
    resolveConfiguration(sections, await sources(options));
  const messages = (errors: readonly RynxsError[]): string[] =>
    errors.map(({ code, message }) => `${code}: ${message.replaceAll(directory, '')}`);

  it('uses defaults, and leaves unset what has none', async () => {
    const { values, print } = await resolve({});
    expect(values.get('store')).to.deep.equal({ dir: '/var/lib/rynxs', interval: 1_000 });
    expect(print().map(({ path, origin }) => `${path} ${origin}`)).to.include.members([
      'store.dir default',
      'store.limit unset',
    ]);
  });

  it('lets the file win over defaults, the environment over the file, flags over everything', async () => {
    const yaml = 'store:\n  dir: file\n';
    const env = { LOG_DIR: 'env' };
    const dir = async (options: Parameters<typeof sources>[0]) => {
      const setting = (await resolve(options)).print().find(({ path }) => path === 'store.dir');
      return [setting?.value, setting?.origin, setting?.where.replaceAll(directory, '')];
    };
    expect(await dir({ yaml })).to.deep.equal(['file', 'file', '/rynxs.yaml:2']);
    expect(await dir({ yaml, env })).to.deep.equal(['env', 'environment', '$LOG_DIR']);
    expect(await dir({ yaml, env, flags: { LOG_DIR: 'flag' } })).to.deep.equal(['flag', 'flag', '--LOG_DIR']);
    expect(await dir({ yaml, env, flags: { 'store.dir': 'path' } })).to.deep.equal([
      'path',
      'flag',
      '--store.dir',
    ]);
  });

  it('takes other names of a variable, and its own before them', async () => {
    const aliased = defineConfig({
      wait: { type: 'duration', env: 'LOG_WAIT', aliases: ['LOG_WAIT_SECONDS'], doc: 'How long.' },
    });
    const known = [{ id: 'store', schema: aliased }];
    const of = (found: ConfigSources) => resolveConfiguration(known, found);
    const other = await sources({ env: { LOG_WAIT_SECONDS: '15' } });
    expect(of(other).values.get('store')).to.deep.equal({ wait: 15_000 });
    expect(of(other).print()[0]).to.include({ origin: 'environment', where: '$LOG_WAIT_SECONDS' });
    expect(misspeltVariables(known, other)).to.deep.equal([]);
    const both = await sources({ env: { LOG_WAIT_SECONDS: '15', LOG_WAIT: '20s' } });
    expect(of(both).values.get('store')).to.deep.equal({ wait: 20_000 });
    const flag = await sources({ flags: { LOG_WAIT_SECONDS: '25' } });
    expect(of(flag).values.get('store')).to.deep.equal({ wait: 25_000 });
    expect(unknownNames(known, flag)).to.deep.equal([]);
    const invalid = await sources({ env: { LOG_WAIT_SECONDS: '1.5' } });
    expect(messages(of(invalid).errors)).to.deep.equal([
      'RYNXS_CONFIG_INVALID: store.wait ($LOG_WAIT_SECONDS) is not valid: must be a duration, such as 250ms, 15s, 2m or 1h, not "1.5"',
    ]);
  });

  it('takes an empty value for none, from every source', async () => {
    const { values } = await resolve({
      yaml: "store:\n  dir: ''\n  interval:\n  limit: ~\n",
      env: { LOG_DIR: '' },
      flags: { LOG_DIR: '' },
    });
    expect(values.get('store')).to.deep.equal({ dir: '/var/lib/rynxs', interval: 1_000 });
  });

  it('reads what was written in the file, not what YAML makes of it', async () => {
    const { errors } = await resolve({ yaml: 'store:\n  limit: 0x10\n  interval: 1e3\n' });
    expect(messages(errors)).to.deep.equal([
      'RYNXS_CONFIG_INVALID: store.interval (/rynxs.yaml:3) is not valid: must be a duration, such as 250ms, 15s, 2m or 1h, not "1e3"',
      'RYNXS_CONFIG_INVALID: store.limit (/rynxs.yaml:2) is not valid: must be a whole number, such as 10, not "0x10"',
    ]);
  });

  it('takes lists as YAML lists or with commas', async () => {
    const fromList = await resolve({ yaml: 'store:\n  hosts: [a, b]\n' });
    const fromText = await resolve({ yaml: 'store:\n  hosts: a, b\n' });
    expect(fromList.values.get('store')).to.deep.include({ hosts: ['a', 'b'] });
    expect(fromText.values.get('store')).to.deep.include({ hosts: ['a', 'b'] });
  });

  it('resolves anchors', async () => {
    const { values } = await resolve({ yaml: 'store:\n  dir: &d /data\n  bucket: *d\n' });
    expect(values.get('store')).to.deep.include({ dir: '/data', bucket: '/data' });
  });

  it('reports every value that is not valid, with the place that it came from', async () => {
    const { errors } = await resolve({
      yaml: 'store:\n  interval: soon\n',
      env: { LOG_LIMIT: '10abc' },
      flags: { LOG_HOSTS: 'a,,b' },
    });
    expect(messages(errors)).to.have.members([
      'RYNXS_CONFIG_INVALID: store.interval (/rynxs.yaml:2) is not valid: must be a duration, such as 250ms, 15s, 2m or 1h, not "soon"',
      'RYNXS_CONFIG_INVALID: store.limit ($LOG_LIMIT) is not valid: must be a whole number, such as 10, not "10abc"',
      'RYNXS_CONFIG_INVALID: store.hosts (--LOG_HOSTS) is not valid: must be a list separated by commas, without empty elements, not "a,,b"',
    ]);
  });

  it('reports what a section requires and nobody set', async () => {
    expect(messages((await resolve({})).missing('store'))).to.deep.equal([
      'RYNXS_CONFIG_MISSING: store.bucket is not set, but plugin store needs it',
    ]);
    expect((await resolve({ env: { LOG_BUCKET: 'b' } })).missing('store')).to.deep.equal([]);
  });

  it('never shows a sensitive value', async () => {
    const { print, errors, secrets } = await resolve({
      env: { LOG_PASSWORD: 'hunter2', LOG_PIN: '12three' },
    });
    const shown = JSON.stringify([print(), errors, messages(errors)]);
    expect(shown).not.to.contain('hunter2');
    expect(shown).not.to.contain('12three');
    expect(print().find(({ path }) => path === 'store.password')?.value).to.equal('<hidden>');
    expect(secrets).to.have.members(['hunter2', '12three']);
  });

  it('names the nearest name for an unknown key, section or flag', async () => {
    const unknown = unknownNames(
      sections,
      await sources({
        yaml: 'store:\n  dirs: x\nstores:\n  dir: y\n',
        flags: { LOG_DIRR: 'x', nonsense: 'y' },
      }),
    );
    expect(
      unknown.map(({ message, remedy }) => `${message.replaceAll(directory, '')}. ${remedy}`),
    ).to.deep.equal([
      'there is no setting stores (/rynxs.yaml:3). Did you mean store; `rynxs config docs` lists all settings.',
      'there is no setting store.dirs (/rynxs.yaml:2). Did you mean store.dir; `rynxs config docs` lists all settings.',
      'there is no setting LOG_DIRR (--LOG_DIRR). Did you mean LOG_DIR; `rynxs config docs` lists all settings.',
      'there is no setting nonsense (--nonsense). Remove it; `rynxs config docs` lists all settings.',
    ]);
  });

  it('guesses at misspelt variables and leaves others alone', async () => {
    const env = { LOG_DIRS: 'x', LOG_DIR: 'y', PATH: '/bin', LOG_COMPLETELY_ELSE: 'z' };
    expect(misspeltVariables(sections, await sources({ env }))).to.deep.equal([
      'LOG_DIRS is set, but there is no such setting; did you mean LOG_DIR?',
    ]);
  });

  describe('of a broken file', () => {
    const fileErrors = async (yaml: string) => messages((await sources({ yaml })).file.errors);

    it('names the line of a syntax error', async () => {
      const [error] = await fileErrors('store:\n  dir: [a\n');
      expect(error).to.match(/^RYNXS_CONFIG_FILE: .*line 3/);
    });

    it('refuses a key that stands twice', async () => {
      const [error] = await fileErrors('store:\n  dir: a\n  dir: b\n');
      expect(error).to.match(/^RYNXS_CONFIG_FILE: .*unique.*line 3/);
    });

    it('refuses what is not sections of settings', async () => {
      expect(await fileErrors('- a\n')).to.have.length(1);
      expect(await fileErrors('store: 5\n')).to.deep.equal([
        'RYNXS_CONFIG_INVALID: store (/rynxs.yaml:1) is not valid: must hold settings, one per line',
      ]);
      expect(await fileErrors('store:\n  dir: {a: 1}\n')).to.deep.equal([
        'RYNXS_CONFIG_INVALID: store.dir (/rynxs.yaml:2) is not valid: must be a single value or a list of values',
      ]);
    });

    it('reports a file that is not there or too large', async () => {
      const absent = await readSources({ env: {}, configFile: join(directory, 'absent.yaml') });
      expect(messages(absent.file.errors)[0]).to.match(/^RYNXS_CONFIG_FILE: .*ENOENT/);
      const [error] = await fileErrors(`# ${'x'.repeat(1_048_576)}\n`);
      expect(error).to.contain('at most 1048576 are read');
    });

    it('takes an empty file for none', async () => {
      expect(await fileErrors('')).to.deep.equal([]);
      expect(await fileErrors('# nothing\n')).to.deep.equal([]);
    });
  });
});
