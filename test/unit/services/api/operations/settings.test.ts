// Settings over HTTP: what is in force and why, and what may be changed while the system runs.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'

let world: Administered
let api: TestApi

/** As a system has them whose file sets one, and whose environment another. */
const file = {
  path: '/etc/postwolke.toml',
  text: 'maximalBackoffTime = "2h"\nhostname = "mx.one.test"',
}
const environment = { POSTWOLKE_MINIMAL_BACKOFF_TIME: '10m' }

beforeAll(async () => {
  world = await openAdministration()
  const { backend } = world.pipeline
  api = openApi({
    ...backend,
    loadSettings: async (stored) => loadSettings({ file, environment, overrides: [], stored }),
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const change = (changes: object, query = '') =>
  api.ask(`POST /settings:change${query}`, { changes })
const settingOf = async (path: string) => (await api.ask(`GET /settings/${path}`)).body

describe('settings', () => {
  it('are found by the names that they have elsewhere', async () => {
    const { body } = await api.ask('GET /settings?q=maximal_backoff')
    expect(body.data).toMatchObject([
      { path: 'maximalBackoffTime', value: '2h', origin: 'file', from: file.path, isLocked: true },
    ])
  })

  it('are taken from the store where nobody else sets them, and given back', async () => {
    expect(await settingOf('delayWarningTime')).toMatchObject({
      origin: 'default',
      isLocked: false,
    })
    const { status, body } = await change({ delayWarningTime: '3h' })
    expect(status).toBe(200)
    expect(body.settings).toMatchObject([{ value: '3h', origin: 'stored' }])
    expect(await settingOf('delayWarningTime')).toMatchObject({ value: '3h', origin: 'stored' })
    await change({ delayWarningTime: null })
    expect(await settingOf('delayWarningTime')).toMatchObject({ origin: 'default' })
  })

  it('are only looked at in a dry run, which says what is probably not meant', async () => {
    const { body } = await change({ delayWarningTime: '90d' }, '?dryRun=true')
    expect(body.result.warnings).toContainEqual(expect.stringContaining('delayWarningTime'))
    expect(body.changes).toMatchObject([{ what: 'setting', name: 'delayWarningTime' }])
    expect(await settingOf('delayWarningTime')).toMatchObject({ origin: 'default' })
  })

  it.each([
    ['what the file says', { maximalBackoffTime: '3h' }, 409, 'setting-locked'],
    ['what the environment says', { minimalBackoffTime: '3h' }, 409, 'setting-locked'],
    ['what needs a restart', { traceRetention: '3d' }, 422, 'bad-value'],
    ['what is none', { maximalBackofTime: '3h' }, 422, 'no-such-setting'],
    ['what it cannot be', { delayWarningTime: 'soon' }, 422, 'bad-value'],
    [
      'what does not go together',
      { smtpdRelayRestrictions: '', smtpdRecipientRestrictions: '' },
      422,
      'bad-value',
    ],
    ['what would read a file of this machine', { mynetworks: '/etc/shadow' }, 422, 'bad-value'],
    ['nothing', {}, 422, 'bad-value'],
  ])('are not changed: %s', async (_, changes, status, code) => {
    const answered = await change(changes)
    expect({ status: answered.status, code: answered.body.code }).toEqual({ status, code })
    expect(answered.body.detail).not.toBe('')
  })

  it('are changed all or none', async () => {
    expect((await change({ delayWarningTime: '3h', maximalBackoffTime: '3h' })).status).toBe(409)
    expect(await settingOf('delayWarningTime')).toMatchObject({ origin: 'default' })
  })

  it('go together also where two change them at once', async () => {
    const both = await Promise.all([
      change({ smtpdRelayRestrictions: '' }),
      change({ smtpdRecipientRestrictions: '' }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 422])
    await change({ smtpdRelayRestrictions: null, smtpdRecipientRestrictions: null })
  })

  it('stay in force beside others that do not go together', async () => {
    const { directory } = world.pipeline.backend.store.tables
    const wrong = ['smtpdRelayRestrictions', 'smtpdRecipientRestrictions']
    await change({ delayWarningTime: '3h' })
    for (const sk of wrong) await directory.write({ put: { pk: 'SETTINGS', sk, value: '' } })
    expect(await settingOf('delayWarningTime')).toMatchObject({ value: '3h', problem: null })
    for (const path of wrong) {
      expect(await settingOf(path)).toMatchObject({
        origin: 'default',
        problem: expect.stringContaining('smtpdRecipientRestrictions'),
      })
    }
    await change({ delayWarningTime: null, [wrong[0] ?? '']: null, [wrong[1] ?? '']: null })
  })

  it('keep nobody out who has stored what another version does not take', async () => {
    const { directory } = world.pipeline.backend.store.tables
    await directory.write({ put: { pk: 'SETTINGS', sk: 'delayWarningTime', value: 'soon' } })
    await directory.write({ put: { pk: 'SETTINGS', sk: 'gone', value: '1' } })
    expect(await settingOf('delayWarningTime')).toMatchObject({
      origin: 'default',
      problem: expect.stringContaining('soon'),
    })
    expect((await change({ maximalQueueLifetime: '6d' })).status).toBe(200)
    expect((await change({ delayWarningTime: null, gone: null })).status).toBe(200)
    expect(await settingOf('delayWarningTime')).toMatchObject({ problem: null })
  })

  it('are nobody else’s to change', async () => {
    const as = { ...owner, role: 'auditor' } as const
    expect((await api.ask('GET /settings', undefined, { as })).status).toBe(200)
    const body = { changes: { delayWarningTime: '3h' } }
    expect((await api.ask('POST /settings:change', body, { as })).status).toBe(403)
  })

  it('are told to those who run by them', async () => {
    const { backend } = world.pipeline
    const heard = Promise.withResolvers<string>()
    await backend.store.signals.subscribe('settings', () => heard.resolve('changed'))
    const { settings } = assembleAdministration(backend, () => {})
    await settings.change({ changes: { delayWarningTime: '5h' } })
    expect(await heard.promise).toBe('changed')
  })
})
