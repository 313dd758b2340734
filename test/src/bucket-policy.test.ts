import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, TestDirectory } from './rynxs-process.js';
import {
  blockOf,
  POLICIES,
  POLICY_PAGE,
  type Policy,
  policy,
  policyPage,
  policyText,
  type Statement,
  tableOf,
} from './s3-policies.js';

const PLACEHOLDER = /\b(LOG|OPERATOR|READER)_[A-Z_]+\b/;
const OPERATOR = 'arn:aws:iam::111122223333:role/rynxs-operator';
const ADMIN = 'arn:aws:iam::111122223333:role/log-administrator';
const SOMEBODY = 'arn:aws:iam::111122223333:role/administrator';
const NAMES = {
  LOG_BUCKET: 'my-event-log',
  LOG_PREFIX: 'events',
  LOG_ADMIN_ARN: ADMIN,
  LOG_OPERATOR_ARN: OPERATOR,
  OPERATOR_ACCESS_KEY: 'rynxs-operator',
  READER_ACCESS_KEY: 'log-reader',
};
const BUCKET = 'arn:aws:s3:::my-event-log';
const COMMIT = `${BUCKET}/events/0000000000.json`;

describe('the policies of examples/s3', () => {
  for (const name of POLICIES) {
    describe(name, () => {
      const { Version, Statement: statements } = policy(name, NAMES);

      it('is written in the language of policies', () => {
        expect(Version).to.equal('2012-10-17');
        expect(Object.keys(policy(name))).to.deep.equal(
          name === 'bucket-policy' ? ['Version', 'Id', 'Statement'] : ['Version', 'Statement'],
        );
        const isOfBucket = name.endsWith('bucket-policy');
        for (const statement of statements) {
          expect(statement.Sid).to.match(/^[A-Za-z0-9]+$/);
          expect(statement.Effect).to.be.oneOf(['Allow', 'Deny']);
          expect('Principal' in statement, 'only policies of buckets say whom').to.equal(isOfBucket);
          for (const action of listed(statement.Action)) expect(action).to.match(/^s3:([A-Z][A-Za-z]+|\*)$/);
          expect(statement).to.have.any.keys('Resource').and.not.any.keys('NotAction', 'NotResource');
        }
        expect(new Set(statements.map(({ Sid }) => Sid))).to.have.property('size', statements.length);
      });

      it('names objects below the prefix for what is done to objects, and the bucket for the rest', () => {
        const ofObjects = /^s3:(Bypass|(Get|Put|Delete|Replicate)(Object(Version)?|Delete)$)/;
        for (const { Action, Resource, Sid } of statements) {
          if (Action === 's3:*') continue;
          for (const action of listed(Action)) {
            const place = ofObjects.test(action) ? `${BUCKET}/events/*` : BUCKET;
            expect(Resource, `${Sid}: ${action}`).to.equal(place);
          }
        }
      });

      it('has nothing left to be filled in, and fits where it goes', () => {
        const text = policyText(name, NAMES);
        expect(text).to.not.match(PLACEHOLDER);
        // The limits of AWS: 20 KB for a bucket's policy, 2,048 characters without spaces for a user's.
        const length = JSON.stringify(JSON.parse(text)).length;
        expect(length).to.be.below(name.endsWith('bucket-policy') ? 20_480 : 2_048);
      });
    });
  }

  it('never allow more than the page says that Rynxs calls', () => {
    const permissions = column(calls(), 1).map((cell) => cell.replaceAll('`', ''));
    const actions = policy('operator-policy').Statement.flatMap(({ Action }) => listed(Action));
    expect(new Set(actions)).to.deep.equal(new Set(permissions));
    expect(actions).to.have.length(3);
  });

  it('grant on versitygw what they grant elsewhere', () => {
    const granted = (key: string): readonly object[] =>
      policy('versitygw-bucket-policy')
        .Statement.filter(({ Principal }) => JSON.stringify(Principal) === `{"AWS":["${key}"]}`)
        .map(({ Principal: _, ...statement }) => statement);
    expect(granted('OPERATOR_ACCESS_KEY')).to.deep.equal(policy('operator-policy').Statement);
    expect(granted('READER_ACCESS_KEY')).to.deep.equal(policy('reader-policy').Statement);
  });

  it('deny on versitygw what no grant may allow', () => {
    const everything = {
      Sid: 'All',
      Effect: 'Allow',
      Action: 's3:*',
      Resource: [BUCKET, `${BUCKET}/*`],
    } as const;
    const policies = [policy('versitygw-bucket-policy', NAMES), { Version: '', Statement: [everything] }];
    const decision = (action: string, tls = 'true'): boolean =>
      allows(policies, action, COMMIT, { 'aws:SecureTransport': tls });
    expect(decision('s3:PutObject')).to.equal(true);
    for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention']) {
      expect(decision(action), action).to.equal(false);
    }
    expect(decision('s3:PutObject', 'false')).to.equal(false);
  });

  describe('decide, by the rules of AWS,', () => {
    const operator = [policy('operator-policy', NAMES), policy('bucket-policy', NAMES)];
    const reader = [policy('reader-policy', NAMES), policy('bucket-policy', NAMES)];
    const all: Policy = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'All', Effect: 'Allow', Action: 's3:*', Resource: [BUCKET, `${BUCKET}/*`] }],
    };
    const powerful = [all, policy('bucket-policy', NAMES)];
    const creates = { 's3:ObjectCreationOperation': 'true' };
    const conditional = { ...creates, 's3:if-none-match': '*' };
    const by = (arn: string, more: Context = {}): Context => ({
      'aws:PrincipalArn': arn,
      'aws:SecureTransport': 'true',
      ...more,
    });

    it('that the operator may list, read, and create', () => {
      expect(allows(operator, 's3:ListBucket', BUCKET, by(OPERATOR))).to.equal(true);
      expect(allows(operator, 's3:GetObject', COMMIT, by(OPERATOR))).to.equal(true);
      expect(allows(operator, 's3:PutObject', COMMIT, by(OPERATOR, conditional))).to.equal(true);
    });

    it('that nobody may overwrite, not even one who does not say what a request is', () => {
      for (const context of [creates, {}]) {
        expect(allows(operator, 's3:PutObject', COMMIT, by(OPERATOR, context))).to.equal(false);
        expect(allows([all, ...operator], 's3:PutObject', COMMIT, by(OPERATOR, context))).to.equal(false);
      }
    });

    it('that the parts of a multipart upload need no condition, but its completion does', () => {
      const part = by(OPERATOR, { 's3:ObjectCreationOperation': 'false' });
      expect(allows(operator, 's3:PutObject', COMMIT, part)).to.equal(true);
      expect(allows(operator, 's3:PutObject', COMMIT, by(OPERATOR, creates))).to.equal(false);
    });

    it('that only the operator may write below the prefix', () => {
      for (const arn of [SOMEBODY, ADMIN]) {
        expect(allows(powerful, 's3:PutObject', COMMIT, by(arn, conditional))).to.equal(false);
        expect(allows(powerful, 's3:PutObject', `${BUCKET}/other/a`, by(arn, conditional))).to.equal(true);
      }
    });

    it('that nobody may delete, replicate into the log, or lift a retention', () => {
      const actions = ['DeleteObject', 'DeleteObjectVersion', 'ReplicateObject', 'ReplicateDelete'];
      for (const arn of [OPERATOR, SOMEBODY, ADMIN]) {
        for (const action of [...actions, 'BypassGovernanceRetention']) {
          expect(allows(powerful, `s3:${action}`, COMMIT, by(arn)), `${action} by ${arn}`).to.equal(false);
        }
      }
    });

    it('that only the administrator may change the bucket', () => {
      const changes = policy('bucket-policy').Statement.find(
        ({ Sid }) => Sid === 'OnlyTheAdministratorChangesTheBucket',
      );
      const actions = listed(changes?.Action ?? []);
      expect(actions).to.include.members([
        's3:PutBucketPolicy',
        's3:DeleteBucketPolicy',
        's3:PutLifecycleConfiguration',
        's3:PutBucketVersioning',
      ]);
      for (const action of actions) {
        expect(allows(powerful, action, BUCKET, by(SOMEBODY)), action).to.equal(false);
        expect(allows(powerful, action, BUCKET, by(OPERATOR)), action).to.equal(false);
        expect(allows(powerful, action, BUCKET, by(ADMIN)), action).to.equal(true);
      }
    });

    it('that readers may read, also earlier versions, and nothing else', () => {
      for (const action of ['s3:ListBucket', 's3:ListBucketVersions']) {
        expect(allows(reader, action, BUCKET, by(SOMEBODY)), action).to.equal(true);
      }
      for (const action of ['s3:GetObject', 's3:GetObjectVersion']) {
        expect(allows(reader, action, COMMIT, by(SOMEBODY)), action).to.equal(true);
      }
      expect(allows(reader, 's3:PutObject', COMMIT, by(OPERATOR, conditional))).to.equal(false);
    });

    it('that nothing is done without TLS', () => {
      const plain = { 'aws:SecureTransport': 'false' };
      expect(allows(operator, 's3:GetObject', COMMIT, by(OPERATOR, plain))).to.equal(false);
      expect(allows(powerful, 's3:ListBucket', BUCKET, by(ADMIN, plain))).to.equal(false);
    });
  });
});

describe(POLICY_PAGE, () => {
  const page = policyPage();

  it('has every statement of the bucket policy in both of its tables', () => {
    const statements = policy('bucket-policy').Statement.map(({ Sid }) => `\`${Sid}\``);
    expect(column(tableOf(page, 'What the bucket policy says'), 0)).to.deep.equal(statements);
    expect(column(tableOf(page, 'What other servers enforce'), 0)).to.deep.equal(statements);
  });

  it('names all operations that the code can send, and no others', () => {
    const source = readFileSync(join(ROOT, 'plugins/store-s3/src/s3-client.ts'), 'utf8');
    const sent = [...source.matchAll(/'(\w+)Command'/g)].map(([, name]) => name);
    const named = column(calls(), 0).map((cell) => /^`(\w+)`/.exec(cell)?.[1]);
    expect(sent).to.have.length(3);
    expect(new Set(named)).to.deep.equal(new Set(sent));
  });

  it('fills the policies in as it says', () => {
    using directory = new TestDirectory();
    symlinkSync(join(ROOT, 'examples'), join(directory.path, 'examples'));
    const { status, stderr } = spawnSync('sh', ['-euc', blockOf(page, 'names') + blockOf(page, 'fill')], {
      cwd: directory.path,
      encoding: 'utf8',
    });
    expect(status, stderr).to.equal(0);
    for (const name of ['bucket-policy', 'operator-policy', 'reader-policy'] as const) {
      const filled: unknown = JSON.parse(readFileSync(join(directory.path, `${name}.json`), 'utf8'));
      expect(filled).to.deep.equal(policy(name, NAMES));
    }
  });

  it('has commands that a shell can read', () => {
    const titles = [...page.matchAll(/^```sh title=(\S+)$/gm)].map(([, title = '']) => title);
    expect(titles.length).to.be.above(10);
    for (const title of titles) {
      const { status, stderr } = spawnSync('sh', ['-n'], { input: blockOf(page, title), encoding: 'utf8' });
      expect(status, `${title}: ${stderr}`).to.equal(0);
    }
  });

  it('says which versions of the servers were tried', () => {
    for (const [module, file] of [
      ['github.com/versity/versitygw', 'test/go/versitygw/go.mod'],
      ['github.com/minio/minio', 'test/go/minio/go.mod'],
    ] as const) {
      const pinned = new RegExp(`${module} (v\\S+)`).exec(readFileSync(join(ROOT, file), 'utf8'))?.[1];
      expect(page).to.include(pinned);
    }
  });
});

function calls(): readonly (readonly string[])[] {
  return tableOf(policyPage(), 'What Rynxs calls');
}

/** The cells below the table's head. */
function column(table: readonly (readonly string[])[], index: number): readonly string[] {
  return table.slice(1).map((row) => row[index] ?? '');
}

function listed<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

type Context = Readonly<Record<string, string>>;

/**
 * Whether a request is allowed: one statement must allow it and none deny it
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
 */
function allows(policies: readonly Policy[], action: string, resource: string, context: Context): boolean {
  const effects = policies
    .flatMap(({ Statement: statements }) => statements)
    .filter((statement) => applies(statement, action, resource, context))
    .map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

function applies(
  { Action, Resource, Condition = {} }: Statement,
  action: string,
  resource: string,
  context: Context,
): boolean {
  return (
    listed(Action).some((pattern) => isLike(action, pattern)) &&
    listed(Resource).some((pattern) => isLike(resource, pattern)) &&
    Object.entries(Condition).every(([operator, operands]) =>
      Object.entries(operands).every(([key, operand]) => holds(operator, context[key], operand)),
    )
  );
}

/** The condition operators that the policies use; `…IfExists` holds and `Not…` holds where the key is missing. */
function holds(operator: string, value: string | undefined, operand: string): boolean {
  switch (operator) {
    case 'Bool':
      return value === operand;
    case 'BoolIfExists':
      return value === undefined || value === operand;
    case 'Null':
      return (value === undefined) === (operand === 'true');
    case 'ArnNotEquals':
      return value === undefined || !isLike(value, operand);
    default:
      throw new Error(`the policies use no ${operator}`);
  }
}

function isLike(text: string, pattern: string): boolean {
  const literal = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${literal}$`).test(text);
}
