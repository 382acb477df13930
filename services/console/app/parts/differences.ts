// How something was before and is after, name by name; values as one would write them.

export type Difference = {
  readonly name: string
  /** Undefined: it was not there. */
  readonly before: string | undefined
  readonly after: string | undefined
}

type Facts = { readonly [name: string]: unknown }

export function differencesOf(before: Facts | null, after: Facts | null): readonly Difference[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  return names
    .map((name) => ({ name, before: textOf(before?.[name]), after: textOf(after?.[name]) }))
    .filter(({ before: one, after: other }) => one !== other)
}

export function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((each) => textOf(each) ?? '').join(', ')
  return JSON.stringify(value)
}
