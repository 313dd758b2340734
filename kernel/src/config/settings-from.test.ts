import { expect } from 'chai';
import { defineConfig } from '../contracts/config.js';
import { hasCode } from '../errors/rynxs-error.js';
import { settingsFrom } from './settings-from.js';

const SCHEMA = defineConfig({
  place: { type: 'string', env: 'PLACE', doc: 'Where.', required: true },
  timeout: { type: 'duration', default: '3s', env: 'TIMEOUT', doc: 'How long.' },
});

function refusal(env: Readonly<Record<string, string>>): unknown {
  try {
    settingsFrom('plugin', SCHEMA, env);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('settingsFrom', () => {
  it('reads a plugin’s settings from the environment, and takes defaults for the rest', () => {
    expect(settingsFrom('plugin', SCHEMA, { PLACE: 'here', OTHER: 'x' })).to.deep.equal({
      place: 'here',
      timeout: 3_000,
    });
  });

  it('refuses what is missing or not of its type', () => {
    expect(hasCode(refusal({}), 'RYNXS_CONFIG_MISSING')).to.equal(true);
    expect(hasCode(refusal({ PLACE: 'here', TIMEOUT: 'soon' }), 'RYNXS_CONFIG_INVALID')).to.equal(true);
  });
});
