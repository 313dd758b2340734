import type { Colors } from '../terminal/colors.js';
import type { AgentProgress, Step } from './agent-progress.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** More agents than this get a line each instead of a line per step. */
const MAX_DETAILED = 3;
const MAX_LINES = 20;

/** The progress as it is redrawn on a terminal; `frame` counts the redraws. */
export function renderProgress(progress: readonly AgentProgress[], frame: number, colors: Colors): string {
  const spinner = colors.cyan(SPINNER[frame % SPINNER.length] ?? '');
  const mark = (done: boolean): string => (done ? colors.green('✔') : spinner);
  if (progress.length <= MAX_DETAILED) {
    return progress.flatMap((agent) => detailed(agent, mark, colors)).join('\n');
  }
  const lines = progress.map((agent) => `${mark(agent.ready)} ${agent.agent}  ${briefly(agent, colors)}`);
  const hidden = lines.length - MAX_LINES;
  return [...lines.slice(0, MAX_LINES), ...(hidden > 0 ? [`  and ${hidden} more`] : [])].join('\n');
}

function detailed(agent: AgentProgress, mark: (done: boolean) => string, colors: Colors): string[] {
  const lines = agent.steps.map(
    ({ name, done, waitingFor }) =>
      `  ${mark(done)} ${name}${waitingFor === undefined ? '' : colors.dim(`  ${waitingFor}`)}`,
  );
  return [`${mark(agent.ready)} ${colors.bold(agent.agent)}`, ...lines];
}

function briefly({ ready, steps }: AgentProgress, colors: Colors): string {
  if (ready) return 'Ready';
  const next = steps.find(({ done }) => !done);
  return next === undefined ? '' : colors.dim(`waiting for ${next.name}`);
}

/** Steps that are done in `now` and were not in `before`, as lines: what is printed where nothing can be redrawn. */
export function newlyDone(
  before: readonly AgentProgress[],
  now: readonly AgentProgress[],
): readonly string[] {
  return now.flatMap(({ agent, steps }) => {
    const known = before.find((earlier) => earlier.agent === agent)?.steps ?? [];
    return steps
      .filter((step) => step.done && !isDone(known, step.name))
      .map(({ name }) => `${agent}  ${name}`);
  });
}

function isDone(steps: readonly Step[], name: string): boolean {
  return steps.some((step) => step.name === name && step.done);
}
