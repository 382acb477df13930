// The way in, as people meet it from the first start on: the first owner's link, factors, passkey, issuer, a forgotten password, another
// phone, and an account that is contained. One goes on where the one before ended.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hotp } from '#shared/identity/totp.ts'
import {
  type Browser,
  openBrowser,
  type Profile,
  sizes,
  type Tab,
} from '#test/support/browser/browser.ts'
import { isLookedAt } from '#test/support/console-ground.ts'
import { overflow, settled, wayIn } from '#test/support/console-visit.ts'
import { type FirstStartWorld, openFirstStartWorld } from '#test/support/first-start-world.ts'
import { must } from '#test/support/must.ts'
import { isInstalled } from '#test/support/program.ts'

const OLGA = { address: 'olga@example.test', password: 'correct horse battery' }
const ELSEWHERE = 'bob@elsewhere.example'
const STEP_MS = 30_000

describe.skipIf(!isInstalled('chromium'))('the way in', () => {
  const resources = new AsyncDisposableStack()
  let world: FirstStartWorld
  let browser: Browser
  /** Olga's, who becomes owner, and Bob's, who speaks German. */
  let olga: Tab
  let bobs: Profile
  let bob: Tab
  let bobsPassword: string
  let totp: Uint8Array
  let codes: readonly string[]

  beforeAll(async () => {
    world = resources.use(await openFirstStartWorld())
    browser = resources.use(await openBrowser(world.way))
    const profile = resources.use(await browser.profile({ trustsAnyCertificate: true }))
    olga = resources.use(await profile.tab())
    bobs = resources.use(await browser.profile({ trustsAnyCertificate: true, locale: 'de-DE' }))
    bob = resources.use(await bobs.tab())
    bobsPassword = world.first.bob.password
  })
  afterAll(() => resources.disposeAsync())
  afterEach(() => {
    expect([...olga.faults(), ...bob.faults()]).toEqual([])
  })

  const button = ({ page }: Tab, name: string) => page.getByRole('button', { name, exact: true })

  /** Forms have names too. */
  const field = ({ page }: Tab, name: string) =>
    page.locator('input').and(page.getByLabel(name, { exact: true }))

  async function password(tab: Tab, who: { address: string; password: string }): Promise<void> {
    const { page } = tab
    await page.goto(world.origin)
    await page.locator(wayIn).fill(who.address)
    await page.locator('.way-in input[type="password"]').fill(who.password)
    await page.locator('.way-in input[type="password"]').press('Enter')
  }

  async function isIn({ page }: Tab): Promise<void> {
    await page.locator('.way-in').waitFor({ state: 'detached' })
    await settled(page)
  }

  async function signOut(tab: Tab): Promise<void> {
    await tab.page.locator('.who button').click()
    await tab.page.getByRole('menuitem').last().click()
    await tab.page.locator(wayIn).waitFor()
  }

  const looks = [
    { size: 'desk', colorScheme: 'light' },
    { size: 'phone', colorScheme: 'dark' },
  ] as const
  let looked = 0

  /** As it stands: whole at both sizes, and accessible at the one and the other by turns. */
  async function look(tab: Tab, name: string): Promise<void> {
    if (!isLookedAt()) return
    const { page } = tab
    const found: string[] = []
    const wanted = looks[looked++ % looks.length]
    for (const each of looks) {
      const { size, colorScheme } = each
      await page.setViewportSize(sizes[size])
      await page.emulateMedia({ colorScheme })
      if (each === wanted) found.push(...(await tab.axe()))
      const wide = await overflow(page)
      if (wide > 0) found.push(`scrolls sideways by ${wide} at ${size}`)
      const text = (await page.locator('body').textContent()) ?? ''
      if (/undefined|NaN|\[object|Invalid Date/.test(text)) found.push(text)
      await tab.screenshot(`door-${name}-${size}`)
    }
    await page.setViewportSize(sizes.desk)
    await page.emulateMedia({ colorScheme: 'light' })
    expect(found, name).toEqual([])
  }

  /** `ahead` steps from now: each counts once. 0 and 1 are taken although a step ends before they arrive. */
  const code = (ahead: number) => hotp(totp, Math.floor(Date.now() / STEP_MS) + ahead, 6)

  it('makes the first owner by the link that is printed, and offers a second factor', async () => {
    const { page } = olga
    await page.goto(world.first.ownerLink)
    await page.getByText('This link makes you the owner').waitFor()
    await look(olga, 'first-owner')
    await page.getByLabel('Mail address').fill(OLGA.address)
    await field(olga, 'New password').fill('seven 7')
    await button(olga, 'Continue').click()
    await page.getByText('A password has at least 8 characters').waitFor()
    await field(olga, 'New password').fill(OLGA.password)
    await button(olga, 'Continue').click()
    await page.getByText('You are the owner of this mail system now.').waitFor()
    await look(olga, 'owner-offer')
    await page.getByRole('link', { name: 'Set up a second factor' }).click()
    await page.getByRole('heading', { name: 'Second factor' }).waitFor()
    // It is used up: nobody becomes owner by it again.
    await page.goto(world.first.ownerLink)
    await page.reload()
    await page.getByText('This link was used already').waitFor()
  })

  it('turns codes of an app on, and says that a code is wrong', async () => {
    const { page } = olga
    await page.goto(`${world.origin}/me/security`)
    await button(olga, 'Set up').click()
    const secret = must(await page.locator('dialog .secret code').textContent())
    totp = fromBase32(secret)
    await look(olga, 'totp-set-up')
    const wanted = field(olga, 'Code from your authenticator app')
    await wanted.fill(code(-9))
    await button(olga, 'Turn on').click()
    await page.locator('dialog .hint.error').waitFor()
    await wanted.fill(code(0))
    await button(olga, 'Turn on').click()
    await page.getByRole('dialog', { name: 'Your second factor is on' }).waitFor()
    codes = must(await page.locator('pre.codes').textContent()).split('\n')
    await look(olga, 'totp-on')
    await button(olga, 'To the app passwords').click()
    await page.getByRole('heading', { name: 'App passwords' }).waitFor()
  })

  it('asks for a code of the app, and takes a recovery code once in its place', async () => {
    const { page } = olga
    await signOut(olga)
    await password(olga, { ...OLGA, password: 'not the password' })
    await page.getByText('Address or password is wrong.').waitFor()
    await password(olga, OLGA)
    const wanted = field(olga, 'Code from your authenticator app')
    await wanted.fill(code(-9))
    await wanted.press('Enter')
    await page.getByText('That is not right. Try again.').waitFor()
    await look(olga, 'wrong-code')
    await wanted.fill(code(1))
    await wanted.press('Enter')
    await isIn(olga)
    await signOut(olga)
    await password(olga, OLGA)
    await button(olga, 'Instead: Recovery code').click()
    await field(olga, 'Recovery code').fill(must(codes[0]))
    await look(olga, 'recovery-code')
    await field(olga, 'Recovery code').press('Enter')
    await isIn(olga)
    await signOut(olga)
    await password(olga, OLGA)
    await button(olga, 'Instead: Recovery code').click()
    await field(olga, 'Recovery code').fill(must(codes[0]))
    await field(olga, 'Recovery code').press('Enter')
    await page.getByText('That is not right. Try again.').waitFor()
    await field(olga, 'Recovery code').fill(must(codes[1]))
    await field(olga, 'Recovery code').press('Enter')
    await isIn(olga)
  })

  it('takes a recovery address once it is confirmed by the link that is sent there', async () => {
    const { page } = bob
    await password(bob, { address: 'bob@example.test', password: bobsPassword })
    await isIn(bob)
    await page.goto(`${world.origin}/me/security`)
    await field(bob, 'Adresse anderswo').fill(ELSEWHERE)
    await field(bob, 'Adresse anderswo').press('Enter')
    await page.getByText('Ein Link ist unterwegs').waitFor()
    await look(bob, 'recovery-asked')
    await page.goto(await world.mailedLink(ELSEWHERE, 1))
    await button(bob, 'Diese Adresse bestätigen').click()
    await page.locator('.notice.ok').waitFor()
    await look(bob, 'recovery-confirmed')
    await page.goto(`${world.origin}/me/security`)
    await page.getByText(ELSEWHERE, { exact: true }).waitFor()
  })

  it('leads from a forgotten password to a new one', async () => {
    const { page } = bob
    await signOut(bob)
    await look(bob, 'sign-in')
    await page.locator('a[href="/forgotten"]').click()
    await field(bob, 'E-Mail-Adresse').fill('bob@example.test')
    await look(bob, 'forgotten')
    await field(bob, 'E-Mail-Adresse').press('Enter')
    await page.locator('.notice.ok').waitFor()
    await page.goto(await world.mailedLink(ELSEWHERE, 2))
    await page.getByText('Wählen Sie ein neues Passwort für bob@example.test').waitFor()
    await look(bob, 'new-password')
    bobsPassword = 'ein ganz neues Passwort'
    await field(bob, 'Neues Passwort').fill(bobsPassword)
    await field(bob, 'Neues Passwort').press('Enter')
    await isIn(bob)
    // Where mail leads to another name than the browser has been at, nobody is signed in here.
    if (new URL(page.url()).origin === world.origin) return
    await password(bob, { address: 'bob@example.test', password: bobsPassword })
    await isIn(bob)
  })

  it('signs in by the issuer, back at the page that was wanted', async () => {
    const { page } = bob
    await signOut(bob)
    world.provider.person = { sub: '4711', email: 'bob@example.test', email_verified: true }
    await page.goto(`${world.origin}/me/devices`)
    await button(bob, 'Mit Ihrer Organisation anmelden').click()
    await page.waitForURL(`${world.origin}/me/devices`)
    await isIn(bob)
    await signOut(bob)
    // It forgets him, and knows somebody whom nobody here knows.
    await bobs.context.clearCookies({ domain: '127.0.0.1' })
    world.provider.person = { sub: '4712', email: 'eve@example.test', email_verified: true }
    await button(bob, 'Mit Ihrer Organisation anmelden').click()
    await page.getByRole('alert').waitFor()
    await look(bob, 'no-account')
    await page.getByRole('link', { name: 'Zurück' }).click()
    await password(bob, { address: 'bob@example.test', password: bobsPassword })
    await isIn(bob)
  })

  it('sets a phone up, by codes to scan and a profile that is there once', async () => {
    const { page } = bob
    await page.goto(`${world.origin}/me`)
    await button(bob, 'Telefon oder Programm einrichten').click()
    await page.getByLabel('Name des Telefons oder Programms').fill('Telefon')
    await button(bob, 'Passwort erstellen').click()
    await page.locator('.secret code').waitFor()
    await page.locator('dialog summary').nth(1).click()
    await page.locator('dialog details[open] svg').waitFor()
    await page.locator('dialog summary').first().click()
    await page.locator('dialog details').first().locator('svg').waitFor()
    await look(bob, 'set-up')
    const link = must(await page.locator('dialog details a').first().getAttribute('href'))
    await using phone = await bobs.tab()
    await phone.page.goto(link)
    const [profile] = await Promise.all([
      phone.page.waitForEvent('download'),
      phone.page.getByRole('button').click(),
    ])
    expect(profile.suggestedFilename()).toMatch(/\.mobileconfig$/)
    await phone.page.goto(link)
    await phone.page.getByRole('button').click()
    await phone.page.getByText('used').waitFor()
    await button(bob, 'Fertig').click()
  })

  it('ends other sessions, and says which is this', async () => {
    const { page } = bob
    await using other = await browser.profile()
    await using elsewhere = await other.tab()
    await password(elsewhere, { address: 'bob@example.test', password: bobsPassword })
    await isIn(elsewhere)
    await page.goto(`${world.origin}/me/devices`)
    await page.getByText('dieser Browser').waitFor()
    await look(bob, 'sessions')
    await button(bob, 'Alle anderen beenden').click()
    await page.getByText('Alle anderen sind beendet').waitFor()
    await elsewhere.page.reload()
    await elsewhere.page.locator(wayIn).waitFor()
    await page.reload()
    await page.getByText('dieser Browser').waitFor()
  })

  it('adds a passkey and signs in by it', async () => {
    const { page } = bob
    await bob.addAuthenticator()
    await page.goto(`${world.origin}/me/security`)
    await button(bob, 'Passkey hinzufügen').click()
    await page.getByRole('dialog').locator('pre.codes').waitFor()
    await button(bob, 'Zu den App-Passwörtern').click()
    await signOut(bob)
    await button(bob, 'Mit Passkey anmelden').click()
    await isIn(bob)
  })

  it('sees whose logins are held back, why, and lets him try again at once', async () => {
    const { page } = olga
    await using profile = await browser.profile()
    await using guessing = await profile.tab()
    const alice = 'alice@example.test'
    for (let tries = 0; tries < 3; tries++) {
      await password(guessing, { address: alice, password: `guess ${tries}` })
      await guessing.page.locator('.way-in [role="alert"]').waitFor()
    }
    await page.goto(`${world.origin}/accounts/${alice}`)
    const held = page.getByRole('region', { name: 'Held-back logins' })
    await held.getByText('3, allowed 3').first().waitFor()
    await look(olga, 'held-back')
    await held.getByRole('button', { name: 'Let try again' }).click()
    await held.getByText('none').waitFor()
    const sent = page.getByRole('region', { name: 'What it has sent' })
    await sent.getByText('0 of 2,000').waitFor()
    await sent.getByRole('button', { name: 'Count anew' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Count anew' }).click()
    await page.getByText(`${alice} begins anew`).waitFor()
  })

  it('limits what a domain may have, and says what is no limit', async () => {
    const { page } = olga
    await page.goto(`${world.origin}/domains/example.test`)
    const limits = page.getByRole('form', { name: 'Limits' })
    const [accounts, aliases, quota] = ['accounts', 'aliases', 'quota'].map((name) =>
      limits.locator(`input[name="${name}"]`),
    )
    await must(accounts).fill('3')
    await must(aliases).fill('99999999')
    await must(quota).fill('lots')
    await limits.getByRole('button', { name: 'Save' }).click()
    await limits.getByText('Such as 500GB; empty: no limit.').and(page.locator('.error')).waitFor()
    await must(quota).fill('10GB')
    await must(quota).press('Enter')
    await limits.locator('input[name="aliases"][aria-invalid="true"]').waitFor()
    await must(aliases).fill('')
    await must(aliases).press('Enter')
    await page.getByText('3 of 3').waitFor()
    await look(olga, 'limits')
    await page.reload()
    await expect.poll(() => must(quota).inputValue()).toBe('10GB')
    await page.goto(`${world.origin}/accounts/new`)
    await page.locator('input[name="address"]').fill('one-more@example.test')
    await page.locator('input[name="password"]').fill('a long enough password')
    await page.locator('input[name="password"]').press('Enter')
    await page.getByText('has a limit (accounts: 3), and that is reached').waitFor()
    // Nothing is no limit.
    await page.goto(`${world.origin}/domains/example.test`)
    await must(accounts).fill('')
    await must(accounts).press('Enter')
    await page.getByText('3 of 3').waitFor({ state: 'detached' })
  })

  it('contains an account, says all that was done to it, and releases it', async () => {
    const { page } = olga
    await page.goto(`${world.origin}/accounts/bob@example.test`)
    await button(olga, 'Contain').click()
    const asks = page.getByRole('dialog', { name: 'Contain bob@example.test?' })
    await asks.waitFor()
    await look(olga, 'contain')
    await asks.getByRole('button', { name: 'Contain' }).click()
    const told = page.getByRole('dialog', { name: 'bob@example.test is contained' })
    await told.getByText('1 (passkeys), 1 (at the organisation)').waitFor()
    await told.getByText(ELSEWHERE).waitFor()
    await told.getByText('1 (app passwords)').waitFor()
    await told.getByText('Its password still lets in whoever knows it').waitFor()
    await look(olga, 'contained')
    await told.getByRole('button', { name: 'Done' }).click()
    await page.locator('.subtitle').getByText('contained').waitFor()
    await bob.page.reload()
    await button(bob, 'Mit Passkey anmelden').click()
    await bob.page.locator('.toast').waitFor()
    await button(olga, 'Release').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click()
    await page.getByText('bob@example.test is released').waitFor()
    await page.locator('.subtitle').getByText('enabled').waitFor()
    await button(bob, 'Mit Passkey anmelden').click()
    await isIn(bob)
  })
})

/** RFC 4648 §6 */
function fromBase32(text: string): Uint8Array {
  const bits = [...text.replaceAll(/\s/g, '')]
    .map((letter) =>
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
    )
    .join('')
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}
