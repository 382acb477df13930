// What docs/policy.md says to write can be written.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadSettings } from '#shared/settings/load.ts'

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/^```toml\n([^`]*)```$/gm)].map(([, text = '']) => text)

describe('docs/policy.md', () => {
  it('has examples', () => expect(examples.length).toBeGreaterThan(3))

  it.each([...examples, examples.toSorted((a, b) => +/^\[/m.test(a) - +/^\[/m.test(b)).join('\n')])(
    'shows settings that are allowed, example %#',
    (text) => {
      const result = loadSettings({
        file: { path: 'postwolke.toml', text },
        environment: {},
        overrides: [],
        readFile: () => 'dqs=abcdefghijklmnopqrstuvwxyz',
      })
      expect(result.kind === 'invalid' ? result.problems : []).toEqual([])
    },
  )
})
