// Values of main.cf that are lists.

import { isBlank } from '../source-files.ts'

/** At commas and white space outside of braces, which stay on their word. Braces that do not close reach to the end. */
export function splitValue(text: string): readonly string[] {
  const words: string[] = []
  let depth = 0
  let begin = -1
  for (let at = 0; at <= text.length; at++) {
    const character = at === text.length ? ',' : text.charAt(at)
    if (character === '{') depth++
    else if (character === '}') depth = Math.max(0, depth - 1)
    const isGap = at === text.length || (depth === 0 && (character === ',' || isBlank(character)))
    if (!isGap && begin === -1) begin = at
    if (isGap && begin !== -1) {
      words.push(text.slice(begin, at))
      begin = -1
    }
  }
  return words
}

/** Of what stands in one pair of braces. */
export function withoutBraces(text: string): string | undefined {
  return text.startsWith('{') && text.endsWith('}') && text.length > 1
    ? text.slice(1, -1).trim()
    : undefined
}
