import { expect } from 'chai';
import { s3Failure } from './s3-failure.js';

const PLACE = { bucket: 'my-bucket', key: 'k', server: 'https://s3.example.com' };

function failed(code: string | undefined, name = 'Error'): Error {
  return Object.assign(new Error('in the words of Node'), { name }, code === undefined ? {} : { code });
}

describe('failures without an answer', () => {
  for (const [code, text] of [
    ['ECONNREFUSED', 'nothing listens there'],
    ['ENOTFOUND', 'the name cannot be resolved'],
    ['EAI_AGAIN', 'the name cannot be resolved'],
    ['EHOSTUNREACH', 'the host cannot be reached'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS there'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another name'],
    ['CERT_HAS_EXPIRED', 'not valid at this time'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'S3_CA_FILE'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'S3_CA_FILE'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'S3_CA_FILE'],
  ] as const) {
    it(`before anything was sent: ${code}`, () => {
      const failure = s3Failure(failed(code), { ...PLACE, action: 's3:PutObject' });
      expect(failure).to.include({ kind: 'unavailable', answered: false });
      expect(failure.message).to.contain(text).and.to.contain('in the words of Node');
    });
  }

  for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EPROTO', 'ANYTHING_ELSE', undefined]) {
    it(`when a write may have been sent: ${code}`, () => {
      const error = failed(code);
      expect(s3Failure(error, { ...PLACE, action: 's3:PutObject' }).kind).to.equal('ambiguous');
      expect(s3Failure(error, { ...PLACE, action: 's3:GetObject' }).kind).to.equal('unavailable');
    });
  }

  it('of a host with several addresses: nothing was sent only if that holds for each', () => {
    const refused = new AggregateError([failed('ECONNREFUSED'), failed('ECONNREFUSED')]);
    expect(s3Failure(refused, { ...PLACE, action: 's3:PutObject' }).kind).to.equal('unavailable');
    for (const other of ['ECONNRESET', undefined]) {
      const mixed = new AggregateError([failed('ECONNREFUSED'), failed(other)]);
      expect(s3Failure(mixed, { ...PLACE, action: 's3:PutObject' }).kind).to.equal('ambiguous');
    }
  });

  it('when no connection was made in time', () => {
    const failure = s3Failure(failed(undefined, 'TimeoutError'), { ...PLACE, action: 's3:PutObject' });
    expect(failure.kind).to.equal('unavailable');
    expect(failure.message).to.contain('raise S3_CONNECT_TIMEOUT');
    // With a code, it is the system that gave up a connection.
    const gaveUp = s3Failure(failed('ETIMEDOUT', 'TimeoutError'), { ...PLACE, action: 's3:PutObject' });
    expect(gaveUp.kind).to.equal('ambiguous');
  });
});
