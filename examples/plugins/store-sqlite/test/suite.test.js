import { eventStoreSuite } from '@rynxs/kernel/testing';
import { createHarness } from './harness.js';

eventStoreSuite({ name: 'sqlite', create: createHarness });
