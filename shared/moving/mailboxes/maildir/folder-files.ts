// Small files beside the messages of a Maildir: keywords, subscriptions, access lists.

import { decodeModifiedUtf7 } from '#shared/imap/modified-utf7.ts'

/** `dovecot-keywords`: lines `<index> <name>`; by the letter that stands for each in names of files. */
export function parseKeywords(text: string): ReadonlyMap<string, string> {
  const keywords = new Map<string, string>()
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    const digits = line.slice(0, Math.max(0, space))
    const index = /^\d{1,2}$/.test(digits) ? Number(digits) : undefined
    const name = line.slice(space + 1)
    if (index !== undefined && index < LETTERS && name !== '') {
      keywords.set(String.fromCharCode(LETTER_A + index), name)
    }
  }
  return keywords
}

const LETTERS = 26
const LETTER_A = 0x61

/** `subscriptions`: version 2 has tabs between the levels; version 1 plain names with the delimiter. */
export function parseSubscriptions(
  text: string,
  delimiter: string,
): readonly (readonly string[])[] {
  const lines = text.split('\n')
  const isSecond = lines[0] === 'V\t2'
  return lines
    .slice(isSecond ? 2 : 0)
    .filter((line) => line !== '')
    .map((line) =>
      line.split(isSecond ? '\t' : delimiter).map((name) => decodedName(unescapedName(name))),
    )
}

/** Modified UTF-7 where it is some, else as it stands: some installations keep names as UTF-8. `name` has a byte in each character. */
export function decodedName(name: string): string {
  const decoded = decodeModifiedUtf7(name)
  if (decoded !== undefined) return decoded
  const bytes = Buffer.from(name, 'latin1')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return name
  }
}

/** What the listescape plugin writes for characters that cannot stand in a name: a backslash and two hex digits. */
export const unescapedName = (name: string) =>
  name.replace(/\\([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
