import { eventStoreSuite } from '@rynxs/kernel/testing';
import { S3Place } from './s3-place.js';
import { S3_SERVERS } from './s3-server.js';

for (const name of S3_SERVERS) {
  describe(`the store in a bucket of ${name}`, () => {
    let place: S3Place;

    before(async () => {
      place = await S3Place.start(name);
    });

    after(() => place?.[Symbol.asyncDispose]());

    eventStoreSuite({ name: `store-s3 on ${name}`, create: () => place.harness() });
  });
}
