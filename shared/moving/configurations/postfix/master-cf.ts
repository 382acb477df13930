// master.cf of master(5): the programs that run, and what of main.cf is other for each of them (`-o`).

import { joinedLines } from '../source-files.ts'
import { closingOf } from './expand.ts'
import { splitAssignment } from './main-cf.ts'

export type MasterService = {
  /** `smtp`, `127.0.0.1:10025`. */
  readonly name: string
  readonly type: 'inet' | 'unix' | 'unix-dgram' | 'fifo' | 'pass'
  /** smtpd, pipe, … */
  readonly command: string
  /** Behind it, without the overrides. */
  readonly words: readonly string[]
  /** With their `$names`; the last of each counts. */
  readonly overrides: ReadonlyMap<string, string>
  readonly line: number
}

export type MasterCf = {
  readonly services: readonly MasterService[]
  readonly faults: readonly { readonly line: number; readonly reason: string }[]
}

const types = ['inet', 'unix', 'unix-dgram', 'fifo', 'pass'] as const
/** Before the command: service, type, private, unprivileged, chroot, wake-up, processes. */
const COLUMNS = 7

export function parseMasterCf(text: string): MasterCf {
  const services = new Map<string, MasterService>()
  const faults: { line: number; reason: string }[] = []
  for (const { line, text: joined } of joinedLines(text)) {
    const words = splitWords(joined)
    const type = types.find((known) => known === words?.[1])
    const [name = '', command = ''] = [words?.[0], words?.[COLUMNS]]
    if (words === undefined || type === undefined || command === '') {
      faults.push({ line, reason: `'${joined.trim().slice(0, 80)}' is no service` })
      continue
    }
    const rest = readArguments(words.slice(COLUMNS + 1), (reason) => faults.push({ line, reason }))
    // A service stands there once, and the last counts.
    services.set(`${name} ${type}`, { name, type, command, line, ...rest })
  }
  return { services: [...services.values()], faults }
}

function readArguments(words: readonly string[], fault: (reason: string) => void) {
  const overrides = new Map<string, string>()
  const others: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('-o')) {
      others.push(withoutBraces(word))
      continue
    }
    const given = word === '-o' ? (words[++at] ?? '') : word.slice('-o'.length)
    const assignment = splitAssignment(withoutBraces(given))
    if (assignment === undefined) fault(`-o ${given.slice(0, 80)} is not name=value`)
    else overrides.set(assignment.name, assignment.value)
  }
  return { words: others, overrides }
}

const withoutBraces = (word: string) =>
  word.startsWith('{') && word.endsWith('}') ? word.slice(1, -1).trim() : word

/** At white space; what stands in braces is one word with them. Undefined: a brace is not closed. */
function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    if (/^\s$/.test(character)) {
      at++
      continue
    }
    let end = at
    if (character === '{') {
      const closing = closingOf(text, at)
      if (closing === -1) return undefined
      end = closing + 1
    } else {
      while (end < text.length && !/^\s$/.test(text.charAt(end))) end++
    }
    words.push(text.slice(at, end))
    at = end
  }
  return words
}
