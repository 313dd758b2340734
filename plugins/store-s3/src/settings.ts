import { type ConfigValues, defineConfig } from '@rynxs/kernel';

export const s3StoreSettings = defineConfig({
  bucket: {
    type: 'string',
    env: 'S3_BUCKET',
    doc: 'Bucket of the event log; it must exist. Directory buckets are not supported.',
    required: true,
  },
  prefix: {
    type: 'string',
    default: 'events',
    env: 'S3_PREFIX',
    doc: 'What the keys of the event log begin with, before a slash; each log needs its own.',
  },
  endpoint: {
    type: 'string',
    env: 'S3_ENDPOINT',
    doc: 'Server, such as `https://s3.example.com` or `minio-service.storage.svc:9000`; unset: AWS in the region. Without a scheme, http is used for loopback addresses and names of Kubernetes Services (`….svc`), https otherwise.',
  },
  region: {
    type: 'string',
    default: 'us-east-1',
    env: 'S3_REGION',
    doc: 'Region of the bucket. Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from wherever else the AWS SDK finds them.',
  },
  forcePathStyle: {
    type: 'boolean',
    env: 'S3_FORCE_PATH_STYLE',
    doc: 'Put the bucket into the path instead of the host name; unset: exactly when S3_ENDPOINT is set.',
  },
  caFile: {
    type: 'string',
    env: 'S3_CA_FILE',
    doc: 'File with PEM certificates of authorities that are trusted for the server, besides the usual ones.',
  },
  connectTimeout: {
    type: 'duration',
    default: '3s',
    env: 'S3_CONNECT_TIMEOUT',
    doc: 'How long a connection may take to be made.',
    min: 50,
    max: 60_000,
  },
  requestTimeout: {
    type: 'duration',
    default: '10s',
    env: 'S3_REQUEST_TIMEOUT',
    doc: 'Deadline of a request, connecting and the answer’s last byte included.',
    min: 100,
    max: 300_000,
  },
  maxConnections: {
    type: 'integer',
    default: '32',
    env: 'S3_MAX_CONNECTIONS',
    doc: 'Requests that may be under way at a time, each on a connection of its own; more wait for their turn.',
    min: 1,
    max: 256,
  },
});

export type S3StoreSettings = ConfigValues<typeof s3StoreSettings>;
