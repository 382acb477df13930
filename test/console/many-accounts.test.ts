// A list of a hundred thousand (with SLOW=1; else of a hundred windows, which take a fifth of the time to write): what is in sight is there at once, what is not is not in the page, and the keyboard reaches all of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, type Tab } from '#test/support/browser/browser.ts'
import { signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, MANY_DOMAIN, openConsoleWorld } from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

const ACCOUNTS = process.env.SLOW === '1' ? 100_000 : 20_000
const ROWS_MAX = 80

describe.skipIf(!isInstalled('chromium'))('a list of very many accounts', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  let tab: Tab

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld({ accounts: ACCOUNTS, mail: false }))
    browser = resources.use(await openBrowser(world.way))
    const profile = resources.use(await browser.profile())
    tab = resources.use(await profile.tab())
    await signIn(tab, world, 'owner', `/accounts?domain=${MANY_DOMAIN}`)
    await tab.page.getByRole('row').nth(5).waitFor()
  }, 120_000)
  afterAll(() => resources.disposeAsync())

  const rows = () => tab.page.locator('[role=row][data-index]')
  /** By its address: how long ago something was changes by itself. */
  const focused = async () =>
    (await tab.page.evaluate<string>('document.activeElement.innerText')).split('\n')[0]

  it('has the rows that are seen in the page, and no others', async () => {
    await tab.page.evaluate('window.scrollTo(0, 3000)')
    await tab.page.locator('[role=row][data-index="80"]').waitFor()
    expect(await rows().count()).toBeLessThan(ROWS_MAX)
  })

  it('says how many there are', async () => {
    expect(await tab.page.getByRole('grid').getAttribute('aria-rowcount')).toBe(
      String(ACCOUNTS + 1),
    )
  })

  it('goes to the end of what is loaded and back by keys, and keeps the focus over all that it leaves behind', async () => {
    await rows().first().focus()
    await tab.page.keyboard.press('Home')
    const first = await focused()
    await tab.page.keyboard.press('End')
    expect(await focused()).not.toBe(first)
    expect(await rows().count()).toBeLessThan(ROWS_MAX)
    await tab.page.keyboard.press('Home')
    expect(await focused()).toBe(first)
    await tab.page.keyboard.press('j')
    await tab.page.keyboard.press('k')
    expect(await focused()).toBe(first)
  })

  it('keeps the focus on a row that is scrolled out of sight', async () => {
    await rows().first().focus()
    const first = await focused()
    await tab.page.mouse.wheel(0, 4_000)
    await tab.page.locator('[role=row][data-index="100"]').waitFor()
    expect(await focused()).toBe(first)
  })
})
