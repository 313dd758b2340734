import { createToken } from './token.js';

/** A type of a setting. What each accepts is exact: anything else is RYNXS_CONFIG_INVALID. */
export type SettingType =
  | 'string'
  /** Whole number in base 10. "10abc", "1e3" and "" are refused. */
  | 'integer'
  /** `true` or `false`, nothing else ("0" is not false). */
  | 'boolean'
  /** `250ms`, `15s`, `2m`, `1h`, or a bare whole number of seconds. The value is in milliseconds. */
  | 'duration'
  /** `512`, `10Ki`, `64Mi`, `10Gi`, or decimal `k`, `M`, `G`. The value is in bytes. */
  | 'size'
  /** TCP port, 0 to 65535; 0 lets the system choose. */
  | 'port'
  /** Comma-separated strings, blanks around them dropped; empty elements are refused. */
  | 'list'
  /** One of `values`. */
  | 'choice';

/** One setting. */
export interface Setting {
  readonly type: SettingType;
  /** The default, written as the user would write it; absent means that the setting may be unset. */
  readonly default?: string;
  /** Environment variable that sets it. An empty variable counts as unset. */
  readonly env: string;
  /** Other environment variables that set it, for names that users know from elsewhere; `env` wins over them. */
  readonly aliases?: readonly string[];
  /** One sentence for the reference and `--help`. */
  readonly doc: string;
  /** Never printed, logged or put into an error. */
  readonly sensitive?: boolean;
  /** Must be set when the plugin is selected. */
  readonly required?: boolean;
  /** Inclusive bounds in the unit of the value (ms for durations, bytes for sizes). */
  readonly min?: number;
  readonly max?: number;
  /** The accepted values of a `choice`. */
  readonly values?: readonly string[];
}

/** Settings by their camelCase name. In `rynxs.yaml` they stand under the plugin's id. */
export type ConfigSchema = Readonly<Record<string, Setting>>;

/** The type of a setting's resolved value. */
export type SettingValue<S extends Setting> = S['type'] extends 'integer' | 'duration' | 'size' | 'port'
  ? number
  : S['type'] extends 'boolean'
    ? boolean
    : S['type'] extends 'list'
      ? readonly string[]
      : S extends { readonly type: 'choice'; readonly values: readonly (infer V extends string)[] }
        ? V
        : string;

/** Resolved values of a schema. A setting with neither default nor `required: true` may be undefined. */
export type ConfigValues<S extends ConfigSchema> = {
  readonly [K in keyof S]: S[K] extends { readonly default: string } | { readonly required: true }
    ? SettingValue<S[K]>
    : SettingValue<S[K]> | undefined;
};

/** Keeps the literal types of a schema, so that ConfigValues can compute the values' types. */
export function defineConfig<const S extends ConfigSchema>(schema: S): S {
  return schema;
}

/**
 * The resolved settings of the plugin that asks: each plugin sees its own section and no other's. Cast it to
 * `ConfigValues<typeof schema>`. The kernel's own settings are for the kernel.
 */
export const CONFIG = createToken<Readonly<Record<string, unknown>>>('CONFIG');
