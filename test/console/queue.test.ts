// The queue while mail comes in: nothing moves under the pointer, and what is deleted is what was counted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { type Browser, openBrowser, type Tab } from '#test/support/browser/browser.ts'
import { asOften } from '#test/support/console-ground.ts'
import { settled, signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

const NEWCOMERS = asOften(100)
const SHIFT_MAX = 0.02
/** The console itself waits so long for what it has begun, and a little. */
const DELETED_MS_MAX = 25_000

describe.skipIf(!isInstalled('chromium'))('the queue while mail comes in', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  let tab: Tab

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld())
    browser = resources.use(await openBrowser(world.way))
    const profile = resources.use(await browser.profile({ reducedMotion: false }))
    tab = resources.use(await profile.tab())
    await world.listen(tab.page)
    await signIn(tab, world, 'owner', '/queue?group=none&destination=limits.example')
    await settled(tab.page)
  })
  afterAll(() => resources.disposeAsync())

  const newcomers = (count: number) =>
    Promise.all(
      Array.from({ length: 5 }, async (_, lane) => {
        for (let n = lane; n < count; n += 5) {
          await world.send({ from: 'rush@example.test', to: `new${n}@limits.example` })
        }
      }),
    )

  it('moves no row under the pointer, and says what is new', async () => {
    const row = tab.page.locator('[role=row][data-index="3"]')
    await row.hover()
    const textOf = async () => (await row.textContent())?.replace(/\d+ \w+ ago/, '')
    const [before, text] = [await row.boundingBox(), await textOf()]
    const shift = await tab.layoutShift()
    await newcomers(asOften(50))
    await world.hears(tab.page, tab.page.getByRole('button', { name: /changes?/ }))
    expect(await row.boundingBox()).toEqual(before)
    expect(await textOf()).toBe(text)
    expect((await tab.layoutShift()) - shift).toBeLessThan(SHIFT_MAX)
  })

  it('deletes what was counted, and leaves newcomers alone', async () => {
    await tab.page.goto(`${world.origin}/queue?group=sender`)
    await settled(tab.page)
    const group = tab.page.locator('.queue-groups > li', { hasText: 'rush@example.test' })
    await group.getByRole('button', { name: 'Delete' }).click()
    const dialog = tab.page.getByRole('dialog')
    await dialog.waitFor()
    const [, told] = /(\d+) messages/.exec((await dialog.textContent()) ?? '') ?? []
    const coming = newcomers(NEWCOMERS)
    await dialog.getByText('Nobody').click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.waitFor({ state: 'detached', timeout: DELETED_MS_MAX })
    const toast = tab.page.locator('.toast')
    await toast.waitFor()
    expect(await toast.textContent()).toContain(`${told} messages are deleted`)
    await coming
    await eventually('the newcomers wait', async () => {
      await tab.page.reload()
      await settled(tab.page)
      return (await group.textContent())?.startsWith(String(NEWCOMERS))
    })
  }, 60_000)
})
