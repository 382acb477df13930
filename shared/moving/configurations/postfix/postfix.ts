// The configuration of a Postfix in a folder, as a plan. Every parameter that main.cf sets ends as a setting, in one of the translations, or as
// a note that says why it is not here.

import { createCollector } from '../collect.ts'
import type { Database } from '../database/database.ts'
import type { MovingPlan, PlannedAccount } from '../plan.ts'
import { type SourceFiles, withinLimits } from '../source-files.ts'
import { createContext, type PostfixContext } from './context.ts'
import { carriedDefaults } from './defaults.ts'
import { parseMainCf } from './main-cf.ts'
import { parseMasterCf } from './master-cf.ts'
import { treatmentOf } from './parameters.ts'
import { createTableNames } from './table-names.ts'
import { translateDomains } from './translate/domains.ts'
import { localNames } from './translate/local-names.ts'
import { translateMaps } from './translate/maps.ts'
import { translateMilters } from './translate/milters.ts'
import { translateNames } from './translate/names.ts'
import { translatePatterns } from './translate/patterns.ts'
import { translateRestrictions } from './translate/restrictions.ts'
import { translateTls } from './translate/tls.ts'

export type PostfixSource = {
  readonly files: SourceFiles
  /** Of a passwd-file that has their passwords. */
  readonly accounts?: readonly PlannedAccount[]
  /** What its tables of databases hold. */
  readonly database?: Database | undefined
  readonly defaultDomain?: string | undefined
  /** Of the old machine, where main.cf does not say it. */
  readonly hostname?: string
  /** In place of WORK_MAX. */
  readonly workMax?: number
}

export type PostfixRead =
  | { readonly kind: 'plan'; readonly plan: MovingPlan }
  /** There is no main.cf to be read. */
  | { readonly kind: 'refused'; readonly reason: string }

const MAIN_FILE = 'main.cf'
const MASTER_FILE = 'master.cf'

export function readPostfix(source: PostfixSource): PostfixRead {
  const files = withinLimits(source.files)
  const mainText = files.read(MAIN_FILE)
  if (mainText.kind === 'refused') {
    return { kind: 'refused', reason: `${MAIN_FILE}: ${mainText.reason}` }
  }
  const collect = createCollector('postfix', source.workMax)
  const main = parseMainCf(mainText.text)
  for (const { line, reason } of main.faults) {
    collect.note('faulty', MAIN_FILE, reason, { file: MAIN_FILE, line })
  }
  for (const { name, line } of main.overridden) {
    collect.note('not-needed', name, 'it is set again further down, and that counts', {
      ...{ file: MAIN_FILE, line },
    })
  }
  const masterText = files.read(MASTER_FILE)
  const master = masterText.kind === 'text' ? parseMasterCf(masterText.text) : undefined
  if (masterText.kind === 'refused') {
    const reason = `${masterText.reason}; ports and submission are told by nothing else`
    collect.note('to-do', MASTER_FILE, reason, { file: MASTER_FILE, line: 0 })
  }
  for (const { line, reason } of master?.faults ?? []) {
    collect.note('faulty', MASTER_FILE, reason, { file: MASTER_FILE, line })
  }
  const context = createContext({
    ...{ collect, files, main, mainFile: MAIN_FILE, master },
    hostname: source.hostname ?? 'localhost.localdomain',
  })
  const local = localNames(context)
  const names = createTableNames()
  translateNames(context, local, { defaultDomain: source.defaultDomain })
  const book = translateDomains(context, local, source)
  book.finish()
  translateRestrictions(context, names)
  translateMaps(context, names, book.hasDomain)
  translatePatterns(context)
  translateTls(context)
  translateMilters(context)
  translateEach(context)
  noteServices(context)
  // Postfix takes abuse@ and its like where somebody made them, and not by itself.
  collect.set('postmasterAliases', '', { about: 'alias_maps', from: context.place('alias_maps') })
  return { kind: 'plan', plan: collect.plan() }
}

/** All that one parameter says by itself, and why others say nothing here. */
function translateEach({ collect, set, value, place }: PostfixContext): void {
  for (const { parameter, text } of carriedDefaults) {
    const treatment = treatmentOf(parameter)
    if (set.has(parameter) || treatment?.kind !== 'setting') continue
    collect.set(treatment.path, text, { about: parameter, from: place(parameter) })
  }
  const used = usedNames(set)
  for (const name of set.keys()) {
    const treatment = treatmentOf(name)
    const from = place(name)
    if (treatment === undefined) {
      if (used.has(name)) continue
      collect.note(
        'not-needed',
        name,
        'Postfix has no such parameter, and nothing refers to it',
        from,
      )
      continue
    }
    switch (treatment.kind) {
      case 'setting': {
        const text = treatment.convert(value(name))
        if (text !== undefined) collect.set(treatment.path, text, { about: name, from })
        break
      }
      case 'translated':
        break
      default:
        collect.note(treatment.kind, name, treatment.because, from)
    }
  }
}

/** By `$name`, or as a class of restrictions. */
function usedNames(set: PostfixContext['set']): ReadonlySet<string> {
  const used = new Set(set.get('smtpd_restriction_classes')?.value.split(/[\s,]+/))
  for (const { value } of set.values()) {
    for (const [, name = ''] of value.matchAll(/\$[{(]?\s*([A-Za-z0-9_]+)/g)) used.add(name)
  }
  return used
}

/** Programs that mail was given to. */
function noteServices({ collect, master }: PostfixContext): void {
  for (const { name, command, line, words } of master?.services ?? []) {
    if (command !== 'pipe' && command !== 'spawn') continue
    const argv = words.slice(words.findIndex((word) => word.startsWith('argv='))).join(' ')
    collect.note(
      'not-supported',
      `${name} ${command}`,
      `no program is started for mail: ${argv.slice(0, 120)}`,
      {
        ...{ file: MASTER_FILE, line },
      },
    )
  }
}
