import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildGoTool } from '../../scripts/lib/go-tools.mjs';
import { freePort } from './free-port.mjs';

const BUCKET = 'bench';
const START_TIMEOUT_MS = 10_000;

/** Starts versitygw, a real S3 server, over a directory. Its `env` leads a client there; it is ended on disposal. */
export async function startVersitygw(directory) {
  const program = buildGoTool({
    module: 'test/go/versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
  });
  // A directory in its root is a bucket.
  await mkdir(join(directory, BUCKET), { recursive: true });
  const [port, access, secret] = [
    await freePort(),
    randomBytes(8).toString('hex'),
    randomBytes(16).toString('hex'),
  ];
  const address = `127.0.0.1:${port}`;
  const child = spawn(program, ['--port', address, 'posix', directory], {
    env: { ...process.env, ROOT_ACCESS_KEY: access, ROOT_SECRET_KEY: secret },
    stdio: 'ignore',
  });
  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  };
  const kill = () => child.kill();
  process.on('exit', kill);
  await answers(address, child);
  // Where the AWS SDK looks for them.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret });
  return {
    bucket: BUCKET,
    env: { S3_ENDPOINT: address },
    [Symbol.asyncDispose]: stop,
  };
}

async function answers(address, child) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    const answer = await fetch(`http://${address}/`).catch(() => undefined);
    if (answer !== undefined) return;
    if (performance.now() > deadline) throw new Error('versitygw does not answer');
    await delay(20);
  }
}
