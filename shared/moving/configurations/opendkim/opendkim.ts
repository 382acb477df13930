// The keys that an OpenDKIM signed with (opendkim.conf(5)): of a KeyTable, or the one of Domain, Selector and KeyFile. With the same keys under the
// same selectors nothing has to be published anew.

import { parseDomain } from '#shared/mail/domain.ts'
import { type Collector, createCollector } from '../collect.ts'
import type { MovingPlan, Place } from '../plan.ts'
import { contentLines, type SourceFiles, withinLimits } from '../source-files.ts'

export type OpenDkimRead =
  | { readonly kind: 'plan'; readonly plan: MovingPlan }
  | { readonly kind: 'refused'; readonly reason: string }

type Entry = { readonly name: string; readonly value: string; readonly from: Place }
type Key = { readonly domain: string; readonly selector: string; readonly file: string }

export function readOpenDkim(of: {
  readonly files: SourceFiles
  readonly path: string
}): OpenDkimRead {
  const files = withinLimits(of.files)
  const content = files.read(of.path)
  if (content.kind === 'refused')
    return { kind: 'refused', reason: `${of.path}: ${content.reason}` }
  const collect = createCollector('opendkim')
  // Of the same name the last counts; names are not told apart by their letters.
  const set = new Map(
    entriesOf(of.path, content.text).map((entry) => [entry.name.toLowerCase(), entry]),
  )
  const signing = tableOf(set.get('signingtable'), files, collect)
  const keyTable = set.get('keytable')
  if (keyTable === undefined) oneKey(set, files, collect)
  else fromTables(tableOf(keyTable, files, collect), signing, files, collect)
  return { kind: 'plan', plan: collect.plan() }
}

/** A word, white space, and the rest of the line. */
const entriesOf = (file: string, text: string): readonly Entry[] =>
  [...contentLines(text)].map(({ line, text: whole }) => {
    const gap = whole.search(/\s/)
    const end = gap === -1 ? whole.length : gap
    const value = whole.slice(end).trim()
    return { name: whole.slice(0, end), value, from: { file, line } }
  })

/** Data sets of files; of databases and programs they are told. */
function tableOf(
  entry: Entry | undefined,
  files: SourceFiles,
  collect: Collector,
): readonly Entry[] {
  if (entry === undefined) return []
  const path = entry.value.replace(/^(?:re)?file:/i, '')
  const content = /^[a-z]+:/i.test(path)
    ? ({ kind: 'refused', reason: 'is no file' } as const)
    : files.read(path)
  if (content.kind === 'text') return entriesOf(path, content.text)
  collect.note('to-do', entry.name, `${entry.value.slice(0, 200)}: ${content.reason}`, entry.from)
  return []
}

function oneKey(set: ReadonlyMap<string, Entry>, files: SourceFiles, collect: Collector): void {
  const [domains, selector, file] = ['domain', 'selector', 'keyfile'].map((name) => set.get(name))
  if (domains === undefined || selector === undefined || file === undefined) {
    const reason = 'neither a KeyTable, nor Domain, Selector and KeyFile: it signed nothing'
    collect.note('to-do', 'KeyTable', reason, { file: '', line: 0 })
    return
  }
  for (const domain of domains.value.split(/[\s,]+/).filter((one) => one !== '')) {
    addKey({ domain, selector: selector.value, file: file.value }, file.from, files, collect)
  }
}

/** `name domain:selector:file`; `%` in place of a domain is the sender's, by the SigningTable. */
function fromTables(
  keys: readonly Entry[],
  signing: readonly Entry[],
  files: SourceFiles,
  collect: Collector,
): void {
  const signers = new Map<string, Entry[]>()
  for (const entry of signing) {
    const known = signers.get(entry.value)
    if (known === undefined) signers.set(entry.value, [entry])
    else known.push(entry)
  }
  for (const { name, value, from } of keys) {
    const [domain = '', selector = '', ...rest] = value.split(':')
    const file = rest.join(':')
    const senders = signers.get(name) ?? []
    if (domain === '%') {
      for (const own of new Set(senders.map((sender) => domainOf(sender.name)))) {
        addKey({ domain: own, selector, file }, from, files, collect)
      }
      continue
    }
    addKey({ domain, selector, file }, from, files, collect)
    for (const sender of senders) {
      const own = domainOf(sender.name)
      if (own === domain.toLowerCase() || own.endsWith(`.${domain.toLowerCase()}`)) continue
      const reason = `was signed by ${domain}; here a domain is signed by its own keys, or those above it`
      collect.note('not-supported', sender.name, reason, sender.from)
    }
  }
}

/** `*@example.org`, `example.org`, `ann@example.org`. */
const domainOf = (pattern: string) => pattern.slice(pattern.lastIndexOf('@') + 1).toLowerCase()

function addKey(key: Key, from: Place, files: SourceFiles, collect: Collector): void {
  if (!collect.spend(1)) return
  const selector = key.selector.toLowerCase()
  const about = `${selector}._domainkey.${key.domain}`.slice(0, 200)
  const domain = parseDomain(key.domain)
  // The key may stand in the table itself, in base64.
  const content = isBase64(key.file)
    ? ({ kind: 'text', text: pemOf(key.file) } as const)
    : files.read(key.file)
  if (domain === undefined) collect.note('faulty', about, 'no domain that could be here', from)
  else if (content.kind === 'refused') {
    collect.note('to-do', about, `${key.file}: ${content.reason}`, from)
  } else collect.add({ kind: 'signing-key', domain, selector, pem: content.text, from })
}

/** Of a key; no path is so long and without a dot. */
const isBase64 = (text: string) => /^[A-Za-z0-9+/=\s]{200,}$/.test(text)

const pemOf = (text: string) =>
  text.startsWith('-')
    ? text
    : `-----BEGIN RSA PRIVATE KEY-----\n${text.replaceAll(/\s/g, '')}\n-----END RSA PRIVATE KEY-----\n`
