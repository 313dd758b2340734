import { PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ANY_PORTS, BASIC_AGENT } from '../rynxs-process.js';
import type { Statement } from '../s3-policies.js';

/** The bucket that tests of policies make, and what stands for names in the policies. */
export const BUCKET = 'event-log';
export const NAMES = {
  LOG_BUCKET: BUCKET,
  LOG_PREFIX: 'events',
  LOG_ADMIN_ARN: 'arn:aws:iam::111122223333:role/log-administrator',
  LOG_OPERATOR_ARN: 'arn:aws:iam::111122223333:role/rynxs-operator',
} as const;
export const STORE = `s3://${BUCKET}/events`;

/** Arguments of `rynxs` for an operator's whole run. */
export const ONCE = ['dev', ...ANY_PORTS, '--once', '--output', 'json', BASIC_AGENT] as const;

/** Makes these statements the bucket's policy. */
export function policyOf(statements: readonly Statement[]): PutBucketPolicyCommand {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return new PutBucketPolicyCommand({ Bucket: BUCKET, Policy });
}

/** A write as Rynxs sends it. */
export function put(Key: string, Body: string | Buffer = 'x'): PutObjectCommand {
  return new PutObjectCommand({ Bucket: BUCKET, Key, Body, IfNoneMatch: '*' });
}

/** `done`, or the code of the refusal. */
export async function answer(request: Promise<unknown>): Promise<string> {
  return request.then(
    () => 'done',
    (error: Error) => error.name,
  );
}
