import { expect } from 'chai';
import fc from 'fast-check';
import { Damage } from '../damage.js';
import type { Json, JsonMap } from '../event.js';
import { NoteSigner } from '../note/note-signer.js';
import { AuditedLog } from '../testing/audited-log.js';
import { LogAudit, type LogAuditOptions } from './log-audit.js';
import { LogPosition } from './log-position.js';

const MAX_CPU_MS = 5_000;
const KEY = NoteSigner.generate('key');
const TYPES = [
  'EpochStarted',
  'KeyAdded',
  'KeyRetired',
  'TailAdopted',
  'LogRecovered',
  'StoreProbed',
  'EpochEnded',
];
const FIELDS = [
  ...[
    'key',
    'signed_by',
    'signature',
    'to',
    'from',
    'root',
    'lost_from',
    'lost_to',
    'reason',
    'racers',
    'winners',
  ],
  ...['log_id', 'cluster_uid', 'shard', 'target', 'epoch', '__proto__', 'toString'],
];

/** Values that break code which takes JSON for what it should be. */
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    -1,
    0,
    1,
    0.5,
    1e300,
    Number.MAX_SAFE_INTEGER,
    '',
    'NaN',
    '2',
    KEY.verifier.toString(),
    KEY.verifier.toString().replace('+', '++'),
    `x+00000000+${Buffer.alloc(33, 1).toString('base64')}`,
    Buffer.alloc(64).toString('base64'),
    { toString: 1, valueOf: 1 },
    [{ toString: 1 }],
    [[3]],
  ),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
);
const payload = fc.dictionary(fc.constantFrom(...FIELDS), value) as fc.Arbitrary<JsonMap>;

/** Anything but Damage is a defect: what is in a store may be anything. */
function auditAnything(bytes: Uint8Array, options: LogAuditOptions = {}): void {
  try {
    const audited = new LogAudit({ trusted: [KEY.verifier], ...options });
    audited.push(bytes);
    audited.finish();
    const { position } = audited;
    LogPosition.from(JSON.parse(JSON.stringify(position.toState())));
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
  }
}

describe('an audit of what an attacker wrote', () => {
  it('finds damage or nothing, whatever the log says of itself', () => {
    const said = fc.record({ type: fc.constantFrom(...TYPES), payload });
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 8 }), fc.boolean(), (events, strict) => {
        const log = new AuditedLog();
        for (const event of events) log.says(event.type, event.payload);
        auditAnything(log.bytes, { strict, checkpoints: [log.checkpoint([KEY])] });
      }),
      { numRuns: 300 },
    );
  });

  it('finds damage or nothing in a first term that says anything', () => {
    fc.assert(
      fc.property(payload, (said) => {
        const log = new AuditedLog();
        log.lines.length = 0;
        Object.assign(log, { epoch: 0, hash: '0'.repeat(64) })
          .startEpoch(said)
          .events(2);
        auditAnything(log.bytes, { checkpoints: [log.checkpoint([KEY])], anchors: [log.checkpoint([])] });
      }),
      { numRuns: 200 },
    );
  });

  it('finds damage where a payload is not JSON, also when payloads are not looked into', () => {
    for (const type of TYPES) {
      for (const written of ['null', '1', '[]', '{"v":1', '"x"', '{"v":1}}', '{"to":1e999,"v":1}', '']) {
        const log = new AuditedLog().says(type, {});
        const event = log.lines[1]?.toString().slice(9, -161) ?? '';
        const broken = log.fork(1).text(event.replace('{"v":1}', written)).events(1);
        for (const strict of [true, false]) auditAnything(broken.bytes, { strict });
      }
    }
  });

  it('finds damage or nothing, whatever stands beside the log', () => {
    const log = new AuditedLog().events(3);
    const real = log.checkpoint([KEY]);
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('\ud800\n\n', '\u0000', '\n\n', '\n\n\n', '\ufeff\n0\n\n', real.replace('\n', '\r\n')),
      fc
        .tuple(fc.nat({ max: real.length }), fc.nat({ max: real.length }), fc.string())
        .map(([from, to, put]) => {
          return real.slice(0, from) + put + real.slice(Math.max(from, to));
        }),
      fc.record({ origin: fc.string({ minLength: 1 }), size: fc.maxSafeNat() }).map(({ origin, size }) => {
        return `${origin}\n${size}\n${Buffer.alloc(32).toString('base64')}\n\n`;
      }),
      fc.constantFrom(...[' ', '+', '\u00a0x', 'a b'].map((origin) => real.replaceAll(log.origin, origin))),
    );
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 4 }),
        fc.array(text, { maxLength: 2 }),
        (checkpoints, anchors) => {
          auditAnything(log.bytes, { checkpoints, anchors });
          auditAnything(Buffer.alloc(0), { checkpoints, anchors });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds damage or nothing in a log with a name that no key can have', () => {
    for (const logId of ['a b', 'a+b', '', '\u2028', 'ä🙂']) {
      const log = new AuditedLog(logId).addKey(KEY.verifier).events(2);
      const note = new AuditedLog().checkpoint([KEY], 1).replaceAll('rynxs.log/log-1', log.origin);
      auditAnything(log.bytes, { checkpoints: [note], anchors: [note] });
    }
  });

  it('takes its time from what is there, not from what is claimed', function () {
    this.timeout(60_000);
    const log = new AuditedLog();
    for (let index = 0; index < 5_000; index++) {
      log.says(index % 2 === 0 ? 'LogRecovered' : 'StoreProbed', {
        ...{ lost_from: index, lost_to: index, reason: '', target: 'x', racers: 2, winners: 1 },
      });
    }
    const notes = Array.from({ length: 20_000 }, (_, size) =>
      [log.origin, size, Buffer.alloc(32).toString('base64'), '', ''].join('\n'),
    );
    const before = process.cpuUsage();
    auditAnything(log.bytes, { checkpoints: notes });
    const { user, system } = process.cpuUsage(before);
    // Of the processor, as the machine may be busy with other things.
    expect((user + system) / 1_000, 'milliseconds').to.be.below(MAX_CPU_MS);
  });
});
