// When something fails: a panel, the server, two people at once. What works goes on, what was typed stays, what is lost is said.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, type Profile, type Tab } from '#test/support/browser/browser.ts'
import { open, settled, signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

const TABS = 8

describe.skipIf(!isInstalled('chromium'))('when something fails', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  let profile: Profile
  let tab: Tab

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld())
    browser = resources.use(await openBrowser(world.way))
    profile = resources.use(await browser.profile())
    tab = resources.use(await profile.tab())
    await signIn(tab, world, 'owner')
  }, 60_000)
  afterAll(() => resources.disposeAsync())
  beforeEach(() => settled(tab.page))
  afterEach(() => tab.page.unrouteAll({ behavior: 'ignoreErrors' }))

  describe('a panel', () => {
    it('says what failed, while the others work, and is mended by its button', async () => {
      await tab.page.route('**/api/v1/figures*', (route) =>
        route.fulfill({
          status: 500,
          contentType: 'application/problem+json',
          body: JSON.stringify({ status: 500, code: 'internal', title: 'x', requestId: 'r_7' }),
        }),
      )
      await tab.page.goto(`${world.origin}/overview`)
      const alert = tab.page.locator('main [role=alert]')
      await alert.waitFor()
      expect(await alert.count()).toBe(1)
      expect(await alert.textContent()).toContain('r_7')
      await tab.page.getByText('Waiting messages').waitFor()
      await tab.page.unrouteAll()
      await alert.getByRole('button').click()
      await tab.page.locator('figure.plot').first().waitFor()
      expect(await alert.count()).toBe(0)
    })

    it('that never answers keeps no other waiting', async () => {
      await tab.page.route('**/api/v1/figures*', () => new Promise(() => undefined))
      await tab.page.goto(`${world.origin}/overview`)
      await tab.page.getByText('Waiting messages').waitFor()
      await tab.page.locator('main .skeleton').first().waitFor()
    })
  })

  it('an account that two people change shows both versions to the second, who loses nothing', async () => {
    const path = '/accounts/ann@example.test/settings'
    await using other = await profile.tab()
    for (const one of [tab, other]) await one.page.goto(world.origin + path)
    const quota = (one: Tab) => one.page.locator('input[name="quota"]')
    await quota(other).fill('3GB')
    await quota(tab).fill('5GB')
    await tab.page.locator('main form button[type=submit]').click()
    await tab.page.getByText('Saved', { exact: true }).waitFor()
    await other.page.locator('main form button[type=submit]').click()
    const dialog = other.page.getByRole('dialog')
    await dialog.waitFor()
    expect(await dialog.textContent()).toContain('3')
    expect(await dialog.textContent()).toContain('5')
    await dialog.getByRole('button', { name: 'Save mine' }).click()
    await dialog.waitFor({ state: 'detached' })
    await other.page.reload()
    await quota(other).waitFor()
    expect(await quota(other).inputValue()).toContain('3')
  })

  describe('a server that is gone', () => {
    it('is said, what was typed stays, and all goes on when it is back', async () => {
      await open(tab, '/accounts/new')
      const address = tab.page.locator('input[name="address"]')
      await address.fill('new@example.test')
      await world.line.cut()
      await tab.page.locator('main form button[type=submit]').click()
      await tab.page.locator('main [role=alert], main .connection').first().waitFor()
      expect(await address.inputValue()).toBe('new@example.test')
      await world.line.mend()
      await tab.page.locator('.connection').waitFor({ state: 'detached' })
      await tab.page.locator('input[name="password"]').fill('a long enough password')
      await tab.page.locator('main form button[type=submit]').click()
      await tab.page.waitForURL('**/accounts/new@example.test')
      await tab.page.reload()
      await tab.page.getByRole('heading', { name: 'new@example.test' }).waitFor()
    })
  })

  it('eight tabs stay usable: one of them hears what changes, for all', async () => {
    const tabs: Tab[] = []
    await using held = new AsyncDisposableStack()
    for (let n = 0; n < TABS; n++) {
      const one = held.use(await profile.tab())
      tabs.push(one)
      await one.page.goto(`${world.origin}/queue?group=none`)
      await settled(one.page)
    }
    await world.send({ from: 'news@example.test', to: 'late@limits.example' })
    for (const one of tabs) {
      await one.page.getByRole('button', { name: /change/ }).click()
      await settled(one.page)
    }
  })
})
