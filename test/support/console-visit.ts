// Visits to the console: somebody signs in by the form as a person does, and looks around.

import type { Tab } from './browser/browser.ts'
import { type ConsoleWorld, PASSWORD, type Person, people } from './console-world.ts'

/** Every screen with the right that opens it; addresses of things are those of the world. */
export const screens: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'overview', path: '/' },
  { name: 'queue', path: '/queue' },
  { name: 'queue-messages', path: '/queue?group=none' },
  { name: 'trace', path: '/trace' },
  { name: 'quarantine', path: '/quarantine' },
  { name: 'accounts', path: '/accounts' },
  { name: 'account', path: '/accounts/ann@example.test' },
  { name: 'aliases', path: '/aliases' },
  { name: 'domains', path: '/domains' },
  { name: 'domain', path: '/domains/example.test' },
  { name: 'policy', path: '/policy' },
  { name: 'explain', path: '/policy/explain' },
  { name: 'service', path: '/service' },
  { name: 'settings', path: '/service/settings' },
  { name: 'jobs', path: '/jobs' },
  { name: 'audit', path: '/audit' },
  { name: 'me', path: '/me' },
]

/** By the form, at the address that is wanted. */
export async function signIn(
  { page }: Tab,
  { origin }: Pick<ConsoleWorld, 'origin'>,
  person: Person,
  path = '/',
): Promise<void> {
  await page.goto(origin + path)
  await page.locator('input[name="address"]').fill(people[person])
  await page.locator('input[name="password"]').fill(PASSWORD)
  await page.locator('input[name="password"]').press('Enter')
  await page.locator('main h1:focus, main h1').first().waitFor()
  await page.locator('.way-in').waitFor({ state: 'detached' })
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
  await page.waitForFunction(
    "document.querySelector('.skeleton') === null && document.querySelector('main [aria-busy=\"true\"]') === null",
  )
}
