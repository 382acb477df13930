// What a setting is: a kind (which texts are allowed and what they mean), a default and a sentence for the manual. The table
// in table.ts is made of these; loading, `config show` and docs/settings.md all follow from it.

/** A way to read a value from text. Whoever has the value may rely on what `allowed` says. */
export type Kind<T> = {
  readonly name: string
  /** What may be written, for manuals and refusals: "a time such as 30s or 4h, from 1s to 1d". */
  readonly allowed: string
  /** Lists may be written as TOML arrays. */
  readonly list?: true
  /** An entry that is a path stands for the entries in that file; `whole`: a value that is one stands for all that the file has. */
  readonly files?: true | 'whole'
  /** A dollar sign is the value's own: it refers to no other setting. */
  readonly verbatim?: true
  /** Nobody gets to see the value, not even whoever may read the configuration. */
  readonly secret?: true
  /** Undefined when the text is not allowed. */
  parse(text: string): T | undefined
  /** A text that parses to the same value. */
  format(value: T): string
}

export type SettingFacts<T> = {
  readonly default: T
  /** The default where it follows from other settings, with their `$name`s: in place of `default` whenever settings are loaded. */
  readonly derived?: string
  /** The default by the value of another setting, with `$name`s as `derived` has them. */
  readonly derivedBy?: {
    readonly setting: string
    readonly texts: { readonly [value: string]: string }
  }
  /** For defaults that differ between machines: what the manual says instead of the value. */
  readonly defaultText?: string
  /** One sentence. */
  readonly about: string
  /** A server that runs takes a new value over on SIGHUP. Without it the change waits for a restart. */
  readonly reload?: true
  /** What mail people know it as. */
  readonly known?: {
    readonly postfix?: string
    readonly dovecot?: string
  }
}

export class Setting<T> {
  readonly kind: Kind<T>
  readonly facts: SettingFacts<NoInfer<T>>

  constructor(kind: Kind<T>, facts: SettingFacts<NoInfer<T>>) {
    this.kind = kind
    this.facts = facts
  }
}

export type SettingGroup = { readonly [name: string]: SettingGroup | Setting<unknown> }

/** The typed result of a table: the same nesting with values in place of settings. */
export type ValuesOf<G> = {
  readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : ValuesOf<G[K]>
}

/** Of the setting with this path, its names joined by dots. */
export function valueAt(settings: object, path: string): unknown {
  return path.split('.').reduce<unknown>((group, name) => Object(group)[name], settings)
}
