import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../rynxs-process.js';
import { timeSpansOf } from './promql.js';

/** The one source of the alerts, relative to the root of the repository. */
export const RULES_FILE = 'helm/rynxs/files/alerts.yaml';

/** https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

export interface Rules {
  readonly groups: readonly RuleGroup[];
}

export type AlertRule = Rule & { readonly alert: string };

const UNIT_MS = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

export function readRules(): Rules {
  return parse(readFileSync(join(ROOT, RULES_FILE), 'utf8')) as Rules;
}

export function alertsOf({ groups }: Rules): readonly AlertRule[] {
  return groups.flatMap(({ rules }) => rules).filter((rule): rule is AlertRule => rule.alert !== undefined);
}

/**
 * The same rules in a faster time: every window, offset, `for` and age is multiplied by the factor of its rule, and the
 * interval of a group by the smallest of its rules'. How many, how much and which part of all stay as they are, and so does
 * the time that something takes: it is what is measured.
 */
export function scaleRules({ groups }: Rules, factorOf: (rule: Rule) => number): Rules {
  return {
    groups: groups.map((group) => {
      const fastest = Math.min(...group.rules.map(factorOf));
      return {
        ...group,
        ...(group.interval === undefined ? {} : { interval: scaleDuration(group.interval, fastest) }),
        rules: group.rules.map((rule) => scaleRule(rule, factorOf(rule))),
      };
    }),
  };
}

function scaleRule(rule: Rule, factor: number): Rule {
  return {
    ...rule,
    expr: scaleExpression(rule.expr, factor),
    ...(rule.for === undefined ? {} : { for: scaleDuration(rule.for, factor) }),
  };
}

export function scaleExpression(expression: string, factor: number): string {
  let scaled = '';
  let at = 0;
  for (const { text, from, to } of timeSpansOf(expression)) {
    const isNumber = /\d$/.test(text);
    scaled += expression.slice(at, from);
    scaled += isNumber ? String(Number(text) * factor) : scaleDuration(text, factor);
    at = to;
  }
  return scaled + expression.slice(at);
}

/** A duration of Prometheus, as `1h30m`, in milliseconds. */
export function durationMs(duration: string): number {
  let ms = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+)(ms|[smhdwy])/g))
    ms += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return ms;
}

function scaleDuration(duration: string, factor: number): string {
  return `${Math.round(durationMs(duration) * factor)}ms`;
}
