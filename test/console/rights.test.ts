// What each role sees: the entries of the navigation, pages opened by a link that somebody typed, and calls made from the page itself agree
// with the table of rights.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { matchRoute } from '#services/console/app/routes.ts'
import { type Right, rights } from '#shared/administration/rights/rights.ts'
import { type Browser, openBrowser, type Tab } from '#test/support/browser/browser.ts'
import { open, screens, settled, signIn } from '#test/support/console-visit.ts'
import {
  type ConsoleWorld,
  openConsoleWorld,
  type Person,
  people,
} from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

const persons = Object.keys(people) as readonly Person[]

/** A page is about others: what reaches no further than oneself stands on one's own pages. */
const sees = (person: Person, right: Right | undefined) =>
  right === undefined || ['all', 'domains'].includes(rights[right][person])

/** With one's own account everybody may what a holder may. */
const has = (person: Person, right: Right) =>
  rights[right][person] !== 'none' || rights[right].holder !== 'none'

/** Of lists: whoever has no right to any of it is told so. */
const calls: readonly (readonly [path: string, right: Right])[] = [
  ['/queue', 'queue.read'],
  ['/accounts', 'directory.read'],
  ['/domains', 'directory.read'],
  ['/audit', 'audit.read'],
  ['/figures', 'service.read'],
]

describe.skipIf(!isInstalled('chromium'))('what a role sees', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld({ mail: false }))
    browser = resources.use(await openBrowser(world.way))
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  const statusOf = (tab: Tab, path: string) =>
    tab.page.evaluate<number>(
      `fetch('/api/v1${path}', { headers: { 'x-postwolke': 'test' } }).then(({ status }) => status)`,
    )

  it.each(persons)(
    '%s',
    async (person) => {
      await using profile = await browser.profile()
      await using tab = await profile.tab()
      await signIn(tab, world, person)
      await settled(tab.page)

      const hrefs = await tab.page.evaluate<string[]>(
        "[...document.querySelectorAll('nav.side a')].map((one) => one.getAttribute('href'))",
      )
      for (const href of hrefs) expect(sees(person, matchRoute(href)?.route.right), href).toBe(true)

      for (const { path } of screens) {
        const matched = matchRoute(path.replace(/\?.*$/, ''))
        if (matched === undefined) continue
        const { right, entry } = matched.route
        const isSeen = sees(person, right)
        await open(tab, path)
        const title = await tab.page.locator('main h1').first().textContent()
        expect(title === 'Not yours to see', `${person} at ${path}`).toBe(!isSeen)
        if (person !== 'holder' && entry !== undefined && isSeen) {
          const first = hrefs.some((href) => matchRoute(href)?.route.entry === entry)
          expect(first, `${person} has an entry for ${path}`).toBe(true)
        }
      }

      for (const [path, right] of calls) {
        const status = await statusOf(tab, path)
        expect(status === 200, `${person} asks ${path}: ${status}`).toBe(has(person, right))
        if (!has(person, right)) expect([403, 404]).toContain(status)
      }
      expect(tab.faults()).toEqual([])
    },
    60_000,
  )
})
