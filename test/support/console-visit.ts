// Visits to the console: somebody signs in by the form as a person does, and looks around.

import { eventually } from './accounts.ts'
import type { Tab } from './browser/browser.ts'
import { type ConsoleWorld, PASSWORD, type Person, people } from './console-world.ts'

/** Every screen with the right that opens it; addresses of things are those of the world. */
export const screens: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'overview', path: '/overview' },
  { name: 'queue', path: '/queue' },
  { name: 'queue-messages', path: '/queue?group=none' },
  { name: 'trace', path: '/trace' },
  { name: 'quarantine', path: '/quarantine' },
  { name: 'accounts', path: '/accounts' },
  { name: 'account', path: '/accounts/ann@example.test' },
  { name: 'account-audit', path: '/accounts/ann@example.test/audit' },
  { name: 'aliases', path: '/aliases' },
  { name: 'domains', path: '/domains' },
  { name: 'domain', path: '/domains/example.test' },
  { name: 'keys', path: '/domains/example.test/keys' },
  { name: 'policy', path: '/policy' },
  {
    name: 'explain',
    path: '/policy/explain?client=198.51.100.7&recipient=ann@example.test&sender=a@far.example',
  },
  { name: 'rehearse', path: '/policy/rehearse' },
  { name: 'access', path: '/policy/tables' },
  { name: 'greylist', path: '/policy/greylist?about=198.51.100.7' },
  { name: 'scores', path: '/policy/greylist?about=198.51.100.7&show=scores' },
  { name: 'site-scripts', path: '/policy/scripts' },
  { name: 'health', path: '/service' },
  { name: 'certificates', path: '/service/certificates' },
  { name: 'held-logins', path: '/service/held-logins' },
  { name: 'settings', path: '/service/settings?q=queue' },
  { name: 'roles', path: '/service/roles' },
  { name: 'tokens', path: '/service/tokens' },
  { name: 'jobs', path: '/jobs' },
  { name: 'audit', path: '/audit' },
  { name: 'me', path: '/me' },
  { name: 'me-security', path: '/me/security' },
  { name: 'filters', path: '/me/filters' },
  { name: 'script', path: '/me/filters/new' },
  { name: 'away', path: '/me/away' },
]

/** Where one types who one is. */
export const wayIn = '.way-in input[autocomplete^="username"]'

/** By the form, at the address that is wanted. */
export async function signIn(
  { page }: Tab,
  { origin }: Pick<ConsoleWorld, 'origin'>,
  person: Person,
  path = '/',
): Promise<void> {
  await page.goto(origin + path)
  await page.locator(wayIn).fill(people[person])
  const password = page.locator('.way-in input[type="password"]')
  await password.fill(PASSWORD)
  await password.press('Enter')
  await page.locator('.way-in').waitFor({ state: 'detached' })
  await page.locator('main h1').first().waitFor()
}

/** To another address of the console without loading it anew, as its links do. */
export async function open({ page }: Tab, path: string): Promise<void> {
  await page.evaluate(
    `{ const link = document.createElement('a'); link.href = ${JSON.stringify(path)}; document.body.append(link); link.click(); link.remove() }`,
  )
  await settled(page)
}

/** Nothing is loaded any more, or what there is stands there with what failed. */
export async function settled(page: Tab['page']): Promise<void> {
  await page.locator('main h1').first().waitFor()
  await comes(page, `document.querySelector('.skeleton, main [aria-busy="true"]') === null`)
}

/** Asked from outside: what is evaluated inside, again and again, the content policy forbids. */
export async function comes(page: Tab['page'], condition: string): Promise<void> {
  await eventually(condition, () => page.evaluate<boolean>(condition))
}

/** How far it scrolls sideways, once what follows the size of the page has followed it. */
export async function overflow(page: Tab['page']): Promise<number> {
  const measure = 'document.documentElement.scrollWidth - window.innerWidth'
  for (let left = 20; ; left--) {
    const wide = await page.evaluate<number>(measure)
    if (wide <= 0 || left === 0) return wide
    await page.waitForTimeout(50)
  }
}
