import { randomBytes } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { RynxsProcess } from '../rynxs-process.js';
import { CREDENTIALS, type S3Server, type S3ServerName } from './s3-server.js';

/** Credentials by the names under which the AWS SDK and the AWS CLI look for them. */
export type UserCredentials = Readonly<Record<string, string>> & {
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
};

const ROOT = {
  accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
  secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
};

/**
 * Makes a user. On MinIO it may do what `policy` allows; versitygw has no policies of users, so that the bucket's must
 * allow it.
 */
export async function makeUser(
  name: S3ServerName,
  server: S3Server,
  policy: string,
): Promise<UserCredentials> {
  return name === 'versitygw' ? versitygwUser(server) : minioSession(server, policy);
}

/** A client with the credentials of a user. */
export function clientOf(server: S3Server, user: UserCredentials, ca?: string): S3Client {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = user;
  return new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
    },
    ...(ca === undefined ? {} : { requestHandler: { httpsAgent: { ca } } }),
  });
}

async function versitygwUser(server: S3Server): Promise<UserCredentials> {
  const user = {
    AWS_ACCESS_KEY_ID: randomBytes(10).toString('hex'),
    AWS_SECRET_ACCESS_KEY: randomBytes(20).toString('hex'),
  };
  const program = process.env.RYNXS_TEST_VERSITYGW ?? '';
  const command = [program, 'admin', '--allow-insecure', '--endpoint-url', server.endpoint, 'create-user'];
  const args = ['--access', user.AWS_ACCESS_KEY_ID, '--secret', user.AWS_SECRET_ACCESS_KEY, '--role', 'user'];
  await using admin = new RynxsProcess([...command, ...args], '/', {
    ADMIN_ACCESS_KEY: ROOT.accessKeyId,
    ADMIN_SECRET_KEY: ROOT.secretAccessKey,
  });
  const { code, stderr } = await admin.ended();
  if (code !== 0) throw new Error(`versitygw made no user: ${stderr}`);
  return user;
}

/** MinIO gives credentials that may do what both root and the policy allow. */
async function minioSession(server: S3Server, policy: string): Promise<UserCredentials> {
  const client = new STSClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: ROOT,
    // Loopback only: the S3 clients beside this one check the certificate.
    requestHandler: { httpsAgent: { rejectUnauthorized: false } },
  });
  try {
    const command = new AssumeRoleCommand({
      RoleArn: 'arn:minio:iam:::role/ignored',
      RoleSessionName: 'user',
      Policy: policy,
    });
    const { Credentials } = await client.send(command);
    if (Credentials === undefined) throw new Error('MinIO gave no credentials');
    return {
      AWS_ACCESS_KEY_ID: Credentials.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: Credentials.SessionToken ?? '',
    };
  } finally {
    client.destroy();
  }
}
