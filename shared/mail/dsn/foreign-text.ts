// Words of other systems, and addresses as strangers write them, on their way into a report: they stay one line, show what they are,
// and end neither a field nor a line.

/** RFC 5322 §2.1.1: lines should be no longer; Postfix wraps here. */
export const COLUMNS = 79
/** Of a word that has no blank to break it at; RFC 5322 §2.1.1 has 998 for a whole line. */
const WORD_BYTES_MAX = 900

// Controls, what is not seen or turns the direction of writing, and what ends a line in Unicode.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

export function oneLine(text: string): string {
  return text.toWellFormed().replace(UNSEEN, ' ')
}

/** Where only ASCII may stand. */
export function asciiLine(text: string): string {
  return oneLine(text).replace(/[^\x20-\x7e]/gu, '?')
}

/** Of more than one line, the others indented. Words stay whole, unless nobody could send a line with them. */
export function wrap(text: string, indent = ''): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap(sendable)) {
    if (word === '') continue
    if (line.trim() !== '' && line.length + 1 + word.length > COLUMNS) {
      lines.push(line)
      line = indent + word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

function sendable(word: string): readonly string[] {
  if (word.length * 3 <= WORD_BYTES_MAX) return [word]
  const pieces: string[] = []
  let piece = ''
  let bytes = 0
  for (const character of word) {
    const length = Buffer.byteLength(character)
    if (bytes + length > WORD_BYTES_MAX) {
      pieces.push(piece)
      piece = ''
      bytes = 0
    }
    piece += character
    bytes += length
  }
  return [...pieces, piece]
}

export const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text)
