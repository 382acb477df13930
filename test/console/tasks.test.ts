// What people come for, with the clicks and keys that it may take: from the first page after the sign-in, typing not counted. Then what an
// owner does with quarantine and settings, to the end.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { type Browser, openBrowser, type Profile, type Tab } from '#test/support/browser/browser.ts'
import { asOften, isLookedAt } from '#test/support/console-ground.ts'
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
  /** What comes of it is in `directory.test.ts`: here it is counted. */
  readonly isOnlyCounted?: true
  /** Ends when the answer is on the screen. */
  readonly does: (tab: Tab, world: ConsoleWorld) => Promise<void>
}

const entry = (name: string) => `nav.side a:has-text("${name}")`

/** A text in the search, and what it finds first. */
async function search({ page }: Tab, text: string): Promise<void> {
  await page.keyboard.press('/')
  await page.getByRole('combobox', { name: 'Search' }).fill(text)
  await page
    .getByRole('option', { selected: true })
    .getByText(text.split(' ').at(-1) ?? '')
    .waitFor()
  await page.keyboard.press('Enter')
}

/** None stands twice: a task changes what it finds. */
let made = 0
const another = () => ++made

/** Of the brief, in its order: each with whoever comes for it. */
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
    name: 'did it arrive? why not?',
    who: ['holder'],
    budget: 2,
    async does({ page }) {
      await page.getByLabel('Recipient').fill(people.holder)
      await page.getByLabel('Recipient').press('Enter')
      await page.locator('.items').getByText('delivered').first().waitFor()
    },
  },
  {
    name: 'somebody calls who cannot log in: what it is, and a link for a new password',
    isOnlyCounted: true,
    who: ['help-desk', 'domain-admin'],
    budget: 4,
    async does(tab) {
      const { page } = tab
      await search(tab, 'ann@example.test')
      await page.locator('.subtitle').getByText('enabled').waitFor()
      await page.getByRole('button', { name: 'Reset password' }).click()
      await page.getByRole('button', { name: 'One-time link' }).click()
      await page.locator('.secret code').waitFor()
    },
  },
  {
    name: 'an account sends spam: contain it',
    isOnlyCounted: true,
    who: ['owner', 'domain-admin', 'help-desk'],
    budget: 3,
    async does(tab) {
      const { page } = tab
      await search(tab, 'contain ann@example.test')
      const asks = page.getByRole('dialog', { name: 'Contain ann@example.test?' })
      await asks.getByRole('button', { name: 'Contain' }).click()
      await page.getByRole('dialog', { name: 'ann@example.test is contained' }).waitFor()
    },
  },
  {
    name: 'why refused? let this client in',
    who: ['owner'],
    budget: 4,
    async does({ page }) {
      await page.locator(entry('Trace')).click()
      await page.getByLabel('Address, queue id').fill('nobody@example.test')
      await page.locator('.traces > li', { hasText: 'refused' }).locator('a').first().click()
      await page.getByRole('link', { name: 'Why, and how to let it in' }).first().click()
      await page.getByRole('button', { name: /^Let 127\.0\.0\.1 in/ }).click()
      await page.locator('.toast').waitFor()
    },
  },
  {
    name: 'a message out of quarantine',
    who: ['owner'],
    budget: 2,
    async does({ page }) {
      await page.locator(entry('Quarantine')).click()
      await page.locator('.traces').getByRole('button', { name: 'Release' }).first().click()
      await page.getByText('Released: it is on its way.').waitFor()
    },
  },
  {
    name: 'a message out of quarantine, that is held for oneself',
    who: ['holder'],
    budget: 2,
    async does({ page }) {
      await page.getByRole('link', { name: 'Quarantine' }).click()
      await page.locator('.traces').getByRole('button', { name: 'Release' }).first().click()
      await page.getByText('Released: it is on its way.').waitFor()
    },
  },
  {
    name: 'an app password for a new phone',
    who: ['holder'],
    budget: 3,
    async does({ page }) {
      await page.getByRole('button', { name: 'Set up a phone or program' }).click()
      await page.getByLabel('Name of the phone or program').fill(`phone ${another()}`)
      await page.getByLabel('Name of the phone or program').press('Enter')
      await page.locator('.secret code').waitFor()
    },
  },
  {
    name: 'mail sent on',
    who: ['holder'],
    budget: 3,
    async does({ page }) {
      await page.getByLabel('Send my mail on to').fill(`hans${another()}@far.example`)
      await page.getByLabel('Send my mail on to').press('Enter')
      await page.getByText('Saved', { exact: true }).waitFor()
    },
  },
  {
    name: 'another domain, and what to publish for it',
    isOnlyCounted: true,
    who: ['owner'],
    budget: 3,
    async does({ page }) {
      await page.locator(entry('Domains')).click()
      await page.getByRole('link', { name: 'New domain' }).click()
      await page.locator('input[name="domain"]').fill(`new${another()}.test`)
      await page.locator('input[name="domain"]').press('Enter')
      await page.getByText('Receiving mail').waitFor()
    },
  },
  {
    name: 'many accounts from a file',
    isOnlyCounted: true,
    who: ['owner'],
    budget: 5,
    async does({ page }) {
      await page.locator(entry('Accounts')).click()
      await page.getByRole('link', { name: 'Import' }).click()
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        page.getByText('Choose file').click(),
      ])
      const rows = Array.from({ length: 20 }, (_, n) => `row${n}@other.test,{PLAIN}a long password`)
      await chooser.setFiles({
        name: 'people.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(['address,password_hash', ...rows].join('\r\n')),
      })
      await page.getByRole('button', { name: 'Try without changing anything' }).click()
      await page.getByRole('button', { name: 'Create 20 accounts' }).click()
      await page.getByText('20 were created, 0 were not.').waitFor()
    },
  },
  {
    name: 'a new alias',
    isOnlyCounted: true,
    who: ['domain-admin'],
    budget: 4,
    async does(tab) {
      const { page } = tab
      await search(tab, 'new alias')
      await page.locator('input[name="alias"]').fill(`team${another()}@example.test`)
      await page.locator('textarea[name="targets"]').fill('ann@example.test')
      await page.getByRole('button', { name: 'Create alias' }).click()
      await page.locator('.tree').waitFor()
    },
  },
  {
    name: 'a new account',
    isOnlyCounted: true,
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
    await world.send({ from: people.holder, to: people.holder })
    browser = resources.use(await openBrowser(world.way))
  })
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

  const each = tasks
    .filter(({ isOnlyCounted }) => isLookedAt() || isOnlyCounted === undefined)
    .flatMap((task) => task.who.slice(0, asOften(task.who.length)).map((who) => ({ ...task, who })))

  it.each(each)('$name: $who', async ({ who, budget, does }) => {
    await using tab = await (await profileOf(who)).tab()
    await tab.page.goto(world.origin)
    await settled(tab.page)
    tab.effort()
    await does(tab, world)
    const { clicks, keys } = tab.effort()
    expect(clicks + keys).toBeLessThanOrEqual(budget)
  })

  describe('quarantine', () => {
    const held = (subject: string) =>
      world.send({
        from: 'shop@far.example',
        to: [people.owner, people.holder],
        subject,
        fields: ['X-Spam-Flag: YES'],
      })

    /** The list has it soon after it was taken. */
    const listed = (page: Tab['page'], subject: string) =>
      eventually(`${subject} is held`, async () => {
        await page.goto(`${world.origin}/quarantine`)
        await settled(page)
        const row = page.locator('.traces > li', { hasText: subject })
        return (await row.count()) > 0 && row
      })

    it('tells why, shows the text as text, and lets it go to those who are chosen', async () => {
      await held('To one of two')
      await using tab = await (await profileOf('owner')).tab()
      const { page } = tab
      const row = await listed(page, 'To one of two')
      await row.getByRole('link', { name: 'To one of two' }).click()
      await page.getByRole('heading', { level: 1, name: 'To one of two' }).waitFor()
      await page.getByText('spam', { exact: true }).first().waitFor()
      expect(await page.locator('pre.preview').textContent()).toContain('To one of two')
      // To nobody is nothing to do.
      await page.getByLabel(people.owner).uncheck()
      await page.getByLabel(people.holder).uncheck()
      expect(await page.getByRole('button', { name: 'Release' }).isDisabled()).toBe(true)
      await page.getByLabel(people.owner).check()
      await page.getByRole('button', { name: 'Release' }).click()
      await page.getByText('Released: it is on its way.').waitFor()
      await page.waitForURL('**/quarantine')
      // The other still waits for it.
      await eventually('the other still waits for it', async () => {
        if ((await row.getByText(people.holder).count()) > 0) return true
        await page.reload()
        await settled(page)
        return false
      })
      await row.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await row.waitFor({ state: 'detached' })
      expect(tab.faults()).toEqual([])
    })

    it('lets the sender in from now on where it was no spam, and says so where it cannot', async () => {
      await using tab = await (await profileOf('owner')).tab()
      const { page } = tab
      const notSpam = async (subject: string) => {
        await held(subject)
        const row = await listed(page, subject)
        await row.getByRole('button', { name: 'Not spam' }).click()
      }
      await notSpam('No spam at all')
      await page.getByText('Released: it is on its way.').waitFor()
      await page.getByText(/Set quarantineAllowTable to a name/).waitFor()
      await page.goto(`${world.origin}/service/settings?q=quarantineAllowTable`)
      await page.getByRole('button', { name: 'Change quarantineAllowTable' }).click()
      await page.getByLabel('Value').fill('senders')
      await page.getByLabel('Value').press('Enter')
      await page.getByText('quarantineAllowTable was changed').waitFor()
      await world.settles()
      await notSpam('None either')
      await page.getByText(/its sender is let in/).waitFor()
      await page.goto(`${world.origin}/policy/tables/senders`)
      await page.getByText('shop@far.example').first().waitFor()
    })
  })

  describe('settings', () => {
    it('are found by the name they have in Postfix, changed, and set back', async () => {
      await using tab = await (await profileOf('owner')).tab()
      const { page } = tab
      await page.goto(`${world.origin}/service/settings`)
      await page.getByLabel('Name, here or in Postfix or Dovecot').fill('minimal_backoff_time')
      const row = page.locator('.settings > li').filter({
        has: page.getByText('minimalBackoffTime', { exact: true }),
      })
      await page.locator('.settings > li').nth(1).waitFor({ state: 'detached' })
      await row.getByText('default', { exact: true }).waitFor()
      await row.getByRole('button', { name: 'Change minimalBackoffTime' }).click()
      const dialog = page.getByRole('dialog', { name: 'minimalBackoffTime' })
      await dialog.getByLabel('Value').fill('soon')
      await dialog.getByRole('button', { name: 'Save' }).click()
      // What is wrong stands beside the field, and the field has the focus.
      await dialog.locator('.hint.error').waitFor()
      expect(await page.evaluate('document.activeElement.name')).toBe('value')
      await dialog.getByLabel('Value').fill('7m')
      await dialog.getByLabel('Value').press('Enter')
      await page.getByText('minimalBackoffTime was changed and is in force').waitFor()
      await row.getByText('7m').waitFor()
      await row.getByText('set here').waitFor()
      await row.getByRole('button', { name: 'Reset minimalBackoffTime' }).click()
      await row.getByText('default', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await row.getByText('7m').waitFor()
      expect(tab.faults()).toEqual([])
    })

    it('say where they come from where that has the last word', async () => {
      await using tab = await (await profileOf('owner')).tab()
      const { page } = tab
      await page.goto(`${world.origin}/service/settings?q=mynetworks`)
      const row = page.locator('.settings > li').filter({
        has: page.getByText('mynetworks', { exact: true }),
      })
      await row.getByText('127.0.0.1/32').first().waitFor()
      await row.getByText(world.lastWord).first().waitFor()
      expect(await row.getByRole('button').count()).toBe(0)
    })

    it('are read and not changed by an auditor', async () => {
      await using tab = await (await profileOf('auditor')).tab()
      const { page } = tab
      await page.goto(`${world.origin}/service/settings?q=maximalQueueLifetime`)
      await page.getByText('maximalQueueLifetime').first().waitFor()
      expect(await page.locator('.settings').getByRole('button').count()).toBe(0)
    })
  })
})
