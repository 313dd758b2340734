import { expect } from 'chai';
import fc from 'fast-check';
import { FakeClock } from '../testing/fake-clock.js';
import { createLogger, type LoggerOptions } from './create-logger.js';
import { looksSecret, Redaction } from './redaction.js';

describe('createLogger', () => {
  const logging = async (options: Partial<LoggerOptions> = {}) => {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const logger = await createLogger({
      level: 'info',
      format: 'json',
      clock: new FakeClock(),
      stream,
      ...options,
    });
    return { logger, lines };
  };

  it('writes JSON: level as a word, time in RFC 3339, msg, and the fields', async () => {
    const { logger, lines } = await logging();
    logger.child({ plugin: 'p' }).warn('careful', { trace_id: 't1', count: 2 });
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0]!)).to.deep.equal({
      level: 'warn',
      time: '2026-01-01T00:00:00.000Z',
      msg: 'careful',
      plugin: 'p',
      trace_id: 't1',
      count: 2,
    });
    expect(lines[0]!.endsWith('\n')).to.equal(true);
  });

  it('leaves out what is less important than its level, also in children', async () => {
    const { logger, lines } = await logging({ level: 'warn' });
    logger.info('no');
    logger.child({}).debug('no');
    logger.error('yes');
    expect(lines).to.have.length(1);
  });

  it('spells out errors with their causes and codes', async () => {
    const { logger, lines } = await logging();
    const cause = Object.assign(new Error('disk'), { code: 'ENOSPC' });
    logger.error('failed', { error: new Error('write', { cause }) });
    const { error } = JSON.parse(lines[0]!);
    expect(error).to.include({ type: 'Error', message: 'write' });
    expect(error.cause).to.include({ message: 'disk', code: 'ENOSPC' });
  });

  it('does not let a field take the place of level, time or msg', async () => {
    const { logger, lines } = await logging();
    logger.info('real', { msg: 'forged', level: 'forged' });
    expect(lines[0]!.match(/"(msg|level)":/g)).to.have.length(2);
    expect(JSON.parse(lines[0]!)).to.include({
      msg: 'real',
      level: 'info',
      msg_: 'forged',
      level_: 'forged',
    });
  });

  it('writes single lines for people', async () => {
    const { logger, lines } = await logging({ format: 'text' });
    logger
      .child({ plugin: 'store' })
      .warn('nearly\nfull', { ratio: 0.93, path: '/a b', error: new Error('x') });
    expect(lines).to.deep.equal([
      '00:00:00.000 WARN  store: nearly full (ratio=0.93 path="/a b" error="x")\n',
    ]);
  });

  for (const format of ['json', 'text'] as const) {
    it(`hides secrets at any depth in ${format}, whatever they stand under`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.stringMatching(/^[A-Za-z0-9]{12}$/),
          fc.array(fc.constantFrom('a', 'list', 'b'), { maxLength: 5 }),
          fc.constantFrom('password', 'apiKey', 'x-auth-token', 'AWS_SECRET_ACCESS_KEY', 'note'),
          async (secret, path, name) => {
            const { logger, lines } = await logging({ format, secrets: [secret] });
            const inner: unknown = { [name]: secret, text: `see ${secret}.` };
            const nested = path.reduceRight<unknown>(
              (value, key) => (key === 'list' ? [value] : { [key]: value }),
              inner,
            );
            logger.child({ outer: nested }).info(`uses ${secret}`, { nested, error: new Error(secret) });
            expect(lines.join('')).not.to.contain(secret);
          },
        ),
      );
    });
  }
});

describe('Redaction', () => {
  const redaction = new Redaction(['secret', 'longer-secret', 'ab']);

  it('knows names of secrets, and names that only sound like it', () => {
    const secret = [
      'password',
      'DB_PASSWORD',
      'apiKey',
      'x-api-key',
      'sessionToken',
      'Authorization',
      'tokens',
    ];
    const harmless = ['tokenCount', 'secretName', 'key', 'keys', 'passwordFile', 'author', 'plugin'];
    expect(secret.filter((name) => !looksSecret(name))).to.deep.equal([]);
    expect(harmless.filter(looksSecret)).to.deep.equal([]);
  });

  it('hides credentials by their shape', () => {
    expect(redaction.text('Authorization: Bearer abcdefgh.ijk')).to.equal('Authorization: Bearer <hidden>');
    expect(redaction.text('GET https://user:pw@host/path')).to.equal('GET https://<hidden>@host/path');
    expect(redaction.text('GET https://host/path?mail=a@b')).to.equal('GET https://host/path?mail=a@b');
  });

  it('hides the longest known value first, and short ones only where they are everything', () => {
    expect(redaction.text('a longer-secret here')).to.equal('a <hidden> here');
    expect(redaction.text('cab')).to.equal('cab');
    expect(redaction.text('ab')).to.equal('<hidden>');
  });

  it('cuts circles, depth, width and bytes', () => {
    const circle: Record<string, unknown> = {
      bytes: Buffer.from('hello'),
      many: Array.from({ length: 1_000 }).fill(0),
    };
    circle.self = circle;
    const deep = Array.from({ length: 20 }).reduce<object>((inner) => ({ inner }), {});
    const result = redaction.fields({
      circle,
      deep,
      big: 1n,
      when: new Date(0),
      map: new Map([['k', new Set([1])]]),
    });
    expect(JSON.stringify(result))
      .to.contain('[circular]')
      .and.contain('[too deep]')
      .and.contain('[800 more]');
    expect(result).to.deep.include({ big: '1', when: '1970-01-01T00:00:00.000Z', map: { k: [1] } });
    expect((result.circle as Record<string, unknown>).bytes).to.equal('[5 bytes]');
  });

  it('leaves its argument as it was', () => {
    const fields = { password: 'x', nested: { token: 'y' } };
    redaction.fields(fields);
    expect(fields).to.deep.equal({ password: 'x', nested: { token: 'y' } });
  });
});
