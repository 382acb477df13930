// Every screen as people have it: at a desk and in a hand, light and dark, in both languages, with what it says when there is nothing, when it
// waits and when it fails; with texts of strangers that try to be more than text. One visit serves many questions.

import type { Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { type Browser, openBrowser, sizes, type Tab } from '#test/support/browser/browser.ts'
import { open, overflow, screens, settled, signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { hostile } from '#test/support/hostile-strings.ts'
import { isInstalled } from '#test/support/program.ts'

/** In the order of a visit: each scheme at each size, each language at each size. Rules of colour and size know no language. */
const looks = [
  { language: 'en', colorScheme: 'light', size: 'desk' },
  { language: 'en', colorScheme: 'dark', size: 'phone' },
  { language: 'de', colorScheme: 'dark', size: 'desk' },
  { language: 'de', colorScheme: 'light', size: 'phone' },
] as const

/** More than any page has. */
const STEPS_MAX = 200

/** Of the page, and where what had the focus went while it was loading. */
const ENDS_MAX = 4

/** Behind `g`, and the title of what is there. */
const entryKeys = {
  o: 'Overview',
  q: 'Queue',
  t: 'Trace',
  u: 'Quarantine',
  a: 'Accounts',
  d: 'Domains',
  p: 'Policy',
  m: 'My mail',
  l: 'Audit',
}

/** In the page: acts of somebody who is faster than frames; `shown`: what is due is in the page; `goOn`: frames are told of again. */
const withoutFrames = `
  const { requestAnimationFrame } = window
  window.requestAnimationFrame = () => 0
  const goOn = () => { window.requestAnimationFrame = requestAnimationFrame }
  const key = (name, more = {}) => document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }))
  const write = (text) => {
    document.activeElement.value = text
    document.activeElement.dispatchEvent(new InputEvent('input', { bubbles: true }))
  }
  const shown = () => new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); port2.onmessage = resolve; port1.postMessage(0) })
`

/** WCAG 2.2 §1.4.10: nothing but tables scrolls sideways at this. */
const NARROW = { width: 320, height: 640 }

describe.skipIf(!isInstalled('chromium'))('the screens', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  let tab: Tab

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld())
    browser = resources.use(await openBrowser(world.way))
    const profile = resources.use(await browser.profile())
    tab = resources.use(await profile.tab())
    await signIn(tab, world, 'owner')
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  /** By the menu, at a desk: the page stays. */
  async function speak(language: 'en' | 'de'): Promise<void> {
    const { page } = tab
    if ((await page.locator('html').getAttribute('lang')) === language) return
    await page.setViewportSize(sizes.desk)
    await page.locator('.who button').click()
    const name = { en: 'English', de: 'Deutsch' }[language]
    await page.getByRole('menuitem', { name }).click()
    await page.locator(`html[lang=${language}]`).waitFor()
  }

  /** What sticks out of the page furthest. */
  const widest = () =>
    tab.page.evaluate(
      `[...document.querySelectorAll('body *')]
        .map((element) => [element.getBoundingClientRect().right, element.outerHTML.slice(0, 150)])
        .sort(([a], [b]) => b - a).slice(0, 3).join(' ; ')`,
    )

  it.each(screens)('$name is accessible and whole', async ({ name, path }) => {
    const { page } = tab
    await speak('en')
    await page.setViewportSize(sizes.desk)
    await open(tab, path)
    const found: string[] = []
    for (const { language, colorScheme, size } of looks) {
      await speak(language)
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(sizes[size])
      const look = `${language} ${colorScheme} ${size}`
      const isNew = language === 'en' || size === 'desk'
      if (isNew) found.push(...(await tab.axe()).map((violation) => `${look}: ${violation}`))
      const wide = await overflow(tab.page)
      if (wide > 0) found.push(`${look}: scrolls sideways by ${wide}: ${await widest()}`)
      const text = (await page.locator('main').textContent()) ?? ''
      if (/undefined|NaN|\[object|Invalid Date/.test(text)) found.push(`${look}: ${text}`)
      await tab.screenshot(`${name}-${language}-${colorScheme}-${size}`)
    }
    await page.setViewportSize(NARROW)
    if ((await overflow(tab.page)) > 0) found.push(`scrolls sideways at 320: ${await widest()}`)
    expect([...found, ...tab.faults()]).toEqual([])
    expect(await page.title()).not.toBe('owned')
  })

  it.each(screens)('$name says what it waits for, and what failed', async ({ path }) => {
    const { page } = tab
    await speak('en')
    await page.setViewportSize(sizes.desk)
    const found: string[] = []
    const waiting: Route[] = []
    let isFailing = false
    const fail = (route: Route) =>
      route.fulfill({
        status: 500,
        contentType: 'application/problem+json',
        body: JSON.stringify({ status: 500, code: 'internal', title: 'Internal error' }),
      })
    await page.route(
      (url) => url.pathname.startsWith('/api/v1/') && !/\/(session|service)$/.test(url.pathname),
      async (route) => (isFailing ? fail(route) : void waiting.push(route)),
    )
    await page.goto(world.origin + path)
    await page.locator('main h1').first().waitFor()
    found.push(...(await tab.axe()).map((violation) => `waits: ${violation}`))
    isFailing = true
    await Promise.allSettled(waiting.map(fail))
    await settled(page)
    found.push(...(await tab.axe()).map((violation) => `failed: ${violation}`))
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    // What failed is told to the console too.
    tab.faults()
    expect(found).toEqual([])
  })

  /**
   * What has the focus: whether one sees that it has it, and whether anything lies over it. `mark`: it was here; how many were marked.
   */
  const focused = `(() => {
    const element = document.activeElement
    if (element === null || element === document.body) return { name: '', isNew: false }
    const name = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)
    const isNew = !element.hasAttribute('data-walked')
    element.setAttribute('data-walked', '')
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
    const isShown = (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
    const { left, top, width, height } = element.getBoundingClientRect()
    const over = document.elementFromPoint(left + width / 2, top + height / 2)
    const isSeen = over !== null && (element.contains(over) || over.contains(element))
    return { name: element.tagName.toLowerCase() + ' ' + name, isNew, isShown, isSeen }
  })()`

  /** Whatever can be clicked and was never reached; in grids and menus arrows move, and of radio buttons one stands for all. */
  const notReached = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => !element.disabled && !element.hasAttribute('data-walked') && element.tabIndex >= 0)
    .filter((element) => element.closest('[role="grid"] [role="row"], [role="menu"]') === null)
    .filter((element) => element.type !== 'radio' || ![...element.closest('fieldset').querySelectorAll('[data-walked]')].length)
    .map((element) => element.outerHTML.slice(0, 120))`

  it.each(screens)('$name is walked by the keyboard alone', async ({ path }) => {
    const { page } = tab
    await speak('en')
    await page.setViewportSize(sizes.desk)
    await page.goto(world.origin + path)
    await settled(page)
    const found: string[] = []
    type At = {
      readonly name: string
      readonly isNew: boolean
      readonly isShown: boolean
      readonly isSeen: boolean
    }
    /** To the end of the page, and from its top to where one has been. */
    const walk = async () => {
      let ends = 0
      for (let steps = 0; steps < STEPS_MAX; steps++) {
        await page.keyboard.press('Tab')
        const at = await page.evaluate<At>(focused)
        if (at.name === '' && ++ends < ENDS_MAX) continue
        // Rows that come into sight are made of those that went out of it: only above them does it say that one has been here.
        if (at.name === '' || (ends > 0 && !at.isNew)) return
        if (!at.isShown) found.push(`no sign of the focus: ${at.name}`)
        if (!at.isSeen) found.push(`something lies over ${at.name}`)
      }
    }
    // The heading has the focus: down from there. What was shown anew meanwhile may have cut that short, so once more from the top.
    await walk()
    await page.evaluate('document.body.tabIndex = -1; document.body.focus()')
    await walk()
    found.push(...(await page.evaluate<string[]>(notReached)))
    expect(found).toEqual([])
  })

  it('goes to every entry by its keys, to the search, the menu and the list of keys, and back', async () => {
    const { page } = tab
    await speak('en')
    await page.setViewportSize(sizes.desk)
    await page.goto(`${world.origin}/audit`)
    await settled(page)
    for (const [key, name] of Object.entries(entryKeys)) {
      await page.keyboard.press('g')
      await page.keyboard.press(key)
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
    }
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search' }).waitFor()
    await page.keyboard.press('Escape')
    const menu = page.locator('.who button')
    await menu.focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('menuitem')
    await page.keyboard.press('Escape')
    expect(await menu.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(
      true,
    )
  })

  it('keeps up with keys that are faster than a frame, and gives the focus back', async () => {
    const { page } = tab
    await speak('en')
    await page.setViewportSize(sizes.desk)
    await open(tab, '/audit')
    /** Acts, and lets what is due be shown without a frame in between; what has the focus once all is still. */
    const focusAfter = (...acts: readonly string[]) =>
      page.evaluate<string>(`(async () => {
        ${withoutFrames}
        for (const act of [${acts.map((act) => `() => ${act}`)}]) { act(); await shown() }
        goOn()
        await new Promise((resolve) => setTimeout(resolve, 200))
        const { activeElement } = document
        return activeElement.getAttribute('role') ?? activeElement.getAttribute('aria-label') ?? activeElement.className
      })()`)
    const menu = `document.querySelector('.who button')`
    const search = `document.querySelector('.search-button')`
    expect(
      await focusAfter(`${menu}.focus()`, `${menu}.click()`, `key('ArrowDown')`, `key('Escape')`),
    ).toBe('Your account')
    const find = `key('k', { ctrlKey: true })`
    expect(await focusAfter(`${search}.focus()`, find, `key('?')`)).toBe('combobox')
    expect(await page.getByRole('dialog').count()).toBe(1)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await focusAfter()).toBe('search-button')
    // What is typed begins at the first again.
    await focusAfter(find, `key('ArrowDown')`, `key('ArrowDown')`, `write('quar')`, `key('Enter')`)
    await page.getByRole('heading', { level: 1, name: 'Quarantine' }).waitFor()
  })

  it('leads on when what was written is saved within a frame, and does not ask whether it should be lost', async () => {
    const { page } = tab
    await page.setViewportSize(sizes.desk)
    await open(tab, '/domains/new')
    await page.route('**/api/v1/domains', (route) =>
      route.fulfill({ status: 201, json: { domain: 'other.test' } }),
    )
    await page.evaluate(`(async () => {
      ${withoutFrames}
      document.querySelector('main input[name="domain"]').focus()
      write('other.test')
      await shown()
      document.activeElement.form.requestSubmit()
      await new Promise((resolve) => setTimeout(resolve, 200))
      goOn()
    })()`)
    await page.waitForURL('**/domains/other.test/dns')
    await page.unrouteAll()
    await settled(page)
  })

  it('shows at once that it loads, and takes nothing back that somebody typed on', async () => {
    const { page } = tab
    await speak('en')
    await page.setViewportSize(sizes.desk)
    await open(tab, '/trace?what=a@example.test')
    const isBusy = await page.evaluate(`(async () => {
      ${withoutFrames}
      const link = document.createElement('a')
      link.href = '/trace?what=b@example.test'
      document.body.append(link)
      link.click()
      link.remove()
      await shown()
      goOn()
      return document.querySelector('main [aria-busy="true"]') !== null
    })()`)
    expect(isBusy).toBe(true)
    await settled(page)
    await page.getByLabel('Address, queue id').focus()
    const seen = await page.evaluate(`(async () => {
      ${withoutFrames}
      const seen = new Set()
      const isAsked = async (what) => {
        while (new URL(location).searchParams.get('what') !== what) {
          await shown()
          seen.add(document.activeElement.value)
        }
      }
      write('News ')
      await isAsked('News')
      write('News 1')
      await isAsked('News 1')
      write('News 12 ')
      await isAsked('News 12')
      goOn()
      await new Promise((resolve) => setTimeout(resolve, 200))
      return [...seen, document.activeElement.value]
    })()`)
    expect(seen).toEqual(['News ', 'News 1', 'News 12 ', 'News 12 '])
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
      await tab.page.setViewportSize(sizes.desk)
      await tab.page.goto(world.origin + path)
      await settled(tab.page)
      const text = (await tab.page.locator('main').textContent()) ?? ''
      expect(text).toContain(told)
      expect(await tab.page.locator('main img, main script').count()).toBe(0)
      expect(await overflow(tab.page)).toBeLessThanOrEqual(0)
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

    /** What it is once nothing comes any more. */
    const still = async (read: () => Promise<readonly string[]>) => {
      let before = await read()
      await eventually('nothing changes', async () => {
        const now = await read()
        const isSame = JSON.stringify(now) === JSON.stringify(before)
        before = now
        return isSame
      })
      return before
    }

    it.each(views)('is the whole view: %s', async (path) => {
      await tab.page.setViewportSize(sizes.desk)
      await tab.page.goto(world.origin + path)
      const first = await still(() => view(tab))
      await tab.page.reload()
      await expect.poll(() => view(tab)).toEqual(first)
      await tab.page.locator('main a[href^="/"]:visible').first().click()
      await settled(tab.page)
      await tab.page.goBack()
      await expect.poll(() => view(tab)).toEqual(first)
      await using other = await browser.profile()
      await using second = await other.tab()
      await signIn(second, world, 'owner', path)
      await expect.poll(() => view(second)).toEqual(first)
    })
  })
})
