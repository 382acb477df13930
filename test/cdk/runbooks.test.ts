// One heading for each alarm in docs/runbooks.md, by its name and in the same order.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { alarmNames } from '../../cdk/monitoring.ts'

it('every alarm has a runbook, and every runbook an alarm', () => {
  const page = readFileSync(new URL('../../docs/runbooks.md', import.meta.url), 'utf8')
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual([...alarmNames])
})
