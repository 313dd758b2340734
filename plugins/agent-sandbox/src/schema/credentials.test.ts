import { expect } from 'chai';
import { isCredentialName, looksLikeCredential } from './credentials.js';

describe('credentials', () => {
  for (const name of [
    'PASSWORD',
    'DB_PASSWORD',
    'PGPASSWORD',
    'GITHUB_TOKEN',
    'githubToken',
    'OPENAI_API_KEY',
    'APIKEY',
    'CLIENT_SECRET',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_ACCESS_KEY_ID',
    'SSH_PRIVATE_KEY',
    'GOOGLE_CREDENTIALS',
  ]) {
    it(`takes a variable called ${name} for a secret`, () => {
      expect(isCredentialName(name)).to.equal(true);
    });
  }
  for (const name of [
    'PWD',
    'MAX_TOKENS',
    'TOKENIZERS_PARALLELISM',
    'TOKEN_LIMIT',
    'PASSWORD_FILE',
    'KEYBOARD',
    'CACHE_KEY',
    'SECRETS_DIR',
    'LOG_LEVEL',
  ]) {
    it(`does not take a variable called ${name} for a secret`, () => {
      expect(isCredentialName(name)).to.equal(false);
    });
  }
  const values = {
    'a private key': `-----BEGIN ${'RSA'} PRIVATE KEY-----\nMII`,
    'an AWS access key': `AKIA${'ABCDEFGHIJKLMNOP'}`,
    'a GitHub token': `ghp_${'a'.repeat(36)}`,
    'a Slack token': `xoxb-${'1'.repeat(12)}`,
    'a model provider key': `sk-${'a1'.repeat(12)}`,
    'a JSON Web Token': `eyJ${'a'.repeat(12)}.${'b'.repeat(12)}.${'c'.repeat(12)}`,
    'a URL with a password': 'postgres://app:hunter2@db.example.com/app',
  };
  for (const [what, value] of Object.entries(values)) {
    it(`recognises ${what}`, () => {
      expect(looksLikeCredential(`--flag=${value}`)).to.equal(true);
    });
  }
  for (const value of [
    'https://example.com:8080/a@b',
    'postgres://$USER:$PASS@db/app',
    'sk-learn',
    'task-runner-with-a-long-name-indeed',
    'python:3.11-slim',
    'user@example.com',
  ]) {
    it(`lets ${value} pass`, () => {
      expect(looksLikeCredential(value)).to.equal(false);
    });
  }
});
