// `$name` in a value stands for the value of another setting, as in Postfix's main.cf; `$$` is a dollar sign.

/** `$name`, `${name}` and `$(name)`; names with dots in them need the braces. */
const REFERENCE = /\$(?:\$|([A-Za-z][A-Za-z0-9]*)|\{([^{}$]*)\}|\(([^()$]*)\))/g

/** Of a value with everything in it that it refers to. */
export const EXPANDED_CHARACTERS_MAX = 1_000_000

export type Expanded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly reason: string }

/** `textOf` gives the text of a setting. */
export function expandReferences(text: string, textOf: (name: string) => Expanded): Expanded {
  let expanded = ''
  let end = 0
  for (const match of text.matchAll(REFERENCE)) {
    const name = match[1] ?? match[2] ?? match[3]
    const value = name === undefined ? ({ kind: 'text', text: '$' } as const) : textOf(name)
    if (value.kind === 'fault') return value
    expanded += text.slice(end, match.index) + value.text
    end = match.index + match[0].length
    if (expanded.length > EXPANDED_CHARACTERS_MAX) {
      return { kind: 'fault', reason: `more than ${EXPANDED_CHARACTERS_MAX} characters` }
    }
  }
  return { kind: 'text', text: expanded + text.slice(end) }
}

/** As a value of this kind is written in a configuration file. */
export function writtenText({ verbatim }: { readonly verbatim?: true }, text: string): string {
  return verbatim === true ? text : escapeReferences(text)
}

/** The text that expands to this one. */
export function escapeReferences(text: string): string {
  return text.replaceAll('$', '$$$$')
}
