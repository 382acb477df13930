// Splits what Postfix splits at commas and white space.

/** Of one setting, whatever it names. */
export const LIST_CHARACTERS_MAX = 100_000

/** What keeps a text from being a list. */
export class ListFault extends Error {}

/** Tokens of a list; what stands in braces is one of them, with its braces. Linear in its text. */
export function splitList(text: string): readonly string[] {
  if (text.length > LIST_CHARACTERS_MAX)
    throw new ListFault(`more than ${LIST_CHARACTERS_MAX} characters`)
  const tokens: string[] = []
  let depth = 0
  let begin = -1
  for (let i = 0; i <= text.length; i += 1) {
    const char = text[i] ?? ','
    const isEnd = i === text.length
    if (!isEnd && char === '{') depth += 1
    if (!isEnd && char === '}') depth -= 1
    if (depth < 0) throw new ListFault('a } without its {')
    const isGap = isEnd || (depth === 0 && /[\s,]/.test(char))
    if (!isGap && begin === -1) begin = i
    if (isGap && begin !== -1) {
      tokens.push(text.slice(begin, i))
      begin = -1
    }
  }
  if (depth > 0) throw new ListFault('a { without its }')
  return tokens
}
