import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { settingsByPath } from '#shared/settings/table.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Their text says that they have no effect. */
const withoutEffect: readonly string[] = []

describe('settings', () => {
  it('are all read by something, or say that they are not', () => {
    const sources = globSync('{shared,services}/**/*.ts', { cwd: root })
      .filter((file) => !/^shared\/settings\/(?!own-domains)/.test(file))
      .map((file) =>
        readFileSync(`${root}/${file}`, 'utf8').replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, ''),
      )
    const defaults = [...settingsByPath.values()].map(
      ({ facts }) => facts.derived ?? facts.derivedBy?.setting ?? '',
    )
    // Names in a group (`log.level`) are too common to be looked for.
    const names = [...settingsByPath.keys()].filter((path) => !path.includes('.'))
    const unread = names.filter((name) => {
      const word = new RegExp(`\\b${name}\\b`)
      return ![...sources, ...defaults].some((text) => word.test(text))
    })
    expect(unread).toEqual(withoutEffect)
    for (const name of withoutEffect) {
      expect(settingsByPath.get(name)?.facts.about).toMatch(/^Without effect so far/)
    }
  })
})
