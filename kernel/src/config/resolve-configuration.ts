import convict from 'convict';
import type { Setting } from '../contracts/config.js';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { HIDDEN } from '../logging/redaction.js';
import type { ConfigOrigin, ConfigSection, Configuration, ResolvedSetting } from './configuration.js';
import { editDistance, nearestName } from './nearest-name.js';
import { parseSetting } from './parse-setting.js';
import type { ConfigSources } from './sources.js';

export type SectionValues = Readonly<Record<string, unknown>>;

/** What the sources give for some sections. */
export interface Resolution extends Configuration {
  /** Values of each section, by its id. Settings that are not valid are absent. */
  readonly values: ReadonlyMap<string, SectionValues>;
  /** RYNXS_CONFIG_INVALID for each value that its type refuses. */
  readonly errors: readonly RynxsError[];
  /** RYNXS_CONFIG_MISSING for each required setting of a section that is unset. */
  missing(sectionId: string): readonly RynxsError[];
  /** The values of sensitive settings, so that they can be kept out of the log. */
  readonly secrets: readonly string[];
}

interface DeclaredSetting {
  readonly section: string;
  readonly name: string;
  readonly path: string;
  readonly setting: Setting;
}

interface Place {
  readonly origin: ConfigOrigin;
  readonly where: string;
}

/** Lays defaults, file, environment and flags over each other and reads the text of each setting by its type. */
export function resolveConfiguration(
  sections: readonly ConfigSection[],
  { file, env, flags }: ConfigSources,
): Resolution {
  const declared = declaredSettings(sections);
  const places = new Map<string, Place>();
  const parsed = new Map<string, unknown>();
  const errors: RynxsError[] = [];

  const layers = convict(
    convictSchema(sections, (item, text) => {
      const result = parseSetting(item.setting, text);
      if (result.ok) parsed.set(item.path, result.value);
      else {
        const where = places.get(item.path)?.where || 'default';
        errors.push(
          rynxsError('RYNXS_CONFIG_INVALID', {
            setting: item.path,
            where,
            detail: detailOf(item, result.problem, text),
          }),
        );
      }
    }),
    { env: {}, args: [] },
  );

  const set = (
    item: DeclaredSetting,
    text: string | undefined,
    origin: ConfigOrigin,
    where: string,
  ): void => {
    // An empty value is as good as none, so that `LOG_DIR= rynxs start` does not log to nowhere.
    if (text === undefined || text === '') return;
    layers.set(item.path, text);
    places.set(item.path, { origin, where });
  };
  for (const item of declared) {
    if (item.setting.default !== undefined) places.set(item.path, { origin: 'default', where: '' });
    for (const entry of file.entries) {
      if (entry.section === item.section && entry.name === item.name)
        set(item, entry.text, 'file', entry.where);
    }
    for (const name of variablesOf(item)) set(item, env[name], 'environment', `$${name}`);
    for (const flag of [...variablesOf(item), item.path]) set(item, flags[flag], 'flag', `--${flag}`);
  }
  layers.validate({ allowed: 'strict' });

  const textOf = (item: DeclaredSetting): string | undefined =>
    (layers.get(item.path) as string | null) ?? undefined;
  return {
    values: valuesBySection(sections, declared, parsed),
    errors,
    secrets: declared.flatMap((item) =>
      item.setting.sensitive === true ? secretsIn(item, textOf(item)) : [],
    ),
    missing: (sectionId) =>
      declared
        .filter(
          (item) =>
            item.section === sectionId && item.setting.required === true && textOf(item) === undefined,
        )
        .map((item) =>
          rynxsError('RYNXS_CONFIG_MISSING', {
            setting: item.path,
            plugin: sectionId,
            env: item.setting.env,
          }),
        ),
    print: () => declared.map((item) => printed(item, textOf(item), places.get(item.path))),
  };
}

/**
 * Names in the file and among the flags that no section declares, each RYNXS_CONFIG_UNKNOWN with the nearest name.
 * `otherVariables` are names that may also be given as flags.
 */
export function unknownNames(
  sections: readonly ConfigSection[],
  { file, flags }: ConfigSources,
  otherVariables: readonly string[] = [],
): readonly RynxsError[] {
  const declared = declaredSettings(sections);
  const paths = declared.map((item) => item.path);
  const ids = new Set(sections.map((section) => section.id));
  const flagNames = [...paths, ...declared.flatMap(variablesOf), ...otherVariables];
  const unknown = (setting: string, where: string, known: readonly string[]): RynxsError => {
    const nearest = nearestName(setting, known);
    const suggestion = nearest === undefined ? 'Remove it' : `Did you mean ${nearest}`;
    return rynxsError('RYNXS_CONFIG_UNKNOWN', { setting, where, suggestion });
  };
  return [
    ...file.sections
      .filter((section) => !ids.has(section.name))
      .map((section) => unknown(section.name, section.where, [...ids])),
    ...file.entries
      .map((entry) => ({ path: `${entry.section}.${entry.name}`, ...entry }))
      .filter((entry) => ids.has(entry.section) && !paths.includes(entry.path))
      .map((entry) => unknown(entry.path, entry.where, paths)),
    ...Object.keys(flags)
      .filter((flag) => !flagNames.includes(flag))
      .map((flag) => unknown(flag, `--${flag}`, flagNames)),
  ];
}

/** Variables that are set, mean nothing, and look like a setting misspelt. An environment holds others' names too, so it is a guess. */
export function misspeltVariables(
  sections: readonly ConfigSection[],
  { env }: ConfigSources,
): readonly string[] {
  const known = new Set(declaredSettings(sections).flatMap(variablesOf));
  return Object.keys(env).flatMap((name) => {
    if (known.has(name) || !name.includes('_')) return [];
    const prefix = name.slice(0, name.indexOf('_') + 1);
    const meant = [...known].find((other) => other.startsWith(prefix) && editDistance(name, other) <= 2);
    return meant === undefined
      ? []
      : [`${name} is set, but there is no such setting; did you mean ${meant}?`];
  });
}

type ConvictSchema = Record<string, Record<string, convict.SchemaObj<string | null>>>;

function convictSchema(
  sections: readonly ConfigSection[],
  read: (item: DeclaredSetting, text: string) => void,
): convict.Schema<Record<string, unknown>> {
  const schema: ConvictSchema = {};
  for (const item of declaredSettings(sections)) {
    schema[item.section] = {
      ...schema[item.section],
      [item.name]: {
        doc: item.setting.doc,
        default: item.setting.default ?? null,
        nullable: true,
        sensitive: item.setting.sensitive === true,
        format: (text: string) => read(item, text),
      },
    };
  }
  return schema;
}

function declaredSettings(sections: readonly ConfigSection[]): readonly DeclaredSetting[] {
  return sections.flatMap(({ id, schema }) =>
    Object.entries(schema).map(([name, setting]) => ({ section: id, name, path: `${id}.${name}`, setting })),
  );
}

/** The variables that set it; later ones win. */
function variablesOf({ setting }: DeclaredSetting): readonly string[] {
  return [...(setting.aliases ?? []), setting.env];
}

function valuesBySection(
  sections: readonly ConfigSection[],
  declared: readonly DeclaredSetting[],
  parsed: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, SectionValues> {
  const values = new Map<string, Record<string, unknown>>(sections.map((section) => [section.id, {}]));
  for (const { section, name, path } of declared) {
    const of = values.get(section);
    if (of !== undefined && parsed.has(path)) of[name] = parsed.get(path);
  }
  for (const of of values.values()) Object.freeze(of);
  return values;
}

function secretsIn(item: DeclaredSetting, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return item.setting.type === 'list' ? [text, ...text.split(',').map((part) => part.trim())] : [text];
}

function detailOf(item: DeclaredSetting, problem: string, text: string): string {
  return item.setting.sensitive === true ? problem : `${problem}, not ${JSON.stringify(text)}`;
}

function printed(item: DeclaredSetting, text: string | undefined, place: Place | undefined): ResolvedSetting {
  return {
    path: item.path,
    env: item.setting.env,
    value: text !== undefined && item.setting.sensitive === true ? HIDDEN : text,
    origin: place?.origin ?? 'unset',
    where: place?.where ?? '',
    doc: item.setting.doc,
  };
}
