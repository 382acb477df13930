// A recovery address and a forgotten password, from the letter that is sent to the password that is set.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FORGOTTEN_STEP_MS } from '#services/api/operations/recovery.ts'
import { FORGOTTEN_RATE } from '#shared/administration/recovery.ts'
import { noFactors } from '#shared/directory/factors.ts'
import { FORGOTTEN_LINK_MS, LINK_MS } from '#shared/identity/links.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

const HOUR_MS = 3_600_000

let world: Administered
let api: TestApi
let count = 0
let ann: string
/** Hers, with somebody else; here it is another domain of the same system, so that what is sent there can be read. */
let elsewhere: string

beforeAll(async () => {
  world = await openAdministration(['noticeLanguages=en, de'])
  const { administration, pipeline } = world
  for (const domain of ['a.test', 'far.test']) await administration.domains.add({ domain })
  api = openApi(pipeline.backend)
})
afterAll(() => world[Symbol.asyncDispose]())

beforeEach(async () => {
  ann = `ann${++count}@a.test`
  elsewhere = `ann${count}@far.test`
  for (const address of [ann, elsewhere]) {
    await world.administration.accounts.add({ address, secret: hashOfA })
  }
})

const recovery = () => world.administration.recovery
const accountOf = async (text: string) =>
  must(await world.pipeline.backend.directory.accounts.get(must(parseAddress(text))))

/** Texts of what somebody has been sent. */
async function lettersTo(text: string): Promise<readonly string[]> {
  await world.pipeline.settle()
  return (await world.pipeline.inbox(text)).map((message) => {
    const [header = '', body = ''] = message.split('\r\n\r\n')
    return `${header}\n\n${Buffer.from(body, 'base64')}`
  })
}
const linkIn = (letter: string | undefined) =>
  must(/https:\/\/mx\.example\.test\/link#(\S+)/.exec(letter ?? '')?.[1])

async function confirmed() {
  await recovery().ask({ address: ann, recoveryAddress: elsewhere, by: ann })
  expect(await recovery().confirm(linkIn((await lettersTo(elsewhere)).at(-1)))).toMatchObject({
    kind: 'recovery-confirmed',
    recoveryAddress: elsewhere,
  })
}

const askAnew = () => recovery().forgotten(ann)
const hashNow = async () => (await accountOf(ann)).passwordHash
const accept = (secret: string) =>
  world.administration.invitations.accept({ secret, password: 'brand new one' })

describe('a recovery address', () => {
  it('counts once the link that was sent there is used, once', async () => {
    const asked = await recovery().ask({ address: ann, recoveryAddress: elsewhere, by: ann })
    expect(asked).toMatchObject({ kind: 'recovery-asked', recoveryAddress: elsewhere })
    expect(await recovery().show(ann)).toMatchObject({ recoveryAddress: null })
    const [letter] = await lettersTo(elsewhere)
    expect(letter).toContain('Auto-Submitted: auto-generated')
    expect(letter).toContain(ann)
    // In both languages.
    expect(letter).toContain('möchte')
    const secret = linkIn(letter)
    expect(await recovery().look(secret)).toMatchObject({ recoveryAddress: elsewhere })
    const both = await Promise.all([recovery().confirm(secret), recovery().confirm(secret)])
    expect(both.map(({ kind }) => kind).sort()).toEqual(['no-such-link', 'recovery-confirmed'])
    expect(await recovery().show(ann)).toMatchObject({
      recoveryAddress: elsewhere,
      waitsUntilMs: null,
    })
    // Whoever has the mailbox hears of it.
    expect((await lettersTo(ann)).at(-1)).toContain('recovery address was changed')
  })

  it('is none of its own, nor what leads there alone', async () => {
    await world.administration.aliases.add({ alias: `also${count}@a.test`, targets: [ann] })
    for (const wanted of [ann, ann.toUpperCase(), `also${count}@a.test`]) {
      const asked = await recovery().ask({ address: ann, recoveryAddress: wanted, by: ann })
      expect(asked).toMatchObject({ kind: 'bad-value', rule: { name: 'address-elsewhere' } })
    }
  })

  it('is confirmed by no old link, by none of another kind, and by none once the account is contained', async () => {
    await recovery().ask({ address: ann, recoveryAddress: elsewhere, by: ann })
    const secret = linkIn((await lettersTo(elsewhere)).at(-1))
    // It sets no password and makes nobody owner.
    expect(await accept(secret)).toMatchObject({ kind: 'no-such-link' })
    expect(await world.administration.invitations.look(secret)).toMatchObject({
      kind: 'no-such-link',
    })
    await world.administration.containment.contain({ address: ann, reason: 'x' })
    expect(await recovery().confirm(secret)).toMatchObject({ kind: 'no-such-link' })
    await world.administration.containment.release(ann)
    await recovery().ask({ address: ann, recoveryAddress: elsewhere, by: ann })
    const late = linkIn((await lettersTo(elsewhere)).at(-1))
    await world.clock.advance(LINK_MS)
    expect(await recovery().confirm(late)).toMatchObject({ kind: 'no-such-link' })
  })

  it('is asked for some times an hour, by one account and for one address', async () => {
    const ask = () => recovery().ask({ address: ann, recoveryAddress: elsewhere, by: ann })
    for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ kind: 'recovery-asked' })
    expect(await ask()).toMatchObject({ kind: 'too-often', perHour: 3 })
    await world.clock.advance(HOUR_MS)
    expect(await ask()).toMatchObject({ kind: 'recovery-asked' })
  })

  it('goes with the account, with its owner’s word, and with whoever took it over', async () => {
    await confirmed()
    expect(await recovery().remove(ann)).toMatchObject({ recoveryAddress: elsewhere })
    expect(await recovery().remove(ann)).toMatchObject({ kind: 'no-such-recovery-address' })
    expect((await lettersTo(elsewhere)).at(-1)).toContain('was changed or')
    await confirmed()
    const contained = await world.administration.containment.contain({ address: ann, reason: 'x' })
    expect(contained).toMatchObject({ recoveryAddress: elsewhere })
    expect(await recovery().show(ann)).toMatchObject({ recoveryAddress: null })
  })
})

describe('a forgotten password', () => {
  it('is set anew by the link that was sent, which ends all sessions', async () => {
    await confirmed()
    const { webSessions } = world.pipeline.backend
    const account = await accountOf(ann)
    await webSessions.begin(account, ['password'], { address: '192.0.2.1', client: '' })
    expect(await askAnew()).toMatchObject({ account: { id: account.id } })
    const secret = linkIn((await lettersTo(elsewhere)).at(-1))
    expect(await world.administration.invitations.look(secret)).toMatchObject({
      link: 'forgotten',
      address: ann,
    })
    expect(await accept(secret)).toMatchObject({ kind: 'accepted', link: 'forgotten' })
    const changed = await accountOf(ann)
    expect(changed).toMatchObject({ role: null, sessionsEpoch: account.sessionsEpoch + 1 })
    expect(await webSessions.list(account.id)).toEqual([])
    expect((await lettersTo(ann)).at(-1)).toContain('was set anew')
    expect(await accept(secret)).toMatchObject({ kind: 'no-such-link' })
  })

  it('is sent no more than so often, and holds for an hour', async () => {
    await confirmed()
    for (let i = 0; i < FORGOTTEN_RATE.capacity; i++)
      expect((await askAnew()).account).not.toBeNull()
    expect((await askAnew()).account).toBeNull()
    const [first, last] = (await lettersTo(elsewhere))
      .slice(-FORGOTTEN_RATE.capacity)
      .flatMap((letter, i) =>
        i === 0 || i === FORGOTTEN_RATE.capacity - 1 ? [linkIn(letter)] : [],
      )
    expect(await accept(must(first))).toMatchObject({ kind: 'no-such-link' })
    await world.clock.advance(FORGOTTEN_LINK_MS)
    expect(await accept(must(last))).toMatchObject({ kind: 'no-such-link' })
  })

  it('is worth nothing once another password is set, or the account is disabled or contained', async () => {
    await confirmed()
    const aLink = async () => {
      await world.clock.advance(HOUR_MS)
      expect((await askAnew()).account).not.toBeNull()
      return linkIn((await lettersTo(elsewhere)).at(-1))
    }
    const { accounts } = world.administration
    let secret = await aLink()
    await accounts.set({ address: ann, secret: hashOfA })
    expect(await accept(secret)).toMatchObject({ kind: 'no-such-link' })
    secret = await aLink()
    await accounts.set({ address: ann, enabled: false })
    const before = await hashNow()
    expect(await accept(secret)).toMatchObject({ kind: 'no-such-link' })
    expect((await askAnew()).account).toBeNull()
    expect(await hashNow()).toBe(before)
  })

  it('of whoever has a role takes a second factor besides', async () => {
    await confirmed()
    await world.administration.roles.set({ address: ann, role: 'auditor' })
    expect((await askAnew()).account).toBeNull()
    const { factors } = world.pipeline.backend.directory
    const { id } = await accountOf(ann)
    const totp = { secret: Uint8Array.of(1), lastStep: 0, sinceMs: 0 }
    await factors.change(id, () => ({ next: { ...noFactors, totp }, result: undefined }))
    expect((await askAnew()).account).not.toBeNull()
    const secret = linkIn((await lettersTo(elsewhere)).at(-1))
    // Lost since: then the link alone would be all.
    await factors.change(id, () => ({ next: noFactors, result: undefined }))
    expect(await accept(secret)).toMatchObject({ kind: 'no-such-link' })
  })

  it('is answered the same, in the same time, whether there is anything to send', async () => {
    await confirmed()
    const ask = async (login: string) => {
      const begunMs = world.clock.now()
      const { status, body } = await api.ask('POST /recovery:forgotten', { login })
      return { status, body, tookMs: world.clock.now() - begunMs }
    }
    const answers = [ann, elsewhere, 'nobody@a.test', 'nobody@not-ours.test', 'no address']
    for (const login of answers) {
      expect(await ask(login)).toEqual({ status: 202, body: {}, tookMs: FORGOTTEN_STEP_MS })
    }
    expect(linkIn((await lettersTo(elsewhere)).at(-1))).toMatch(/^forgotten\./)
    // Of one network no more than so many, whomever they are for.
    const more = await Promise.all(Array.from({ length: 10 }, () => ask('nobody@a.test')))
    expect(more.map(({ status }) => status)).toContain(429)
  })

  it('is sent no link to a host that whoever asks made up', async () => {
    await confirmed()
    await api.ask('POST /recovery:forgotten', { login: ann }, { headers: { host: 'evil.test' } })
    expect((await lettersTo(elsewhere)).at(-1)).not.toContain('evil.test')
  })
})
