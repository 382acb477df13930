// Names, keys and results of access tables as people write them, checked once.

import { type AccessKey, parseAccessKey } from '#shared/directory/access-key.ts'
import { ACCESS_RESULT_BYTES_MAX, type AccessEntry } from '#shared/directory/access-records.ts'
import { classesOf } from '#shared/settings/restrictions/list-faults.ts'
import { resultFault } from '#shared/settings/restrictions/result-fault.ts'
import { isTableName } from '#shared/settings/restrictions/table-ref.ts'
import { badValue, ok, type Parsed } from './refusals.ts'

export type AccessEntryText = {
  readonly key: string
  readonly result: string
  /** Of a table that only stands for a list, where results say nothing. */
  readonly anyResult?: boolean | undefined
}

export type AccessFields = {
  parseTable(text: string): Parsed<string>
  parseKey(text: string): Parsed<AccessKey>
  parseEntry(entry: AccessEntryText): Parsed<AccessEntry>
}

export function createAccessFields(settings: {
  readonly smtpdRestrictionClasses: string
}): AccessFields {
  const classes = classesOf(settings.smtpdRestrictionClasses)
  const isClass = (name: string) => classes.has(name)

  function parseKey(text: string): Parsed<AccessKey> {
    const key = parseAccessKey(text)
    return 'fault' in key
      ? badValue('accessKey', text, { name: 'access-key', fault: key.fault })
      : ok(key)
  }

  return {
    parseTable: (text) =>
      isTableName(text) ? ok(text) : badValue('accessTable', text, { name: 'table-name' }),

    parseKey,

    parseEntry({ key: text, result, anyResult = false }) {
      const key = parseKey(text)
      if (key.kind !== 'ok') return key
      const bytes = Buffer.byteLength(result)
      if (bytes > ACCESS_RESULT_BYTES_MAX || /[\x00-\x08\x0a-\x1f\x7f]/.test(result)) {
        return badValue('result', result, {
          name: 'result-text',
          bytesMax: ACCESS_RESULT_BYTES_MAX,
        })
      }
      const problem = anyResult ? undefined : resultFault(result, isClass)
      if (problem !== undefined) return badValue('result', result, { name: 'result', problem })
      return ok({ key: key.value, result })
    },
  }
}
