// One's own pages and what only an owner has: factors, app passwords, tokens, roles, policy, as somebody goes through them.

import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { type Browser, openBrowser, type Tab } from '#test/support/browser/browser.ts'
import { settled, signIn } from '#test/support/console-visit.ts'
import {
  type ConsoleWorld,
  openConsoleWorld,
  PASSWORD,
  people,
} from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

const LOOK_MS = 2_000

describe.skipIf(!isInstalled('chromium'))('what an owner does', () => {
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
  afterEach(() => {
    expect(tab.faults()).toEqual([])
  })

  const button = (name: string) => tab.page.getByRole('button', { name, exact: true })

  /** Where a new proof is asked for. */
  async function prove(done: ReturnType<Tab['page']['locator']>): Promise<void> {
    const proof = tab.page.getByRole('dialog', { name: 'Confirm that it is you' })
    await done.or(proof).first().waitFor()
    if (!(await proof.isVisible())) return
    await proof.getByLabel('Password').fill(PASSWORD)
    await proof.getByRole('button', { name: 'Confirm' }).click()
    await done.waitFor()
  }

  it('explains what policy says of a client, by an address that others can open', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/policy/explain`)
    await page.getByLabel('IP address of the client').fill('198.51.100.7')
    await page.getByLabel('Recipient').fill('nobody@example.test')
    await button('Explain').click()
    await page.getByText('Refused').first().waitFor()
    expect(new URL(page.url()).searchParams.get('client')).toBe('198.51.100.7')
  })

  it('rehearses another list on the mail that came', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/policy/rehearse?setting=smtpdRecipientRestrictions`)
    await page.getByLabel('In place of what is in force').fill('reject')
    await button('Judge again').click()
    await page.getByText(/would end otherwise/).waitFor()
    await page.locator('details summary').first().waitFor()
  })

  it('gives a role and takes it away', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/service/roles`)
    await page.locator('form').getByLabel('Address').fill('ann@example.test')
    await page.getByLabel('Role', { exact: true }).selectOption('auditor')
    await button('Give').click()
    await prove(page.getByText('ann@example.test has its role'))
    await button('Remove the role of ann@example.test').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('ann@example.test has no role any more').waitFor()
  })

  it('makes an app password and a token, each shown once', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/me`)
    await button('Set up a phone or program').click()
    await page.getByLabel('Name of the phone or program').fill('phone')
    await button('Make password').click()
    await prove(page.locator('.secret code'))
    await button('Done').click()
    await page.getByText('never used').waitFor()
    await page.goto(`${world.origin}/me/security`)
    await button('Make token').click()
    await page.getByLabel('What it is for').fill('monitoring')
    await page.getByRole('dialog').getByRole('button', { name: 'Make token' }).click()
    await page.locator('.secret code').waitFor()
    expect(await page.locator('.secret code').textContent()).toMatch(/^pw_/)
    await button('Done').click()
    await page.goto(`${world.origin}/service/tokens`)
    await page.getByText('monitoring').waitFor()
    await page.getByText(people.owner, { exact: true }).last().waitFor()
  })

  it('exports all mail, saves it as a file, and deletes the export', async () => {
    const { page } = tab
    await world.send({ from: people.holder, to: people.owner, subject: 'to take along' })
    await page.goto(`${world.origin}/me`)
    await button('Export as mbox').click()
    const file = page.getByRole('button', { name: /^Download file 1/ })
    await prove(file)
    await page.getByText('Kept until').waitFor()
    expect(await tab.axe()).toEqual([])
    await page.getByText('Kept until').scrollIntoViewIfNeeded()
    await tab.screenshot('takeout')
    const saving = page.waitForEvent('download')
    await file.click()
    const saved = await saving
    const day = new Date().toISOString().slice(0, 10)
    expect(saved.suggestedFilename()).toBe(`mail-${people.owner}-${day}-1.zip`)
    const bytes = await readFile(await saved.path())
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\x03\x04')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await file.waitFor({ state: 'detached' })
  })

  it('asks for a new proof before it saves a file, where the last one is old', async () => {
    const { page } = tab
    await page.goto(`${world.origin}/me`)
    await button('Export as Maildir').click()
    const file = page.getByRole('button', { name: /^Download file 1/ })
    await prove(file)
    // As the server would tell it later.
    await page.route('**/api/v1/session', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), steppedUpUntil: null } })
    })
    await file.click()
    const proof = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await proof.waitFor()
    await page.unroute('**/api/v1/session')
    const saving = page.waitForEvent('download')
    await proof.getByLabel('Password').fill(PASSWORD)
    await proof.getByRole('button', { name: 'Confirm' }).click()
    expect((await saving).suggestedFilename()).toContain('.zip')
  })

  it('adds a passkey, and signs in by it', async () => {
    const { page } = tab
    await tab.addAuthenticator()
    await page.goto(`${world.origin}/me/security`)
    await button('Add passkey').click()
    await prove(page.getByRole('dialog', { name: 'Your second factor is on' }))
    await button('To the app passwords').click()
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await button('Sign in with a passkey').click()
    await settled(page)
    await page.getByText(people.owner).first().waitFor()
  })

  it('is told whether a message arrived', async () => {
    const { page } = tab
    await world.send({ from: people.owner, to: people.holder })
    await page.goto(`${world.origin}/me`)
    await page.getByLabel('Recipient').fill(people.holder)
    // Whoever looks too early is told that it waits, and looks again.
    await eventually('it is delivered', async () => {
      await button('Look').click()
      const told = page.locator('.items').getByText('delivered').first()
      return await told.waitFor({ timeout: LOOK_MS }).then(
        () => true,
        () => false,
      )
    })
  })
})
