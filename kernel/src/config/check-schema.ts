import type { ConfigSchema, SettingType } from '../contracts/config.js';
import { parseSetting } from './parse-setting.js';

const TYPES: Readonly<Record<SettingType, true>> = {
  string: true,
  integer: true,
  boolean: true,
  duration: true,
  size: true,
  port: true,
  list: true,
  choice: true,
};

/** What is wrong with a plugin's schema, one clause each: plain JavaScript has no compiler to tell. */
export function schemaProblems(schema: ConfigSchema): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return ['its config is not an object'];
  return Object.entries(schema).flatMap(([name, setting]) => {
    const of = `its setting ${name}`;
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) return [`${of} is not named in camelCase`];
    // convict tells a setting from a section by this name.
    if (name === 'default') return [`${of} must have another name`];
    if (typeof setting !== 'object' || setting === null) return [`${of} is not an object`];
    if (!Object.hasOwn(TYPES, setting.type)) return [`${of} has the unknown type ${String(setting.type)}`];
    if (!isVariable(setting.env)) return [`${of} has no env, the name of a variable in capitals`];
    if (
      setting.aliases !== undefined &&
      !(Array.isArray(setting.aliases) && setting.aliases.every(isVariable))
    ) {
      return [`${of} has aliases that are not names of variables in capitals`];
    }
    if (typeof setting.doc !== 'string' || setting.doc === '') return [`${of} has no doc`];
    if (setting.type === 'choice' && !(Array.isArray(setting.values) && setting.values.length > 0)) {
      return [`${of} is a choice without values`];
    }
    if (setting.default === undefined) return [];
    const parsed = parseSetting(setting, setting.default);
    return parsed.ok ? [] : [`the default of ${of} ${parsed.problem}`];
  });
}

function isVariable(name: unknown): boolean {
  return typeof name === 'string' && /^[A-Z][A-Z0-9_]*$/.test(name);
}
