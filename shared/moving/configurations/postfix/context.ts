// What all translators of a Postfix configuration work with: values with everything expanded, tables read, and where each stood.

import { type Address, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Collector } from '../collect.ts'
import type { Place } from '../plan.ts'
import { contentLines, type SourceFiles } from '../source-files.ts'
import { postfixDefaults } from './defaults.ts'
import { expandValue } from './expand.ts'
import type { Assignment, MainCf } from './main-cf.ts'
import type { MasterCf, MasterService } from './master-cf.ts'
import { splitValue } from './split-value.ts'
import { readTable } from './tables/read-table.ts'
import type { ReadTable } from './tables/table.ts'

export type PostfixContext = {
  readonly collect: Collector
  readonly files: SourceFiles
  readonly master: MasterCf | undefined
  /** Parameters of main.cf. */
  readonly set: ReadonlyMap<string, Assignment>
  /** With all it refers to; what Postfix has by itself where nobody wrote it. A service may have its own. */
  readonly value: (name: string, service?: MasterService) => string
  readonly place: (name: string) => Place
  /** The words of a list, those of files that it names among them; `!` is told and left out. */
  readonly list: (name: string) => readonly ListWord[]
  /** All tables that a list names, in their order. */
  readonly tables: (name: string, syntax?: 'postmap' | 'aliases') => readonly NamedTable[]
  readonly table: (text: string, from: Place, syntax?: 'postmap' | 'aliases') => ReadTable
  /** `$myorigin` completes what has no domain. */
  readonly address: (text: string) => Address | undefined
}

export type NamedTable = { readonly text: string; readonly table: ReadTable; readonly from: Place }
export type ListWord = { readonly word: string; readonly from: Place }

/** `alsoSet`: in place of what main.cf says. */
export function createContext(of: {
  readonly collect: Collector
  readonly files: SourceFiles
  readonly main: MainCf
  readonly mainFile: string
  readonly master: MasterCf | undefined
  /** The name of the old machine, where main.cf does not say it. */
  readonly hostname: string
}): PostfixContext {
  const { collect, files, main, mainFile, master, hostname } = of
  const told = new Set<string>()
  const cache = new Map<string, ReadTable>()

  const raw = (name: string, service?: MasterService): string | undefined =>
    service?.overrides.get(name) ??
    main.values.get(name)?.value ??
    nameOfMachine(name) ??
    postfixDefaults[name]

  function nameOfMachine(name: string): string | undefined {
    if (name === 'myhostname') return hostname
    if (name !== 'mydomain') return undefined
    const full = expandValue('$myhostname', (one) => (one === 'mydomain' ? '' : raw(one)))
    const host = full.kind === 'text' ? full.text : ''
    const dot = host.indexOf('.')
    return dot === -1 ? 'localdomain' : host.slice(dot + 1)
  }

  const place = (name: string): Place => ({
    file: mainFile,
    line: main.values.get(name)?.line ?? 0,
  })

  const values = new Map<string, string>()

  /** Asked of every address: expanded once. */
  function value(name: string, service?: MasterService): string {
    if (service !== undefined) return expanded(name, service)
    const known = values.get(name) ?? expanded(name)
    values.set(name, known)
    return known
  }

  function expanded(name: string, service?: MasterService): string {
    const expansion = expandValue(raw(name, service) ?? '', (one) => raw(one, service))
    if (expansion.kind === 'text') {
      const text = expansion.text.trim()
      return name === 'myorigin' && text.startsWith('/') ? firstLine(text) : text
    }
    if (!told.has(name)) collect.note('faulty', name, expansion.reason, place(name))
    told.add(name)
    return ''
  }

  /** Debian's myorigin = /etc/mailname. */
  function firstLine(path: string): string {
    const content = files.read(path)
    if (content.kind === 'text') return content.text.split('\n', 1)[0]?.trim() ?? ''
    if (!told.has(path))
      collect.note('to-do', 'myorigin', `${path}: ${content.reason}`, place('myorigin'))
    told.add(path)
    return value('myhostname')
  }

  const table: PostfixContext['table'] = (text, from, syntax = 'postmap') =>
    readTable(text, {
      files,
      from,
      syntax,
      defaultType: value('default_database_type'),
      cache,
      spend: collect.spend,
      onFault: (fault) => collect.note('faulty', fault.about, fault.reason, fault.from),
    })

  function* words(
    name: string,
    some: readonly string[],
    from: Place,
    depth: number,
  ): Generator<ListWord> {
    for (const word of some) {
      if (!collect.spend(1)) return
      if (word.startsWith('!')) {
        const reason = `an exception (${word}) cannot be said here`
        collect.note('not-supported', name, reason, from)
      } else if (word.startsWith('/')) yield* fileWords(name, word, depth)
      else yield { word, from }
    }
  }

  function* fileWords(name: string, path: string, depth: number): Generator<ListWord> {
    const content = files.read(path)
    if (content.kind === 'refused' || depth > 5) {
      const reason =
        content.kind === 'refused' ? content.reason : 'files name each other too deeply'
      collect.note('not-supported', name, `${path}: ${reason}`, place(name))
      return
    }
    for (const { line, text } of contentLines(content.text)) {
      yield* words(name, splitValue(text), { file: path, line }, depth + 1)
    }
  }

  const list = (name: string) => [...words(name, splitValue(value(name)), place(name), 0)]

  return {
    collect,
    files,
    master,
    set: main.values,
    value,
    place,
    list,
    table,
    // One that is named again says nothing new.
    tables: (name, syntax) =>
      [...new Map(list(name).map((one) => [one.word, one])).values()].map(({ word, from }) => ({
        text: word,
        from,
        table: table(word, from, syntax),
      })),
    address: (text) => parseAddress(text, parseDomain(value('myorigin'))),
  }
}
