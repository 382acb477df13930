// Accounts, aliases, domains and one's own pages, as people use them: real clicks and keys on a real server.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Backend } from '#services/assembly/backend.ts'
import { type Browser, openBrowser, sizes, type Tab } from '#test/support/browser/browser.ts'
import { isLookedAt, openConsole } from '#test/support/console-ground.ts'
import { settled } from '#test/support/console-visit.ts'
import { isInstalled } from '#test/support/program.ts'

const PASSWORD = 'correct horse battery staple'
const HASH = `{PLAIN}${PASSWORD}`
const people = ['olga', 'hedda', 'hans', 'ann', 'bob'].map((name) => `${name}@example.test`)

describe.skipIf(!isInstalled('chromium'))('the console of the directory', () => {
  const resources = new AsyncDisposableStack()
  let browser: Browser
  let origin: string
  let tab: Tab

  beforeAll(async () => {
    const console = resources.use(await openConsole({ settings: () => [], fill }))
    origin = console.origin
    browser = resources.use(await openBrowser(console.way))
    tab = resources.use(await newTab())
    await signIn(tab, 'olga@example.test', '/accounts')
  })
  afterAll(() => resources.disposeAsync())
  afterEach(() => {
    expect(tab.faults()).toEqual([])
  })

  const newTab = async (options: Parameters<Browser['profile']>[0] = {}) =>
    (await browser.profile(options)).tab()

  async function signIn({ page }: Tab, address: string, path = '/', password = PASSWORD) {
    await page.goto(origin + path)
    await page.locator('input[name="address"]').fill(address)
    await page.locator('input[name="password"]').fill(password)
    await page.locator('input[name="password"]').press('Enter')
  }

  const field = (name: string) => tab.page.getByRole('textbox', { name, exact: true })
  const heading = (name: string) => tab.page.getByRole('heading', { level: 1, name })

  it('leads to the address that was wanted, and a wrong password says no more than that', async () => {
    await heading('Accounts').waitFor()
    expect(new URL(tab.page.url()).pathname).toBe('/accounts')
    await using other = await newTab()
    await signIn(other, 'ann@example.test', '/me', 'wrong')
    await other.page.getByText('Address or password is wrong.').waitFor()
    expect(await other.page.evaluate('document.activeElement.getAttribute("role")')).toBe('alert')
  })

  it('shows on which old server an account and a domain are, and moves them', async () => {
    const { page } = tab
    const panel = page.locator('section', { hasText: 'Old server' })
    await page.goto(`${origin}/accounts/bob@example.test`)
    await page.getByText('Its logins and its mail are passed on to old.').waitFor()
    await page.getByRole('button', { name: 'It has moved', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'It has moved' }).click()
    await page.getByText('It has moved here.').waitFor()
    await page.getByRole('button', { name: 'Back to the old server' }).click()
    await page.getByText('Its logins and its mail are passed on to old.').waitFor()
    await page.goto(`${origin}/domains/passed.test`)
    await page.getByText('whoever has no account here are passed on to old.').waitFor()
    await page.goto(`${origin}/accounts/ann@example.test`)
    await heading('ann@example.test').waitFor()
    expect(await panel.count()).toBe(0)
  })

  it('makes an account in three keys, and shows what the server says beside its field', async () => {
    const { page } = tab
    await page.goto(`${origin}/domains`)
    await heading('Domains').waitFor()
    await page.keyboard.press('/')
    await page.getByRole('combobox').fill('new account')
    await page.keyboard.press('Enter')
    await heading('New account').waitFor()
    await page.getByLabel('Address').fill('not an address')
    await page.getByLabel('Password').fill('a long password')
    await page.getByLabel('Address').press('Enter')
    await page.getByText('This is not a mail address.').waitFor()
    expect(await page.evaluate('document.activeElement.name')).toBe('address')
    await page.getByLabel('Address').fill('new.one@example.test')
    await page.getByLabel('Quota').fill('2GB')
    await page.getByLabel('Address').press('Enter')
    await heading('new.one@example.test').waitFor()
    await page.getByText('0 bytes of 2 GB · 0 messages').waitFor()
    // The same again is refused where it was typed.
    await page.goto(`${origin}/accounts/new`)
    await page.getByLabel('Address').fill('new.one@example.test')
    await page.getByLabel('Password').fill('a long password')
    await page.getByLabel('Address').press('Enter')
    await page.getByText('new.one@example.test is there already.').waitFor()
  })

  it('goes through the list by keys, acts on a row, and takes it back', async () => {
    const { page } = tab
    await page.goto(`${origin}/accounts?domain=example.test`)
    await page.getByRole('row', { name: /ann@example/ }).waitFor()
    await page.locator('h1').focus()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    expect(await page.evaluate('document.activeElement.textContent')).toContain('bob@example.test')
    await page.keyboard.press('.')
    await page.getByRole('menuitem', { name: 'Disable' }).press('Enter')
    await page.getByText('bob@example.test is disabled').waitFor()
    const row = page.getByRole('row', { name: /bob@example/ })
    await row.getByText('disabled').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await row.getByText('enabled').waitFor()
    // Back to where the list was opened from.
    await page.keyboard.press('Escape')
    await heading('New account').waitFor()
  })

  it('keeps what somebody typed until it is saved or thrown away', async () => {
    const { page } = tab
    await page.goto(`${origin}/accounts/ann@example.test/settings`)
    await page.getByLabel('Quota').fill('3GB')
    await page.locator('.tabs').getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
    await page.getByRole('button', { name: 'Stay' }).click()
    expect(await page.getByLabel('Quota').inputValue()).toBe('3GB')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    await page.locator('.tabs').getByRole('link', { name: 'Overview' }).click()
    await page.getByText('0 bytes of 3 GB').waitFor()
  })

  it('contains an account by its verb in the search, after a proof that it is really you', async () => {
    const { page } = tab
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('contain bob@example.test')
    await page.getByRole('option').first().waitFor()
    await page.keyboard.press('Enter')
    const asks = page.getByRole('dialog', { name: 'Contain bob@example.test?' })
    await asks.getByRole('button', { name: 'Contain' }).click()
    const done = page.getByRole('dialog', { name: 'bob@example.test is contained' })
    const proof = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await done.or(proof).first().waitFor()
    if (await proof.isVisible()) {
      await proof.getByLabel('Password').fill(PASSWORD)
      await proof.getByRole('button', { name: 'Confirm' }).click()
    }
    await done.getByRole('button', { name: 'Done' }).click()
    await page.locator('.subtitle').getByText('contained', { exact: true }).waitFor()
  })

  it('deletes an account only when its address is written out', async () => {
    const { page } = tab
    await page.goto(`${origin}/accounts/new.one@example.test`)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Delete account' }).click()
    const dialog = page.getByRole('dialog')
    const verb = dialog.getByRole('button', { name: 'Delete account' })
    expect(await verb.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('new.one@example.test')
    await verb.click()
    await page.getByText('new.one@example.test was deleted').waitFor()
    await page.waitForURL(`${origin}/accounts`)
  })

  it('shows where an alias leads, with its loop, and warns of one that fails', async () => {
    const { page } = tab
    await page.goto(`${origin}/aliases/new`)
    await field('Alias').fill('team@example.test')
    await field('Targets').fill('ann@example.test\ninfo@example.test')
    await page.getByRole('button', { name: 'Create alias' }).click()
    await page.getByText(/fails at info@example.test/).waitFor()
    await page.goto(`${origin}/aliases/new`)
    await field('Alias').fill('info@example.test')
    await field('Targets').fill('team@example.test, far@elsewhere.example')
    await page.getByRole('button', { name: 'Create alias' }).click()
    await heading('info@example.test').waitFor()
    const tree = page.locator('.tree')
    await tree.getByText('far@elsewhere.example').waitFor()
    await tree.getByText('loop').first().waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('info@example.test was deleted').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await tree.getByText('far@elsewhere.example').waitFor()
  })

  it('adds a domain and leads to what is to be published, each part by itself', async () => {
    const { page } = tab
    await page.goto(`${origin}/domains/new`)
    await field('Domain').fill('new.test')
    await field('Domain').press('Enter')
    await page.waitForURL(`${origin}/domains/new.test/dns`)
    await page.getByText('Receiving mail').waitFor()
    const record = page.locator('.record').filter({ hasText: 'Receiving mail' })
    await record.getByText('Priority').waitFor()
    await record.getByRole('button', { name: 'Copy Target' }).click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('mx.example.test')
  })

  it('tries an import without changing anything, gives back what fails, and makes the rest', async () => {
    const { page } = tab
    await page.goto(`${origin}/accounts/import`)
    const heading = 'address,password_hash'
    const good = [`one@new.test,${HASH}`, `two@new.test,${HASH}`]
    const bad = `three@nowhere.test,${HASH}`
    const choose = (rows: readonly string[]) =>
      page.locator('input[type=file]').setInputFiles({
        name: 'people.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from([heading, ...rows].join('\r\n')),
      })
    const attempt = page.getByRole('button', { name: 'Try without changing anything' })
    await choose([...good, bad])
    await attempt.click()
    await page.getByText('1 row is wrong. Nothing was changed').waitFor()
    await page.getByText('nowhere.test is not a domain of this system.').waitFor()
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '1 failed row as CSV' }).click(),
    ])
    const chunks: Buffer[] = []
    for await (const chunk of await saved.createReadStream()) chunks.push(Buffer.from(chunk))
    expect(Buffer.concat(chunks).toString()).toBe(`${heading}\r\n${bad}\r\n`)
    await choose(good)
    await attempt.click()
    await page.getByText('2 can be created, 0 cannot.').waitFor()
    await page.getByRole('button', { name: 'Create 2 accounts' }).click()
    await page.getByText('2 were created, 0 were not.').waitFor()
    await page.goto(`${origin}/accounts?domain=new.test`)
    await page.getByText('one@new.test').waitFor()
  })

  it('says when a session has ended, over the page, and goes on with what was typed', async () => {
    const { page } = tab
    await page.goto(`${origin}/accounts/new`)
    await page.getByLabel('Address').fill('kept@example.test')
    await page.getByLabel('Password').fill('a long password')
    await page.context().clearCookies()
    await page.getByRole('button', { name: 'Create account' }).click()
    const dialog = page.getByRole('dialog', { name: 'Sign in again' })
    await dialog.locator('input[name="password"]').fill(PASSWORD)
    await dialog.locator('input[name="password"]').press('Enter')
    await heading('kept@example.test').waitFor()
  })

  it('shows a holder their own pages alone, in their language, on a phone too', async () => {
    await using own = await newTab({ locale: 'de-DE', size: sizes.phone, colorScheme: 'dark' })
    await signIn(own, 'hans@example.test')
    await own.page.getByRole('heading', { level: 1, name: 'Meine Mail' }).waitFor()
    expect(await own.page.getByRole('navigation', { name: 'Hauptnavigation' }).count()).toBe(0)
    await own.page.getByLabel('Meine Mail weiterleiten an').fill('hans@elsewhere.example')
    await own.page.getByRole('button', { name: 'Speichern' }).click()
    await own.page.getByText('Gespeichert', { exact: true }).waitFor()
    await own.page.goto(`${origin}/accounts/ann@example.test`)
    await own.page.getByRole('heading', { name: 'Nicht für Sie bestimmt' }).waitFor()
    expect(own.faults()).toEqual([])
  })

  it('gives the help desk a one-time link, by which somebody sets a new password', async () => {
    await using desk = await newTab()
    await signIn(desk, 'hedda@example.test', '/accounts/ann@example.test')
    await desk.page.getByRole('button', { name: 'Reset password' }).click()
    await desk.page.getByRole('button', { name: 'One-time link' }).click()
    const link = await desk.page.locator('.secret code').textContent()
    await using ann = await newTab()
    await ann.page.goto(link ?? '')
    await ann.page.getByText('Choose a new password for ann@example.test.').waitFor()
    await ann.page.getByLabel('New password').fill('another long password')
    await ann.page.getByRole('button', { name: 'Continue' }).click()
    await ann.page.getByRole('heading', { level: 1, name: 'My mail' }).waitFor()
  })

  it('offers no issuer where there is none', async () => {
    await using stranger = await newTab()
    const told = stranger.page.waitForResponse(`${origin}/api/v1/session/ways`)
    await stranger.page.goto(origin)
    expect(await (await told).json()).toEqual({ oidc: false })
    await stranger.page.locator('a[href="/forgotten"]').waitFor()
    expect(await stranger.page.locator('.way-in > .other-ways').last().textContent()).toBe(
      'Password forgotten?',
    )
  })

  const looks = ['/accounts', '/accounts/ann@example.test', '/domains/new.test/dns', '/me/security']
  it.each(isLookedAt() ? looks : [])('breaks no rule of accessibility at %s', async (path) => {
    await tab.page.goto(origin + path)
    await settled(tab.page)
    for (const size of [sizes.desk, sizes.phone]) {
      await tab.page.setViewportSize(size)
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.page.emulateMedia({ colorScheme })
        expect([path, size.width, colorScheme, await tab.axe()]).toEqual([
          path,
          size.width,
          colorScheme,
          [],
        ])
      }
      await tab.screenshot(`directory${path.replaceAll('/', '-')}-${size.width}`)
    }
    await tab.page.setViewportSize(sizes.desk)
  })
})

async function fill(backend: Backend): Promise<void> {
  const { domains, accounts, front, roles } = assembleAdministration(backend, () => {})
  await domains.add({ domain: 'example.test' })
  for (const address of people) {
    await accounts.add({ address, secret: async () => ({ kind: 'hash', hash: HASH }) })
  }
  await domains.add({ domain: 'passed.test' })
  await front.addSource({ name: 'old', imap: 'imaps://old.test' })
  await front.setDomain({ domain: 'passed.test', source: 'old' })
  await front.set({ address: 'bob@example.test', source: 'old', state: 'at-source' })
  await roles.set({ address: 'olga@example.test', role: 'owner' })
  await roles.set({
    address: 'hedda@example.test',
    role: 'help-desk',
    domains: ['example.test'],
  })
}
