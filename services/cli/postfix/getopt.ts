// Options as getopt(3) reads them for Postfix's commands: letters that stand together, values attached or behind, and nothing behind
// the first word that is none.

export type Options = {
  readonly options: readonly (readonly [letter: string, value: string])[]
  readonly rest: readonly string[]
}

/** `letters` as getopt has them: a colon behind those with a value. A text: what is wrong, in getopt's words. */
export function getopt(words: readonly string[], letters: string): Options | string {
  const options: [string, string][] = []
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return { options, rest: words.slice(at + 1) }
    if (!word.startsWith('-') || word === '-') break
    for (let i = 1; i < word.length; i++) {
      const letter = word.charAt(i)
      const known = letter === ':' ? -1 : letters.indexOf(letter)
      if (known === -1) return `invalid option -- '${letter}'`
      if (letters.charAt(known + 1) !== ':') {
        options.push([letter, ''])
        continue
      }
      const value = word.slice(i + 1) || words[++at]
      if (value === undefined) return `option requires an argument -- '${letter}'`
      options.push([letter, value])
      break
    }
  }
  return { options, rest: words.slice(at) }
}
