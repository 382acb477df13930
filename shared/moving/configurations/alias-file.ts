// What the right side of an alias leads to, with the lists that it includes; what is no address is told.

import { aliasTargets } from './alias-source.ts'
import type { Collector } from './collect.ts'
import type { Place } from './plan.ts'
import { contentLines, INCLUDES_MAX, type SourceFiles } from './source-files.ts'

export type AliasSide = {
  readonly collect: Collector
  readonly files: SourceFiles
  /** What has no domain, completed; undefined: no address. */
  readonly complete: (address: string) => string | undefined
}

/** Addresses of one alias, with all that it includes. */
export const ALIAS_ADDRESSES_MAX = 10_000

/** Of one line: as many addresses as that, and each with a name. */
export const ALIAS_CHARACTERS_MAX = 1024 ** 2

export function addressesOf(
  name: string,
  value: string,
  from: Place,
  side: AliasSide,
): readonly string[] {
  const found: string[] = []
  const entered: string[] = []
  read(value, from)
  return found

  function read(text: string, place: Place): void {
    const { collect, complete } = side
    const left = (reason: string) => collect.note('not-supported', name, reason, place)
    if (text.length > ALIAS_CHARACTERS_MAX) {
      left(`more than ${ALIAS_CHARACTERS_MAX} characters; the rest is left out`)
    }
    for (const target of aliasTargets(text.slice(0, ALIAS_CHARACTERS_MAX))) {
      if (isFull(place)) return
      switch (target.kind) {
        case 'address': {
          const address = complete(target.address)
          if (address === undefined) left(`'${target.address.slice(0, 80)}' is no address`)
          else found.push(address)
          break
        }
        case 'mailbox': {
          const address = complete(target.user)
          if (address !== undefined) found.push(address)
          break
        }
        case 'include':
          include(target.path, place)
          break
        case 'program':
          left(`mail is given to no program: |${target.command.slice(0, 80)}`)
          break
        case 'file':
          left(
            target.path === '/dev/null'
              ? 'mail is thrown away by no alias: an access table with DISCARD does that'
              : `mail is written to no file: ${target.path.slice(0, 80)}`,
          )
          break
        case 'special':
          left(
            target.word === 'fail' || target.word === 'blackhole'
              ? `:${target.word}: is an entry of an access table here (${target.word === 'fail' ? `550 ${target.text}` : 'DISCARD'})`
              : `:${target.word}: is not known here`,
          )
          break
      }
    }
  }

  function isFull(place: Place): boolean {
    if (!side.collect.spend(1)) return true
    if (found.length < ALIAS_ADDRESSES_MAX) return false
    const reason = `more than ${ALIAS_ADDRESSES_MAX} addresses; the rest is left out`
    side.collect.note('not-supported', name, reason, place)
    return true
  }

  function include(path: string, place: Place): void {
    const { collect, files } = side
    const content =
      entered.includes(path) || entered.length >= INCLUDES_MAX
        ? ({ kind: 'refused', reason: 'files include each other' } as const)
        : files.read(path)
    if (content.kind === 'refused') {
      collect.note('not-supported', name, `:include:${path}: ${content.reason}`, place)
      return
    }
    entered.push(path)
    for (const { line, text } of contentLines(content.text)) {
      if (isFull(place)) break
      read(text, { file: path, line })
    }
    entered.pop()
  }
}
