// RFC 5293: fields put into the header and taken out. The message as it came stays as it is; what follows sees another one.

import { textField } from '#shared/mail/encoded-text.ts'
import { defineCommand, flag, optional, string, strings, unknown } from '../definition.ts'
import { headerLine, withField } from '../header-lines.ts'
import type { HeaderEditRules } from '../run/context.ts'
import { SieveRunError } from '../run/failure.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'
import type { Run } from '../run/run.ts'
import { checkIndex, indexed, indexTags } from './field-choice.ts'

const noRules: HeaderEditRules = { valueBytes: 2_048, forbidAdd: [], forbidDelete: [] }

/** field-name of RFC 5322 §3.6.8. */
const fieldName = /^[\x21-\x39\x3b-\x7e]{1,200}$/

/** RFC 5293 §4. */
export const addHeader = defineCommand({
  name: 'addheader',
  extensions: ['editheader'],
  tags: { last: flag('last') },
  positional: { name: string, value: string },
  check({ name }, checker) {
    if (name !== unknown && !fieldName.test(name)) checker.error(`"${name}" names no header field`)
  },
  async execute({ name, value, last }, run) {
    if (!fieldName.test(name)) throw new SieveRunError(`"${name}" names no header field`)
    const { valueBytes, forbidAdd } = run.context.headerEdits ?? noRules
    if (Buffer.byteLength(value) > valueBytes) {
      throw new SieveRunError(`a header field of more than ${valueBytes} bytes`)
    }
    if (isForbidden(forbidAdd, name)) return undefined
    const lines = await editable(run)
    const field = headerLine(textField(name, value))
    run.message = run.message.withLines(withField(lines, field, last ? 'last' : 'first'))
    return undefined
  },
})

/** RFC 5293 §5. */
export const deleteHeader = defineCommand({
  name: 'deleteheader',
  extensions: ['editheader'],
  // :index and :last are of this extension here.
  tags: { ...matching, ...ownIndex() },
  positional: { name: string, values: optional(strings) },
  check({ name, values, ...tags }, checker) {
    checkMatching({ ...tags, ...(values === undefined ? {} : { keys: values }) }, checker)
    checkIndex(tags, checker)
    if (name !== unknown && !fieldName.test(name)) checker.error(`"${name}" names no header field`)
  },
  async execute({ name, values, ...tags }, run) {
    if (!fieldName.test(name)) throw new SieveRunError(`"${name}" names no header field`)
    if (isProtected(name) || isForbidden((run.context.headerEdits ?? noRules).forbidDelete, name)) {
      return undefined
    }
    const lines = await editable(run)
    const key = name.toLowerCase()
    const header = await run.message.header()
    const texts = values === undefined ? [] : header.texts(name)
    const named = lines.fields.filter((field) => field.name.toLowerCase() === key)
    const deleted = new Set()
    for (const field of indexed(tags, named)) {
      const text = texts[named.indexOf(field)]
      if (values === undefined) deleted.add(field)
      else if (text !== undefined && (await matchAny(run, tags, [text], values))) deleted.add(field)
    }
    if (deleted.size === 0) return undefined
    const fields = lines.fields.filter((field) => !deleted.has(field))
    run.message = run.message.withLines({ ...lines, fields })
    return undefined
  },
})

function ownIndex(): typeof indexTags {
  const of = (name: 'index' | 'last') => {
    const { tags, read } = indexTags[name]
    const row = tags[name]
    return { tags: row === undefined ? {} : { [name]: { ...row, extension: null } }, read }
  }
  return { index: of('index'), last: of('last') } as typeof indexTags
}

/** An edit looks at all of the header. */
async function editable(run: Run) {
  const lines = await run.message.lines()
  run.spend(1 + (lines.fields.length >> 6))
  return lines
}

/** RFC 5293 §6: whatever anybody says. */
const isProtected = (name: string) => traces.has(name.toLowerCase())
const traces: ReadonlySet<string> = new Set(['received', 'auto-submitted'])

/** RFC 5293 §6: Subject can be edited; what is not permitted is passed over without a word. */
function isForbidden(names: readonly string[], name: string): boolean {
  const key = name.toLowerCase()
  return key !== 'subject' && names.some((each) => each.toLowerCase() === key)
}
