import { FakeClock } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import type { Dispatcher } from 'undici';
import { WatchStream } from './watch-stream.js';

describe('a watch of which nothing is heard', () => {
  const subject = { verb: 'watch', resource: 'agents.universe.ai', server: 'https://server' };
  const controller = { abort: () => undefined } as unknown as Dispatcher.DispatchController;
  let clock: FakeClock;
  let stream: WatchStream;
  let end: string | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    end = undefined;
    stream = new WatchStream({
      clock,
      subject,
      answerTimeoutMs: 30_000,
      staleAfterMs: 180_000,
      onEvent: () => undefined,
      isKnown: () => false,
      onAnswer: () => undefined,
    });
    stream.ended.then(
      () => expect.fail('the server ended it'),
      (error: Error) => {
        end = error.message;
      },
    );
    stream.onRequestStart(controller);
  });

  it('is given up when it is not answered', async () => {
    await clock.advance(29_999);
    expect(end).to.equal(undefined);
    await clock.advance(1);
    expect(end).to.match(/: not answered within 30 s$/);
  });

  it('is given up when nothing comes after the answer, nor after what came', async () => {
    await clock.advance(10_000);
    stream.onResponseStart(controller, 200, {});
    await clock.advance(100_000);
    stream.onResponseData(controller, Buffer.from('{"type":"BOOKMARK","object":{}}\n'));
    await clock.advance(179_999);
    expect(end).to.equal(undefined);
    await clock.advance(1);
    expect(end).to.match(/: silent for 180 s$/);
  });
});
