import { expect } from 'chai';
import { defineConfig } from '../contracts/config.js';
import { definePlugin } from '../contracts/plugin.js';
import { schemaProblems } from './check-schema.js';
import { kernelSettings } from './kernel-settings.js';
import { configReference } from './reference.js';

const plugin = definePlugin({
  id: 'store-x',
  apiVersion: 1,
  provides: [],
  config: defineConfig({
    dir: { type: 'string', env: 'X_DIR', doc: 'Where | how.', required: true },
    wait: { type: 'duration', env: 'X_WAIT', doc: 'How long.', default: '5s', min: 1, max: 9_000 },
    key: { type: 'string', env: 'X_KEY', doc: 'Which.', sensitive: true },
  }),
});

describe('configReference', () => {
  it('has every setting of the kernel and of the plugins', () => {
    const reference = configReference([plugin]);
    for (const { env } of Object.values(kernelSettings)) expect(reference).to.contain(`\`${env}\``);
    expect(reference).to.contain('| `dir` | `X_DIR` | string | *required* | Where \\| how. |');
    expect(reference).to.contain(
      '| `wait` | `X_WAIT` | duration, at least 1 ms, at most 9000 ms | `5s` | How long. |',
    );
    expect(reference).to.contain('Which. Sensitive: never printed.');
  });

  it('leaves out plugins without settings', () => {
    const bare = definePlugin({ id: 'bare', apiVersion: 1, provides: [] });
    expect(configReference([bare])).not.to.contain('## bare');
  });
});

describe('schemaProblems', () => {
  it('finds none in the settings of the kernel', () => {
    expect(schemaProblems(kernelSettings)).to.deep.equal([]);
  });

  it('names every setting that is not well defined', () => {
    const setting = { type: 'string', env: 'X', doc: 'X.' } as const;
    expect(
      schemaProblems({
        good: setting,
        'not-camel': setting,
        default: setting,
        noType: { ...setting, type: 'float' as never },
        noEnv: { ...setting, env: 'lower' },
        badAlias: { ...setting, aliases: ['X_SECONDS', 'lower'] },
        noDoc: { ...setting, doc: '' },
        noValues: { ...setting, type: 'choice' },
        badDefault: { ...setting, type: 'integer', default: '10abc' },
      }),
    ).to.deep.equal([
      'its setting not-camel is not named in camelCase',
      'its setting default must have another name',
      'its setting noType has the unknown type float',
      'its setting noEnv has no env, the name of a variable in capitals',
      'its setting badAlias has aliases that are not names of variables in capitals',
      'its setting noDoc has no doc',
      'its setting noValues is a choice without values',
      'the default of its setting badDefault must be a whole number, such as 10',
    ]);
  });
});
