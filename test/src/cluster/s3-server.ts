import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { ServerCertificate } from './server-certificate.js';

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
/** What ends a test run before its tests have ended; the server must not outlive it. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The S3 servers that the store is tried on, by name. */
export const S3_SERVERS = ['versitygw', 'MinIO'] as const;
export type S3ServerName = (typeof S3_SERVERS)[number];

/** What all servers of a test process accept; the AWS SDK finds it in the environment. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: randomBytes(10).toString('hex'),
  AWS_SECRET_ACCESS_KEY: randomBytes(20).toString('hex'),
} as const;

/** A real S3 server on a free loopback port, over a directory of its own. */
export class S3Server implements AsyncDisposable {
  /** As S3_ENDPOINT wants it. */
  readonly endpoint: string;
  /** For what tests do to a bucket besides the store. */
  readonly client: S3Client;
  readonly #directory: string;
  readonly #command: ServerCommand;
  #process: ChildProcess;
  readonly #endWithUs = (): void => void this.#process.kill('SIGKILL');
  readonly #passOn = (signal: NodeJS.Signals): void => {
    this.#endWithUs();
    process.kill(process.pid, signal);
  };
  #output = '';

  private constructor(endpoint: string, directory: string, command: ServerCommand, ca: string | undefined) {
    this.endpoint = endpoint;
    this.#directory = directory;
    this.#command = command;
    this.#process = this.#run();
    this.client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
        secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
      },
      ...(ca === undefined ? {} : { requestHandler: { httpsAgent: { ca } } }),
    });
    process.once('exit', this.#endWithUs);
    for (const signal of ENDING_SIGNALS) process.once(signal, this.#passOn);
  }

  /** Resolves when the server answers. With a certificate it speaks TLS. */
  static async start(name: S3ServerName, tls?: ServerCertificate): Promise<S3Server> {
    const directory = mkdtempSync(join(tmpdir(), 'rynxs-s3-'));
    const port = await freePort();
    const command = commandOf(name, directory, `127.0.0.1:${port}`, tls);
    const endpoint = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    const server = new S3Server(endpoint, directory, command, tls?.ca);
    try {
      await server.#answers();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  async createBucket(): Promise<string> {
    const Bucket = `rynxs-${randomBytes(6).toString('hex')}`;
    await this.client.send(new CreateBucketCommand({ Bucket }));
    return Bucket;
  }

  /** Ends the server as a crash does. */
  async crash(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Starts it again after a crash, at its port and over what it had; resolves when it answers. */
  async restart(): Promise<void> {
    this.#process = this.#run();
    await this.#answers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#endWithUs);
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#passOn);
    this.client.destroy();
    await this.crash();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #run(): ChildProcess {
    const { program, args, env } = this.#command;
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, HOME: this.#directory, TMPDIR: this.#directory, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    return child;
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        await this.client.send(new ListBucketsCommand());
        return;
      } catch (error) {
        const { exitCode } = this.#process;
        if (exitCode !== null) throw new Error(`it ended with ${exitCode}:\n${this.#output}`);
        if (performance.now() > deadline) {
          throw new Error(`it does not answer:\n${this.#output}`, { cause: error });
        }
        await delay(POLL_MS);
      }
    }
  }
}

interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function commandOf(
  name: S3ServerName,
  directory: string,
  address: string,
  tls: ServerCertificate | undefined,
): ServerCommand {
  const { AWS_ACCESS_KEY_ID: user, AWS_SECRET_ACCESS_KEY: password } = CREDENTIALS;
  const data = join(directory, 'data');
  const versions = join(directory, 'versions');
  const users = join(directory, 'users');
  for (const path of [data, versions, users]) mkdirSync(path);
  if (name === 'versitygw') {
    const certificate = tls === undefined ? [] : ['--cert', tls.certFile, '--key', tls.keyFile];
    return {
      program: programOf('RYNXS_TEST_VERSITYGW'),
      args: [
        '--port',
        address,
        '--iam-dir',
        users,
        ...certificate,
        'posix',
        '--versioning-dir',
        versions,
        data,
      ],
      env: { ROOT_ACCESS_KEY: user, ROOT_SECRET_KEY: password },
    };
  }
  const certificates = tls === undefined ? [] : ['--certs-dir', join(tls.certFile, '..')];
  return {
    program: programOf('RYNXS_TEST_MINIO'),
    args: ['server', '--quiet', '--address', address, ...certificates, data],
    env: { MINIO_ROOT_USER: user, MINIO_ROOT_PASSWORD: password, MINIO_BROWSER: 'off' },
  };
}

function programOf(variable: string): string {
  const program = process.env[variable];
  if (program === undefined) throw new Error(`${variable} must name the server: use npm run test:cluster`);
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
