// What people come for, with the clicks and keys that it may take: from the first page after the sign-in, typing not counted.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, type Profile, type Tab } from '#test/support/browser/browser.ts'
import { settled, signIn } from '#test/support/console-visit.ts'
import {
  type ConsoleWorld,
  openConsoleWorld,
  type Person,
  people,
} from '#test/support/console-world.ts'
import { isInstalled } from '#test/support/program.ts'

type Task = {
  readonly name: string
  readonly who: readonly Person[]
  /** Clicks and keys. */
  readonly budget: number
  /** Ends when the answer is on the screen. */
  readonly does: (tab: Tab, world: ConsoleWorld) => Promise<void>
}

const entry = (name: string) => `nav.side a:has-text("${name}")`

const tasks: readonly Task[] = [
  {
    name: 'did it arrive? why not?',
    who: ['owner', 'domain-admin', 'help-desk'],
    budget: 2,
    async does({ page }) {
      await page.locator(entry('Trace')).click()
      await page.getByLabel('Address, queue id').fill(people.holder)
      await page.getByText('delivered').first().waitFor()
    },
  },
  {
    name: 'is all well?',
    who: ['owner'],
    budget: 0,
    async does({ page }) {
      await page.getByText('What needs you').waitFor()
      await page.locator('.findings, .overview-findings .status').first().waitFor()
    },
  },
  {
    name: 'why does the queue grow; try a group again',
    who: ['owner'],
    budget: 3,
    async does({ page }) {
      await page.locator(entry('Queue')).click()
      const group = page.locator('.queue-groups > li', { hasText: 'receiver limits our rate' })
      await group.getByRole('button', { name: 'Retry now' }).click()
      await page.locator('.toast').waitFor()
    },
  },
  {
    name: 'hold a group',
    who: ['owner'],
    budget: 3,
    async does({ page }) {
      await page.locator(entry('Queue')).click()
      const group = page.locator('.queue-groups > li', { hasText: 'mailbox full' })
      await group.getByRole('button', { name: 'Hold' }).click()
      await page.getByText(/messages? (is|are) on hold/).waitFor()
    },
  },
  {
    name: 'delete a group, its senders told',
    who: ['owner'],
    budget: 3,
    async does({ page }) {
      await page.locator(entry('Queue')).click()
      const group = page.locator('.queue-groups > li', { hasText: 'mailbox full' })
      await group.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.locator('.toast').waitFor()
    },
  },
  {
    name: 'a new account',
    who: ['owner', 'domain-admin'],
    budget: 3,
    async does({ page }) {
      await page.locator(entry('Accounts')).click()
      await page.getByRole('link', { name: 'New account' }).click()
      const address = `new${Date.now()}@example.test`
      await page.locator('input[name="address"]').fill(address)
      await page.locator('input[name="password"]').fill('a long enough password')
      await page.locator('input[name="password"]').press('Enter')
      await page.getByRole('heading', { name: address }).waitFor()
    },
  },
]

describe.skipIf(!isInstalled('chromium'))('what people come for', () => {
  const resources = new AsyncDisposableStack()
  let world: ConsoleWorld
  let browser: Browser
  const profiles = new Map<Person, Profile>()

  beforeAll(async () => {
    world = resources.use(await openConsoleWorld())
    browser = resources.use(await openBrowser())
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  async function profileOf(person: Person): Promise<Profile> {
    const known = profiles.get(person)
    if (known !== undefined) return known
    const profile = resources.use(await browser.profile())
    profiles.set(person, profile)
    await using tab = await profile.tab()
    await signIn(tab, world, person)
    return profile
  }

  const each = tasks.flatMap((task) => task.who.map((who) => ({ ...task, who })))

  it.each(each)('$name: $who', async ({ who, budget, does }) => {
    await using tab = await (await profileOf(who)).tab()
    await tab.page.goto(world.origin)
    await settled(tab.page)
    tab.effort()
    await does(tab, world)
    const { clicks, keys } = tab.effort()
    expect(clicks + keys).toBeLessThanOrEqual(budget)
  })
})
