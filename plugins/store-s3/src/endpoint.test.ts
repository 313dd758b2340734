import { expect } from 'chai';
import { parseEndpoint } from './endpoint.js';

describe('S3_ENDPOINT', () => {
  for (const [text, href] of [
    ['https://s3.example.com', 'https://s3.example.com/'],
    ['http://s3.example.com:9000', 'http://s3.example.com:9000/'],
    ['s3.example.com', 'https://s3.example.com/'],
    ['s3.example.com:9000', 'https://s3.example.com:9000/'],
    ['s3.example.com/gateway', 'https://s3.example.com/gateway'],
    ['localhost:9000', 'http://localhost:9000/'],
    ['127.0.0.1:9000', 'http://127.0.0.1:9000/'],
    ['127.8.9.1', 'http://127.8.9.1/'],
    ['[::1]:9000', 'http://[::1]:9000/'],
    ['10.0.0.7:9000', 'https://10.0.0.7:9000/'],
    ['minio-service.storage.svc:9000', 'http://minio-service.storage.svc:9000/'],
    ['minio-service.storage.svc.cluster.local:9000', 'http://minio-service.storage.svc.cluster.local:9000/'],
    ['minio-service:9000', 'https://minio-service:9000/'],
    ['svc.example.com', 'https://svc.example.com/'],
    ['my.svcs.example.com', 'https://my.svcs.example.com/'],
    ['https://localhost:9000', 'https://localhost:9000/'],
  ] as const) {
    it(`is ${href} for ${text}`, () => {
      expect(parseEndpoint(text).href).to.equal(href);
    });
  }

  for (const text of [
    'ftp://s3.example.com',
    'https://user:secret@s3.example.com',
    'https://user@s3.example.com',
    'https://s3.example.com/?x=1',
    'https://s3.example.com/#x',
    'https://',
    'a b',
  ]) {
    it(`is refused as ${text}`, () => {
      expect(() => parseEndpoint(text)).to.throw(RangeError, /^must /);
    });
  }
});
