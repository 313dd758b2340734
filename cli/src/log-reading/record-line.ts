import type { Json, LogEvent } from '@rynxs/log';
import type { Colors } from '../terminal/colors.js';
import { printable } from '../terminal/printable.js';
import { mapOf, shownEvent } from './shown-event.js';

const MAX_SUMMARY_CHARACTERS = 120;
const MAX_MEMBER_CHARACTERS = 60;
const TIME_CHARACTERS = 24;

/** One line for people: `seq time type aggregate summary`. */
export function formatRecordLine(event: LogEvent, colors: Colors): string {
  const { seq, ts, type, aggregateId } = shownEvent(event);
  const number = colors.dim(String(seq).padStart(6));
  const time = colors.dim(printable(ts).padEnd(TIME_CHARACTERS));
  return `${number} ${time} ${typeColor(type, colors)(printable(type).padEnd(22))} ${printable(aggregateId)} ${summarize(event)}`.trimEnd();
}

/** What happened, from the payload, in a few words; empty for types that say it all. */
export function summarize(event: LogEvent): string {
  const { type, payload } = shownEvent(event);
  const summary = SUMMARIES[type] ?? (Object.hasOwn(payload, 'fact') ? factOf : summaryOfShape(type));
  const text = printable(summary(payload).replace(/\s+/g, ' '));
  return text.length <= MAX_SUMMARY_CHARACTERS ? text : `${text.slice(0, MAX_SUMMARY_CHARACTERS - 1)}…`;
}

type Payload = Readonly<Record<string, Json>>;
type Summary = (payload: Payload) => string;

const SUMMARIES: Readonly<Record<string, Summary>> = {
  EpochStarted: (payload) => `epoch ${word(payload.epoch)} by ${word(payload.holder)}`,
  EpochEnded: (payload) => `epoch ${word(payload.epoch)}: ${word(payload.reason)}`,
  TailDropped: (payload) => `${word(payload.bytes)} bytes kept as ${word(payload.kept_as)}`,
  ConfigurationObserved: (payload) => Object.keys(mapOf(payload.reconcilers)).join(', '),
  DriftObserved: (payload) =>
    payload.uid === null
      ? `${word(payload.child)} is missing`
      : `${word(payload.child)} differs at ${listOf(payload.paths).map(word).join(', ')}`,
  DeadlineReached: (payload) => word(payload.deadline),
  ActionsDecided: (payload) => decision(payload),
  ActionApplied: (payload) => outcome(payload),
  ActionFailed: (payload) => `${outcome(payload)}: ${word(payload.reason)}: ${word(payload.message)}`,
  ActionUnconfirmed: (payload) => `${outcome(payload)}: found ${word(payload.found)}`,
};

/** Types that are named after a kind: `AgentObserved`, `AgentDeleted`, `AgentReady`, `AgentDegraded`, `AgentSuspended`. */
function summaryOfShape(type: string): Summary {
  if (type.endsWith('Observed')) {
    return (payload) => `generation ${word(payload.generation)}${byWhom(payload.manager)}`;
  }
  if (type.endsWith('Deleted')) return (payload) => `found ${word(payload.found).replace('_', ' ')}`;
  if (/(Ready|Degraded|Suspended)$/.test(type)) {
    return (payload) => `${word(payload.reason)}: ${word(payload.message)}`;
  }
  return () => '';
}

/** What a reconciler has found in the cluster: the members of the fact that are short, and how many there are of others. */
function factOf({ fact }: Payload): string {
  return Object.entries(mapOf(fact))
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.length : word(value)}`)
    .filter((text) => text.length <= MAX_MEMBER_CHARACTERS)
    .join(', ');
}

function decision(payload: Payload): string {
  const refusal = mapOf(payload.refusal);
  if (Object.keys(refusal).length > 0) return `refused: ${word(refusal.reason)}: ${word(refusal.message)}`;
  const phase = mapOf(payload.phase);
  if (Object.keys(phase).length > 0)
    return `${word(phase.name)}: ${word(phase.reason)}: ${word(phase.message)}`;
  const actions = listOf(payload.actions)
    .map(mapOf)
    .map((action) => `${word(action.verb)} ${word(action.child)}`);
  return actions.length === 0 ? 'nothing to do' : actions.join(', ');
}

function outcome(payload: Payload): string {
  return `${word(payload.verb)} ${word(payload.child)}`;
}

function byWhom(manager: Json | undefined): string {
  return typeof manager === 'string' ? ` by ${manager}` : '';
}

function word(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '?');
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function typeColor(type: string, colors: Colors): (text: string) => string {
  if (/(Failed|Degraded|Dropped|Unconfirmed)$/.test(type)) return colors.red;
  if (type === 'DriftObserved' || type.endsWith('Deleted')) return colors.yellow;
  if (type.endsWith('Applied') || type.endsWith('Ready')) return colors.green;
  return colors.cyan;
}
