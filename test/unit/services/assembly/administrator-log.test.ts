import { describe, expect, it } from 'vitest'
import { changeFields } from '#services/assembly/administrator-log.ts'
import type { Change } from '#shared/administration/changes.ts'

const change = (name: string): Change => ({ what: 'alias', name, before: null, after: null })

describe('the changes of a command in the log', () => {
  it('are told one by one', () => {
    const changes = [change('a@a.test'), change('b@a.test')]
    expect(changeFields(changes)).toEqual({ changes })
    expect(changeFields([])).toEqual({})
  })

  it('are counted where they do not fit', () => {
    const long = change('x'.repeat(1_000))
    expect(changeFields([change('a@a.test'), long, long])).toEqual({
      changes: [change('a@a.test')],
      moreChanges: 2,
    })
    expect(changeFields([long])).toEqual({ moreChanges: 1 })
  })

  it('are never more than a thousand characters', () => {
    const changes = Array.from({ length: 100 }, (_, n) => change(`list${n}@a.test`))
    const fields = changeFields(changes)
    expect(JSON.stringify(fields.changes).length).toBeLessThanOrEqual(1_100)
    expect(fields.moreChanges).toBeGreaterThan(0)
  })
})
