// Alias files of Exim's redirect routers. The configuration of Exim is a program: which file belongs to which domain is for whoever imports it
// to say.

import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { createAddressBook } from '../addresses.ts'
import { addressesOf } from '../alias-file.ts'
import { aliasTargets, readAliasSource } from '../alias-source.ts'
import { type Collector, createCollector } from '../collect.ts'
import type { MovingPlan, Place, PlannedEntry } from '../plan.ts'
import { linesOf, type SourceFiles, withinLimits } from '../source-files.ts'

export type EximSource = {
  readonly files: SourceFiles
  readonly path: string
  /** Of names that have none. */
  readonly defaultDomain?: string | undefined
}

export type EximRead =
  | { readonly kind: 'plan'; readonly plan: MovingPlan }
  | { readonly kind: 'refused'; readonly reason: string }

export function readExim({ files: given, path, defaultDomain }: EximSource): EximRead {
  const files = withinLimits(given)
  const content = files.read(path)
  if (content.kind === 'refused') return content
  if (/^\s*# ?(?:exim|sieve) filter/i.test(content.text.slice(0, 100))) {
    return { kind: 'refused', reason: 'it is a filter, and no list of aliases' }
  }
  const collect = createCollector('exim')
  const book = createAddressBook(collect)
  const domain = defaultDomain === undefined ? undefined : parseDomain(defaultDomain)
  const complete = (text: string) => {
    const found = parseAddress(text, domain)
    return found && formatAddress(found)
  }
  const refusals: PlannedEntry[] = []
  const rows = readAliasSource(path, withColons(content.text), ({ about, reason, from }) =>
    collect.note('faulty', about, reason, from),
  )
  for (const { key, value, from } of rows) {
    const name =
      key === '*' ? catchAll(defaultDomain) : key.startsWith('*@') ? key.slice(1) : complete(key)
    if (name === undefined) {
      collect.note('to-do', key, 'the name has no domain: give one with --default-domain', from)
      continue
    }
    if (!book.hasDomain(name.slice(name.lastIndexOf('@') + 1))) {
      book.domain(name.slice(name.lastIndexOf('@') + 1), from)
    }
    const refusal = refusalOf(name, value, from, collect)
    if (refusal !== undefined) refusals.push(refusal)
    else {
      const targets = addressesOf(key, value, from, { collect, files, complete })
      if (targets.length > 0) book.alias(name, targets, from)
    }
  }
  book.finish()
  giveRefusals(refusals, collect)
  return { kind: 'plan', plan: collect.plan() }
}

const catchAll = (domain: string | undefined) => (domain === undefined ? undefined : `@${domain}`)

/** Of `:blackhole:` and its like. */
const WORD_CHARACTERS_MAX = 12

/** lsearch has a colon or white space behind its keys; those in quotes are left alone. */
function withColons(text: string): string {
  const lines = [...linesOf(text)].map(({ text: line }) => {
    const end = line.search(/[\s:#"]/)
    const rest = line.slice(Math.max(0, end)).trimStart()
    const isPlain =
      end < 1 ||
      !/^\s$/.test(line.charAt(end)) ||
      (rest.startsWith(':') && !rest.slice(1, WORD_CHARACTERS_MAX).includes(':'))
    return isPlain || rest === '' ? line : `${line.slice(0, end)}: ${rest}`
  })
  return lines.join('\n')
}

/** `:blackhole:` and `:fail:` count for the whole of their list. */
function refusalOf(
  name: string,
  value: string,
  from: Place,
  collect: Collector,
): PlannedEntry | undefined {
  for (const target of aliasTargets(value)) {
    if (target.kind !== 'special') continue
    const result = resultOf(target.word, target.text)
    if (result === undefined) continue
    if (!name.startsWith('@')) return { key: name, result, from }
    collect.note(
      'not-supported',
      `${name} ${value}`.slice(0, 200),
      'a catch-all leads to addresses',
      from,
    )
    return undefined
  }
  return undefined
}

function resultOf(word: string, text: string): string | undefined {
  switch (word) {
    case 'fail':
      return `550 5.1.1 ${text || 'User unknown'}`
    case 'defer':
      return `450 4.2.1 ${text || 'Try again later'}`
    case 'blackhole':
      return 'DISCARD'
    default:
      return undefined
  }
}

function giveRefusals(entries: readonly PlannedEntry[], collect: Collector): void {
  const [first] = entries
  if (first === undefined) return
  const from = { file: first.from.file, line: 0 }
  collect.add({ kind: 'table', table: 'exim_aliases', use: 'access', entries, from })
  const reason =
    'ask it in `smtpdRecipientRestrictions`, first of all: check_recipient_access table:exim_aliases'
  collect.note('to-do', 'exim_aliases', reason, from)
}
