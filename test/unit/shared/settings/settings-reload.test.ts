import { describe, expect, it } from 'vitest'
import { imapDefaults } from '#services/imap/config.ts'
import { pop3Defaults } from '#services/pop3/config.ts'
import { smtpDefaults } from '#services/smtp/config.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { reloadSettings } from '#shared/settings/reload.ts'
import { settingsByPath } from '#shared/settings/table.ts'

function settingsOf(...overrides: readonly string[]) {
  const loaded = loadSettings({
    environment: {},
    overrides: ['hostname=mx.test.example', ...overrides],
  })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

describe('settings of a server that runs', () => {
  const running = settingsOf('relayhost=old.test', 'listeners.smtp.port=2525', 'log.level=info')

  it('are taken over where their table entry says so, and only there', () => {
    const wanted = settingsOf('relayhost=new.test', 'listeners.smtp.port=25', 'log.level=debug')
    const { settings, taken, needRestart } = reloadSettings(running, wanted)
    expect(settings.relayhost?.host).toBe('new.test')
    expect(settings.log.level).toBe('debug')
    expect(settings.listeners.smtp.port).toBe(2525)
    expect(taken).toEqual(['relayhost', 'log.level'])
    expect(needRestart).toEqual(['listeners.smtp.port'])
  })

  it('that have not changed are not named', () => {
    expect(reloadSettings(running, running)).toEqual({
      settings: running,
      taken: [],
      needRestart: [],
    })
  })

  it('that a listener copies when it opens need a restart', () => {
    const copied = [smtpDefaults, imapDefaults, pop3Defaults].flatMap((defaults) =>
      Object.keys(defaults).map((name) => name.replace(/Ms$/, '')),
    )
    const claimed = [...settingsByPath].flatMap(([path, { facts }]) => (facts.reload ? [path] : []))
    expect(claimed.filter((path) => copied.includes(path))).toEqual([])
    expect(claimed.length).toBeGreaterThan(20)
  })
})
