// What a script requires, and which of it is used: what nobody uses is told to its owner, as is an old name of what has another one now.

import type { Finding, Position } from './finding.ts'

/** Names of drafts that became RFCs under others (RFC 5232 §1, RFC 5435 §1), of comparators and of Pigeonhole. */
const nowCalled: ReadonlyMap<string, string> = new Map([
  ['imapflags', 'imap4flags'],
  ['notify', 'enotify'],
  ['vnd.dovecot.duplicate', 'duplicate'],
  ['comparator-en;ascii-casemap', 'comparator-i;ascii-casemap'],
])

/** They have no words of their own to be used: scripts for changes of the mailbox, and comparators that are always there. */
const withoutWords: ReadonlySet<string> = new Set([
  'imapsieve',
  'comparator-i;octet',
  'comparator-i;ascii-casemap',
])

export class Requirements {
  readonly #known: ReadonlySet<string>
  readonly #implied: ReadonlyMap<string, readonly string[]>
  readonly #names = new Set<string>()
  readonly #places = new Map<string, Position>()
  readonly #used = new Set<string>()

  constructor(known: ReadonlySet<string>, implied: ReadonlyMap<string, readonly string[]>) {
    this.#known = known
    this.#implied = implied
  }

  get names(): ReadonlySet<string> {
    return this.#names
  }

  /** What is wrong with it, or undefined. */
  add(name: string, at: Position): string | undefined {
    const { implied, known } = { implied: this.#implied.get(name) ?? [], known: this.#known }
    if (!known.has(name)) {
      const now = nowCalled.get(name.toLowerCase())
      return now === undefined
        ? `the extension "${name}" is not known here`
        : `"${name}" is the name of an old draft; its words are now those of require "${now}"`
    }
    if (!this.#names.has(name)) this.#places.set(name, at)
    for (const each of [name, ...implied]) this.#names.add(each)
    return undefined
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** Whether one of them is required; those that are, are used now. */
  use(...oneOf: readonly string[]): boolean {
    const found = oneOf.filter((each) => this.#names.has(each))
    for (const each of found) {
      this.#used.add(each)
      // RFC 6131 §3: who requires vacation-seconds may have it for vacation.
      for (const [name, implied] of this.#implied) if (implied.includes(each)) this.#used.add(name)
    }
    return found.length > 0
  }

  unused(): readonly Finding[] {
    const found: Finding[] = []
    for (const [name, at] of this.#places) {
      if (this.#used.has(name) || withoutWords.has(name)) continue
      found.push({ ...at, severity: 'warning', message: `nothing here needs "${name}"` })
    }
    return found
  }
}
