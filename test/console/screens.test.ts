// Every screen as people have it: at a desk and in a hand, light and dark, in both languages, with what it says when there is nothing, when it
// waits and when it fails; with texts of strangers that try to be more than text. One visit serves many questions.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Browser,
  openBrowser,
  type Profile,
  sizes,
  type Tab,
} from '#test/support/browser/browser.ts'
import { screens, settled, signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { hostile } from '#test/support/hostile-strings.ts'
import { isInstalled } from '#test/support/program.ts'

/** Each scheme with each size, and each of these with each language. */
const looks = {
  'en-GB': [
    { colorScheme: 'light', size: 'desk' },
    { colorScheme: 'dark', size: 'phone' },
  ],
  'de-DE': [
    { colorScheme: 'dark', size: 'desk' },
    { colorScheme: 'light', size: 'phone' },
  ],
} as const
type Language = keyof typeof looks
const languages: readonly Language[] = ['en-GB', 'de-DE']

/** WCAG 2.2 §1.4.10: nothing but tables scrolls sideways at this. */
const NARROW = { width: 320, height: 640 }

describe.skipIf(!isInstalled('chromium'))('the screens', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  const profiles = new Map<Language, Profile>()
  const tabs = new Map<Language, Tab>()

  const tabOf = (language: Language): Tab => {
    const tab = tabs.get(language)
    if (tab === undefined) throw new Error(`nobody has signed in: ${language}`)
    return tab
  }

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld())
    browser = resources.use(await openBrowser())
    for (const locale of languages) {
      const profile = resources.use(await browser.profile({ locale }))
      const tab = resources.use(await profile.tab())
      profiles.set(locale, profile)
      tabs.set(locale, tab)
      await signIn(tab, world, 'owner')
    }
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  const overflow = (tab: Tab) =>
    tab.page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')

  describe.each(languages)('in %s', (language) => {
    it.each(screens)('$name is accessible and whole', async ({ name, path }) => {
      const tab = tabOf(language)
      const { page } = tab
      await page.setViewportSize(sizes.desk)
      await page.goto(world.origin + path)
      await settled(page)
      const found: string[] = []
      for (const { colorScheme, size } of looks[language]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(sizes[size])
        const look = `${colorScheme} ${size}`
        found.push(...(await tab.axe()).map((violation) => `${look}: ${violation}`))
        const wide = await overflow(tab)
        if (wide > 0) found.push(`${look}: scrolls sideways by ${wide}`)
        await tab.screenshot(`${name}-${language.slice(0, 2)}-${colorScheme}-${size}`)
      }
      await page.setViewportSize(NARROW)
      if ((await overflow(tab)) > 0) found.push('scrolls sideways at 320')
      expect([...found, ...tab.faults()]).toEqual([])
      expect(await page.title()).not.toBe('owned')
    })
  })

  it.each(screens)('$name says what it waits for, and what failed', async ({ path }) => {
    const tab = tabOf('en-GB')
    const { page } = tab
    await page.setViewportSize(sizes.desk)
    const found: string[] = []
    for (const answer of ['never', 'fails'] as const) {
      await page.route(
        (url) => url.pathname.startsWith('/api/v1/') && !/\/(session|service)$/.test(url.pathname),
        async (route) => {
          if (answer === 'never') return
          await route.fulfill({
            status: 500,
            contentType: 'application/problem+json',
            body: JSON.stringify({ status: 500, code: 'internal', title: 'Internal error' }),
          })
        },
      )
      await page.goto(world.origin + path)
      await page.locator('main h1').first().waitFor()
      if (answer === 'fails') await settled(page)
      found.push(...(await tab.axe()).map((violation) => `${answer}: ${violation}`))
      await page.unrouteAll({ behavior: 'ignoreErrors' })
    }
    // What failed is told to the console too.
    tab.faults()
    expect(found).toEqual([])
  })

  describe('texts of strangers', () => {
    const pages = [
      ['/queue', '<img'],
      ['/queue?group=sender', 'far.example'],
      ['/queue?group=none', 'far.example'],
      ['/trace?what=x@hostile.example', 'far.example'],
      ['/trace?what=nobody@example.test', 'far.example'],
    ] as const

    it.each(pages)('are text on %s, which stays whole', async (path, told) => {
      const tab = tabOf('en-GB')
      await tab.page.setViewportSize(sizes.desk)
      await tab.page.goto(world.origin + path)
      await settled(tab.page)
      const text = (await tab.page.locator('main').textContent()) ?? ''
      expect(text).toContain(told)
      expect(await tab.page.locator('main img, main script').count()).toBe(0)
      expect(await overflow(tab)).toBeLessThanOrEqual(0)
      // What turns a line around is a box with its number.
      expect(text).not.toContain(hostile.bidi)
      expect(await tab.page.title()).not.toBe('owned')
      expect(tab.faults()).toEqual([])
    })
  })

  describe('an address', () => {
    const views = [
      '/queue?state=deferred&destination=limits.example&group=none',
      '/trace?what=x@hostile.example&since=1h',
      '/accounts?domain=example.test',
    ]
    const view = async ({ page }: Tab) => {
      await settled(page)
      // Ages go on while one looks.
      const text = (await page.locator('main').textContent()) ?? ''
      const values = await page.evaluate<string[]>(
        "[...document.querySelectorAll('main input, main select')].map(({ value }) => value)",
      )
      return [text.replaceAll(/\d+ (?:second|minute)s? ago|\bnow\b|in \d+ \w+/g, ''), ...values]
    }

    it.each(views)('is the whole view: %s', async (path) => {
      const tab = tabOf('en-GB')
      await tab.page.setViewportSize(sizes.desk)
      await tab.page.goto(world.origin + path)
      const first = await view(tab)
      await tab.page.reload()
      expect(await view(tab)).toEqual(first)
      await tab.page.locator('main a[href^="/"]:visible').first().click()
      await settled(tab.page)
      await tab.page.goBack()
      expect(await view(tab)).toEqual(first)
      await using other = await browser.profile()
      await using second = await other.tab()
      await signIn(second, world, 'owner', path)
      expect(await view(second)).toEqual(first)
    })
  })
})
