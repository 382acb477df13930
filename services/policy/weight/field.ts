const FIELD_NAME = 'X-policyd-weight:'
/** RFC 5322 §2.1.1: a line should have no more, and must not have more than 998. */
const LINE_CHARACTERS_MAX = 78
const VALUE_CHARACTERS_MAX = 2_000
/** A word that a stranger wrote, such as HELO, stands on a line of its own. */
const WORD_CHARACTERS_MAX = 500

/** `X-policyd-weight`, folded, with nothing in it that could end it. */
export function weightField(value: string): string {
  const words = value
    .slice(0, VALUE_CHARACTERS_MAX)
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim()
    .split(' ')
  const lines: string[] = []
  let line = FIELD_NAME
  for (const whole of words) {
    const word = whole.slice(0, WORD_CHARACTERS_MAX)
    if (line.length + 1 + word.length > LINE_CHARACTERS_MAX && line !== FIELD_NAME) {
      lines.push(line)
      line = ''
    }
    line += ` ${word}`
  }
  return `${[...lines, line].join('\r\n')}\r\n`
}
