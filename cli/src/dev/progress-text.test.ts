import { expect } from 'chai';
import { colorsFor } from '../terminal/colors.js';
import { RecordingOutput } from '../testing/recording-terminal.test.js';
import type { AgentProgress } from './agent-progress.js';
import { newlyDone, renderProgress } from './progress-text.js';
import { createProgressView } from './progress-view.js';

const plain = colorsFor(new RecordingOutput(false), {});

function progress(agent: string, done: number): AgentProgress {
  const steps = ['ConfigMap/a', 'Pod running', 'Ready'].map((name, index) =>
    index === 1 && index >= done
      ? { name, done: false, waitingFor: 'Pending' }
      : { name, done: index < done },
  );
  return { agent, ready: done === 3, children: [], steps };
}

describe('progress on a terminal', () => {
  it('is a line per step, with what is waited for', () => {
    expect(renderProgress([progress('default/a', 1)], 0, plain)).to.equal(
      '⠋ default/a\n  ✔ ConfigMap/a\n  ⠋ Pod running  Pending\n  ⠋ Ready',
    );
    expect(renderProgress([progress('default/a', 3)], 1, plain)).to.match(/^✔ default\/a\n/);
  });

  it('is a line per agent when there are many, and never more than a screen', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      progress(`default/${index}`, index % 2 === 0 ? 3 : 1),
    );
    const lines = renderProgress(many, 0, plain).split('\n');
    expect(lines).to.have.length(21);
    expect(lines[0]).to.equal('✔ default/0  Ready');
    expect(lines[1]).to.equal('⠋ default/1  waiting for Pod running');
    expect(lines[20]).to.equal('  and 10 more');
  });

  it('is redrawn in place, and left as it ended', async () => {
    const output = new RecordingOutput(true);
    const view = await createProgressView(output, { TERM: 'xterm' }, false);
    view.show([progress('default/a', 3)]);
    view.end();
    const end = output.text.length;
    view.show([progress('default/a', 1)]);
    expect(output.text).to.include('✔').and.include('Ready');
    expect(output.text).to.have.length(end);
  });
});

describe('progress where nothing can be redrawn', () => {
  it('is a line for each step, once', async () => {
    const output = new RecordingOutput(false);
    const view = await createProgressView(output, {}, false);
    for (const done of [0, 1, 1, 3, 3]) view.show([progress('default/a', done)]);
    view.end();
    expect(output.text.replaceAll(/\(\d+ ms\)/g, '(…)')).to.equal(
      'default/a  ConfigMap/a  (…)\ndefault/a  Pod running  (…)\ndefault/a  Ready  (…)\n',
    );
  });

  it('is also what a terminal gets that shows other lines, or that cannot be redrawn', async () => {
    for (const [env, othersWrite] of [
      [{ TERM: 'xterm' }, true],
      [{ TERM: 'dumb' }, false],
      [{ TERM: 'xterm', CI: 'true' }, false],
    ] as const) {
      const output = new RecordingOutput(true);
      const view = await createProgressView(output, env, othersWrite);
      view.show([progress('default/a', 1)]);
      view.end();
      expect(output.text).to.match(/^default\/a {2}ConfigMap\/a {2}\(\d+ ms\)\n$/);
    }
  });

  it('names a step again that was undone', () => {
    const steps = (done: number) => newlyDone([progress('a', 0)], [progress('a', done)]);
    expect(steps(2)).to.deep.equal(['a  ConfigMap/a', 'a  Pod running']);
    expect(newlyDone([progress('a', 1)], [progress('a', 2)])).to.deep.equal(['a  Pod running']);
  });
});
