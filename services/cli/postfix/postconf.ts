// postconf(1): our settings under Postfix's names, with values as Postfix writes them: sizes in bytes, times in seconds, yes and no.
// Nothing is changed here: the configuration file is the administrator's.

import { formatOrigin } from '#shared/settings/problems.ts'
import { type Setting, valueAt } from '#shared/settings/setting.ts'
import { settingsByPath } from '#shared/settings/table.ts'
import { dataDirectory } from '../context.ts'
import { readSettings } from '../store-context.ts'
import { getopt } from './getopt.ts'
import { Fatal, type PostfixCommand, warn } from './world.ts'

const NAME = 'postconf'
const USAGE =
  'usage: postconf [-c data_folder] [-d (parameter defaults)] [-h (no names)] [-H (no values)] [-n (non-default parameters)] [-o name=value (override parameter value)] [-x (expand parameter values)] [name...]'
/** Of main.cf alone; of what Postfix has besides, nothing is here. */
const LETTERS = 'aAbc:C:deEfFhHlmMno:pPtT:vxX#'

type Row = { readonly name: string; readonly value: string; readonly isDefault: boolean }

export const postconf: PostfixCommand = async (words, process) => {
  const given = getopt(words, LETTERS)
  if (typeof given === 'string') {
    process.say(`${NAME}: ${given}\n`)
    throw new Fatal(USAGE, 1)
  }
  const has = (letter: string) => given.options.some(([one]) => one === letter)
  for (const letter of 'eEX#') if (has(letter)) throw new Fatal(editHint(given.rest), 1)
  for (const letter of 'aAbFlmMPtT') {
    if (has(letter))
      throw new Fatal(`-${letter} is of Postfix's own parts; see 'postwolke config show'`, 1)
  }
  const data = given.options.findLast(([letter]) => letter === 'c')?.[1]
  const set = given.options.flatMap(([letter, value]) => (letter === 'o' ? [ours(value)] : []))
  const common = { set, ...(data !== undefined && { data }) }
  const loaded = has('d') ? undefined : await readSettings(common, process)
  const rows = [...settingsByPath].flatMap(([path, setting]): Row[] => {
    const name = postfixName(setting)
    const value = loaded === undefined ? setting.facts.default : valueAt(loaded.settings, path)
    const isDefault = loaded === undefined || formatOrigin(loaded.origin(path)) === 'default'
    const row = { value: postfixText(setting, value), isDefault }
    return name === undefined ? [] : [{ ...row, name }]
  })
  const known = [
    ...rows,
    { name: 'mail_name', value: 'Postwolke', isDefault: true },
    { name: 'config_directory', value: dataDirectory(common, process), isDefault: true },
    { name: 'queue_directory', value: dataDirectory(common, process), isDefault: true },
  ].sort((a, b) => (a.name < b.name ? -1 : 1))
  const print = ({ name, value }: Row) => {
    const text = has('h') ? value : has('H') ? name : `${name} = ${value}`
    process.write(`${text.trimEnd()}\n`)
  }
  if (given.rest.length === 0) {
    for (const row of known) if (!has('n') || !row.isDefault) print(row)
    return 0
  }
  for (const name of given.rest) {
    const row = known.find((one) => one.name === name)
    if (row !== undefined) print(row)
    else warn(process, NAME, `${name}: unknown parameter`)
  }
  return 0
}

/** Of Postfix alone: what is known by a sentence or by the place of a file has no name of that kind. */
const postfixName = ({ facts }: Setting<unknown>): string | undefined =>
  facts.known?.postfix !== undefined && /^[a-z][a-z0-9_]*$/.test(facts.known.postfix)
    ? facts.known.postfix
    : undefined

function postfixText({ kind }: Setting<unknown>, value: unknown): string {
  if (kind.secret === true) return ''
  switch (kind.name) {
    case 'size':
      return String(value)
    case 'time': {
      const seconds = Math.ceil(Number(value) / 1_000)
      return `${seconds}s`
    }
    default:
      return typeof value === 'boolean' ? (value ? 'yes' : 'no') : kind.format(value)
  }
}

/** `myhostname=x` as our own setting is called. */
function ours(pair: string): string {
  const at = pair.indexOf('=')
  const name = pair.slice(0, Math.max(at, 0)).trim()
  const found = [...settingsByPath].find(([, setting]) => postfixName(setting) === name)
  if (found === undefined) throw new Fatal(`${name}: unknown parameter`, 1)
  return `${found[0]}=${pair.slice(at + 1).trim()}`
}

function editHint(words: readonly string[]): string {
  const names = words.map((word) => word.split('=')[0]?.trim() ?? '')
  const paths = [...settingsByPath].flatMap(([path, setting]) =>
    names.includes(postfixName(setting) ?? '') ? path : [],
  )
  const which = paths.length === 0 ? '' : ` (${paths.join(', ')})`
  return `nothing was changed: settings${which} are in postwolke.toml; 'postwolke config check' looks at them before the server takes them over on SIGHUP`
}
