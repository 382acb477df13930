// Every parameter that Debian's Postfix knows has a treatment, and what is said of its defaults is so.

import { describe, expect, it } from 'vitest'
import { fitSetting } from '#shared/moving/configurations/fitting-setting.ts'
import { postfixDefaults } from '#shared/moving/configurations/postfix/defaults.ts'
import { treatmentOf } from '#shared/moving/configurations/postfix/parameters.ts'
import {
  isMade,
  unmappedParameters,
} from '#shared/moving/configurations/postfix/unmapped-parameters.ts'
import { settingsByPath } from '#shared/settings/table.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'

/** `name = value`, from Debian's. */
async function postconf(...options: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await runProgram('postconf', options)
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, name = '', value = ''] = /^(\S+) =(?: (.*))?$/.exec(line) ?? []
      return name === '' ? [] : [[name, value] as const]
    }),
  )
}

describe.skipIf(!isInstalled('postconf'))('parameters of Postfix', () => {
  it('all have a treatment', async () => {
    const names = [...(await postconf('-d')).keys()]
    expect(names.length).toBeGreaterThan(900)
    expect(names.filter((name) => treatmentOf(name) === undefined)).toEqual([])
  })

  it('are none that Postfix does not have', async () => {
    const known = await postconf('-d')
    const listed = unmappedParameters.flatMap(({ names }) => names.split(/\s+/)).filter(Boolean)
    expect(listed.filter((name) => !known.has(name))).toEqual([])
    // Each pattern is for some.
    const unused = unmappedParameters.filter(
      (one) => one.made !== undefined && ![...known.keys()].some((name) => isMade(name, one)),
    )
    expect(unused).toEqual([])
  })

  it('are listed once', () => {
    const listed = unmappedParameters.flatMap(({ names }) => names.split(/\s+/)).filter(Boolean)
    expect(listed.filter((name, at) => listed.indexOf(name) !== at)).toEqual([])
  })

  it('have the defaults that are worked with', async () => {
    const theirs = await postconf('-d')
    for (const [name, value] of Object.entries(postfixDefaults)) {
      expect([name, value?.replaceAll(/\s+/g, ' ')]).toEqual([name, theirs.get(name)])
    }
  })

  it('that become a setting have a default that the setting takes', async () => {
    const expanded = await postconf('-d', '-x')
    const refused = [...expanded].flatMap(([name, value]) => {
      const treatment = treatmentOf(name)
      if (treatment?.kind !== 'setting') return []
      const text = treatment.convert(value)
      const fitted = text === undefined ? undefined : fitSetting(treatment.path, text)
      return fitted?.kind === 'fault' ? [name] : []
    })
    expect(refused).toEqual([])
  })

  it('name settings that are there', async () => {
    for (const name of (await postconf('-d')).keys()) {
      const treatment = treatmentOf(name)
      if (treatment?.kind === 'setting')
        expect([...settingsByPath.keys()]).toContain(treatment.path)
    }
  })
})
