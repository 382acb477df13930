// A list of IMAP flags in strings (RFC 5232 §2): words between blanks, each once, whatever its case. What IMAP has no such flag for is left out.

/** flag-keyword is an atom (RFC 9051 §9); of the flags of the system those that can be set. */
export function flagWords(strings: readonly string[]): readonly string[] {
  const found = new Map<string, string>()
  for (const text of strings) {
    for (const word of text.split(/ +/)) {
      const key = word.toLowerCase()
      if (isFlag(word, key) && !found.has(key)) found.set(key, word)
    }
  }
  return [...found.values()]
}

function isFlag(word: string, key: string): boolean {
  return word.startsWith('\\') ? settable.has(key) : keyword.test(word)
}

const settable: ReadonlySet<string> = new Set([
  '\\answered',
  '\\flagged',
  '\\deleted',
  '\\seen',
  '\\draft',
])
/** No atom-specials: ( ) { blank, control characters, % * " \ ]. Longer ones no mailbox keeps. */
const keyword = /^[!#$&'+\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/
