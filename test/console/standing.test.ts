// Who is kept waiting, and another try for them: logins that too many failures hold back, and mail that has to come again. By the keyboard.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, type Tab } from '#test/support/browser/browser.ts'
import { settled, signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

describe.skipIf(!isInstalled('chromium'))('who is kept waiting', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  let tab: Tab

  beforeAll(async () => {
    world = resources.use(
      await openConsoleWorld({
        mail: false,
        settings: [
          'authFailureDelay=0',
          'authFailureLimit=2',
          'authMinimalBackoffTime=10m',
          'mynetworks=192.0.2.1/32',
          'smtpdRecipientRestrictions=check_policy_service postgrey',
        ],
      }),
    )
    browser = resources.use(await openBrowser(world.way))
    const profile = resources.use(await browser.profile())
    tab = resources.use(await profile.tab())
    await signIn(tab, world, 'owner')
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  const menu = () => tab.page.locator('[role=row] .menu > button').first()
  const toast = (text: string) => tab.page.locator('.toast', { hasText: text }).waitFor()

  async function visit(path: string): Promise<void> {
    await tab.page.goto(world.origin + path)
    await settled(tab.page)
  }

  it('may log in again', async () => {
    for (let n = 0; n < 2; n++) {
      const { status } = await fetch(`${world.origin}/api/v1/session`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-postwolke': '1',
          'sec-fetch-site': 'same-origin',
        },
        body: JSON.stringify({ login: 'ann@example.test', password: `wrong${n}` }),
      })
      expect(status).toBe(401)
    }
    await visit('/service/held-logins')
    const row = tab.page.locator('[role=row]', { hasText: 'ann@example.test' })
    expect(await row.textContent()).toContain('127.0.0.1/32')
    await row.focus()
    await tab.page.keyboard.press('.')
    await tab.page.getByRole('menuitem', { name: 'Let try again' }).press('Enter')
    await toast('ann@example.test may try again')
    await tab.page.getByText('Nobody is held back').waitFor()
  })

  it('is let in with mail that was put off', async () => {
    const reply = await world.send({ from: 'bob@far.example', to: 'ann@example.test' })
    expect(reply).toMatch(/^450/)
    await expect
      .poll(
        async () => {
          await visit('/policy/greylist?about=bob@far.example')
          return await menu().count()
        },
        { timeout: 10_000 },
      )
      .toBe(1)
    await tab.page.getByText('let in from').waitFor()
    await menu().focus()
    await tab.page.keyboard.press('Enter')
    await tab.page.getByRole('menuitem', { name: 'Let in' }).press('Enter')
    await toast('Is let in')
    expect(await world.send({ from: 'bob@far.example', to: 'ann@example.test' })).toMatch(/^250/)
  })

  it('is a client that is greylisted no more', async () => {
    await visit('/policy/greylist?about=127.0.0.1')
    await tab.page.getByRole('button', { name: 'Greylist it no more' }).press('Enter')
    await tab.page.getByText('Came again often enough').waitFor()
    expect(await world.send({ from: 'new@far.example', to: 'ann@example.test' })).toMatch(/^250/)
    expect(tab.faults()).toEqual([])
  })
})
