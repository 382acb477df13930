// Texts with parameters and plurals. A text is a string with `{name}` in it, or one for each plural form of `{count}`.

export type MessageText = string | { readonly one: string; readonly other: string }

type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never

/** `count` is a number, as plurals ask for it. */
export type ParametersOf<Text extends MessageText> = Text extends string
  ? { readonly [name in Names<Text>]: string | number }
  : Text extends {
        readonly one: infer One extends string
        readonly other: infer Other extends string
      }
    ? { readonly [name in Names<One> | Names<Other>]: string | number } & { readonly count: number }
    : never

export function fill(
  text: MessageText,
  parameters: { readonly [name: string]: string | number },
  locale: string,
): string {
  const chosen = typeof text === 'string' ? text : text[pluralOf(parameters['count'], locale)]
  return chosen.replaceAll(/\{(\w{1,40})\}/g, (whole, name: string) => {
    const value = parameters[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? numberFormat(locale).format(value) : value
  })
}

function pluralOf(count: string | number | undefined, locale: string): 'one' | 'other' {
  const rules = pluralRules(locale)
  return typeof count === 'number' && rules.select(count) === 'one' ? 'one' : 'other'
}

function remembered<T>(make: (locale: string) => T): (locale: string) => T {
  const made = new Map<string, T>()
  return (locale) => {
    const found = made.get(locale) ?? make(locale)
    made.set(locale, found)
    return found
  }
}

export const numberFormat = remembered((locale) => new Intl.NumberFormat(locale))
const pluralRules = remembered((locale) => new Intl.PluralRules(locale))
