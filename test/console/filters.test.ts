// Filters and the reply while away, as somebody sets them who knows no Sieve, and as somebody who does.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, type Tab } from '#test/support/browser/browser.ts'
import { signIn } from '#test/support/console-visit.ts'
import { type ConsoleWorld, openConsoleWorld } from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

describe.skipIf(!isInstalled('chromium'))('what a holder does', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  let tab: Tab

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld())
    browser = resources.use(await openBrowser(world.way))
    const profile = resources.use(await browser.profile())
    tab = resources.use(await profile.tab())
    await signIn(tab, world, 'holder')
  })
  afterAll(() => resources.disposeAsync())
  afterEach(() => {
    expect(tab.faults()).toEqual([])
  })

  const button = (name: string) => tab.page.getByRole('button', { name, exact: true })

  it('makes a rule, and the script of it is there and decides', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/me/filters`)
    await button('Add rule').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('contains').fill('boss')
    await dialog.getByLabel('Folder').fill('Work')
    expect(await tab.axe()).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Move into the folder Work').waitFor()
    await page.getByRole('link', { name: 'postwolke-rules' }).click()
    const text = page.getByLabel('Text')
    await text.waitFor()
    expect(await text.inputValue()).toContain('fileinto :create "Work";')
  })

  it('writes a script, finds its mistake under the line, tries it on a message and activates it', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/me/filters/mine`)
    const text = page.getByLabel('Text')
    await text.fill('# mine\nif header :contains "subject" "e" {\n  kep;\n}')
    await button('Save').click()
    const finding = page.locator('.findings > li')
    await finding.waitFor()
    expect(await finding.textContent()).toMatch(/^Line 3\s*kep;\s*no command is named kep$/)
    expect(await page.locator('.code-numbers > .error').textContent()).toBe('3')
    expect(await tab.axe()).toEqual([])
    // The server refused it, which the browser tells its console.
    tab.faults()
    await button('Line 3').click()
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.type('keep')
    expect(await text.inputValue()).toContain('\n  keep;\n')
    await button('Try').click()
    await page.getByText('What would be done').waitFor()
    expect(await page.locator('ul.trial').textContent()).toMatch(/^keep/)
    await button('Save and activate').click()
    await page.getByRole('heading', { name: 'mine (active)' }).waitFor()
  })

  it('turns the reply on, before the script that decided, and off again', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/me/away`)
    await page.getByLabel('Answer my mail').check()
    await page.getByLabel('Subject').fill('Away')
    await page.getByLabel('Text').fill('I am away.\nAnn')
    await button('Save').click()
    await page.locator('.status.ok', { hasText: 'The reply is on' }).waitFor()
    await page.getByRole('link', { name: 'Show the script' }).click()
    expect(await page.getByLabel('Text').inputValue()).toContain('vacation :subject "Away"')
    await page.goto(`${world.origin}/me/filters`)
    await page
      .locator('li', { hasText: 'postwolke' })
      .getByText('active', { exact: true })
      .waitFor()
    await page.goto(`${world.origin}/me/away`)
    await page.getByLabel('Answer my mail').uncheck()
    await button('Save').click()
    await page.locator('.status.info', { hasText: 'The reply is off' }).waitFor()
    await page.goto(`${world.origin}/me/filters`)
    await button('Deactivate: mine').waitFor()
  })

  it('sees a name that is not possible where it is', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/me/away`)
    await page.getByLabel('Other addresses').fill('@')
    await button('Save').click()
    await page.getByText('This is not a mail address.').waitFor()
    tab.faults()
    await button('Discard changes').click()
  })
})
