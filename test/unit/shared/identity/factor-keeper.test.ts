import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { createDirectory, type Directory } from '#shared/directory/directory.ts'
import { createFactorKeeper } from '#shared/identity/factor-keeper.ts'
import { createPasskeySite } from '#shared/identity/passkey-site.ts'
import { createPending, PENDING_MS } from '#shared/identity/pending.ts'
import { hotp } from '#shared/identity/totp.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { bytes, map, SoftwarePasskey, text } from '#test/support/software-passkey.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const STEP_MS = 30_000
const page = 'https://mx.example.test:8443'

let opened: OpenedEmbedded
const clock = manualClock()
beforeAll(async () => void (opened = await openEmbedded({ clock })))
afterAll(() => opened.close())

const lines: unknown[] = []
let people = 0
let directory: Directory
let id: AccountId
const ended: AccountId[] = []

function keeperAt(passkeyDomain = '') {
  const { directory: table, counters } = opened.store.tables
  const settings = { hostname: 'mx.example.test', passkeyDomain, passkeyHosts: [] }
  return createFactorKeeper({
    factors: directory.factors,
    pending: createPending(counters, clock),
    ...createPasskeySite(table, settings),
    clock,
    log: {
      debug() {},
      info() {},
      warn: (fields, message) => void lines.push({ ...fields, message }),
      error() {},
      child() {
        return this
      },
    },
  })
}
let keeper: ReturnType<typeof keeperAt>

beforeEach(async () => {
  const loaded = loadSettings({ environment: {}, overrides: [] })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  directory = createDirectory({
    table: opened.store.tables.directory,
    clock,
    settings: loaded.settings,
    signals: { publish: (topic) => void ended.push(topic.replace('login/', '') as AccountId) },
  })
  const domain = parseDomain('example.test')
  if (domain === undefined) throw new Error('no domain')
  await directory.domains.add(domain)
  const address = parseAddress(`p${people++}@example.test`)
  if (address === undefined) throw new Error('no address')
  const added = await directory.accounts.add({ address, passwordHash: 'x' })
  if (added.kind !== 'ok') throw new Error(added.kind)
  id = added.account.id
  keeper = keeperAt()
  lines.length = 0
  ended.length = 0
})

const named = () => ({ id, login: 'p@example.test' })
const codeOf = (secret: string, stepsOn = 0) =>
  hotp(unBase32(secret), Math.floor(clock.now() / STEP_MS) + stepsOn, 6)

function unBase32(text: string): Uint8Array {
  const bits = [...text]
    .map((letter) =>
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
    )
    .join('')
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}

async function withTotp() {
  const { secret } = await keeper.beginTotp(named())
  const confirmed = await keeper.confirmTotp(id, codeOf(secret))
  if (confirmed.kind !== 'right') throw new Error(confirmed.kind)
  clock.advance(2 * STEP_MS)
  return { secret, codes: confirmed.recoveryCodes ?? [] }
}

const answerTotp = (code: string) => keeper.check(id, { method: 'totp', answer: code }, 's')
const kindOf = async (answered: Promise<{ readonly kind: string }>) => (await answered).kind

describe('TOTP', () => {
  it('counts once a code of it was given, and brings recovery codes', async () => {
    const { secret, uri } = await keeper.beginTotp(named())
    expect(uri).toContain(`secret=${secret}`)
    expect(await keeper.methodsOf(id)).toEqual([])
    expect(await keeper.confirmTotp(id, '000000')).toEqual({ kind: 'wrong' })
    const confirmed = await keeper.confirmTotp(id, codeOf(secret))
    expect(confirmed).toMatchObject({ kind: 'right', recoveryCodes: { length: 10 } })
    expect(await keeper.methodsOf(id)).toEqual(['totp', 'recovery-code'])
    expect(await keeper.confirmTotp(id, codeOf(secret))).toEqual({ kind: 'not-begun' })
    // Sessions that the password let in are looked at.
    expect(ended).toEqual([id])
  })

  it('is forgotten where no code comes in time', async () => {
    const { secret } = await keeper.beginTotp(named())
    clock.advance(PENDING_MS + 1_000)
    expect(await keeper.confirmTotp(id, codeOf(secret))).toEqual({ kind: 'not-begun' })
  })

  it('takes a code once, of two that ask at the same time from one', async () => {
    const { secret } = await withTotp()
    const code = codeOf(secret)
    const both = await Promise.all([kindOf(answerTotp(code)), kindOf(answerTotp(code))])
    expect(both.sort()).toEqual(['right', 'wrong'])
    expect(await answerTotp(code)).toEqual({ kind: 'wrong' })
    expect(await answerTotp(codeOf(secret, -1))).toEqual({ kind: 'wrong' })
    expect(await answerTotp(codeOf(secret, 1))).toEqual({ kind: 'right', name: null })
  })

  it.each([null, 5, {}, ['000000'], '1'.repeat(10_000)])('takes no %j', async (answer) => {
    await withTotp()
    expect(await keeper.check(id, { method: 'totp', answer }, 's')).toEqual({ kind: 'wrong' })
    expect(await keeper.check(id, { method: 'recovery-code', answer }, 's')).toEqual({
      kind: 'wrong',
    })
    expect(await keeper.check(id, { method: 'passkey', answer }, 's')).toEqual({ kind: 'wrong' })
  })

  it('goes, and the codes with it that stood in for it', async () => {
    await withTotp()
    expect(await keeper.removeTotp(id)).toBe(true)
    expect(await keeper.removeTotp(id)).toBe(false)
    expect(await keeper.methodsOf(id)).toEqual([])
    expect(await keeper.makeRecoveryCodes(id)).toBeUndefined()
  })
})

describe('recovery codes', () => {
  it('count once each, are counted, and are replaced together', async () => {
    const { codes } = await withTotp()
    const [first = '', second = ''] = codes
    const give = (answer: string) => keeper.check(id, { method: 'recovery-code', answer }, 's')
    expect(await give(first)).toEqual({ kind: 'right', name: null, left: 9 })
    expect(await give(first)).toEqual({ kind: 'wrong' })
    const fresh = await keeper.makeRecoveryCodes(id)
    expect(fresh).toHaveLength(10)
    expect(await give(second)).toEqual({ kind: 'wrong' })
    expect(await give((fresh?.[0] ?? '').toUpperCase().replaceAll('-', ' '))).toMatchObject({
      left: 9,
    })
  })

  it('are nowhere as they are', async () => {
    const { codes } = await withTotp()
    const stored = JSON.stringify(await directory.factors.of(id))
    for (const code of codes) expect(stored).not.toContain(code)
  })
})

describe('a passkey', () => {
  async function add(passkey = new SoftwarePasskey(page), session = 's') {
    const options = await keeper.beginPasskey(named(), session)
    const answer = passkey.create(options)
    return { passkey, added: await keeper.finishPasskey(id, { name: 'phone', answer }, session) }
  }
  async function use(passkey: SoftwarePasskey, asked = 's', answered = asked) {
    const question = await keeper.ask(id, 'passkey', asked)
    if (question.kind !== 'question') throw new Error(question.kind)
    const answer = passkey.get(question.question)
    return { answer, result: await keeper.check(id, { method: 'passkey', answer }, answered) }
  }

  it('is made, used, and brings recovery codes', async () => {
    const { passkey, added } = await add()
    expect(added).toMatchObject({
      kind: 'right',
      passkey: { name: 'phone', transports: ['internal'] },
      recoveryCodes: { length: 10 },
    })
    expect(await keeper.methodsOf(id)).toEqual(['passkey', 'recovery-code'])
    expect((await use(passkey)).result).toEqual({ kind: 'right', name: 'phone' })
    expect((await directory.factors.of(id)).passkeys[0]?.lastUsedMs).toBe(clock.now())
  })

  it('is taken once, and for the session alone that asked', async () => {
    const { passkey } = await add()
    expect((await use(passkey, 'mine', 'theirs')).result).toEqual({ kind: 'wrong' })
    const { answer, result } = await use(passkey)
    expect(result.kind).toBe('right')
    expect(await keeper.check(id, { method: 'passkey', answer }, 's')).toEqual({ kind: 'wrong' })
  })

  it.each([
    ['https://evil.test'],
    ['https://mx.example.test.evil.test'],
    ['http://mx.example.test'],
    ['https://sub.mx.example.test'],
    ['null'],
  ])('is not taken from the page %s', async (origin) => {
    const { added } = await add(new SoftwarePasskey(origin))
    expect(added).toEqual({ kind: 'wrong' })
  })

  it('that counts backwards was copied, and is told of', async () => {
    const { passkey } = await add()
    passkey.counter = 5
    expect((await use(passkey)).result.kind).toBe('right')
    passkey.counter = 2
    expect((await use(passkey)).result).toEqual({ kind: 'wrong' })
    expect(lines).toMatchObject([{ accountId: id, message: expect.stringContaining('copied') }])
  })

  it('says whose it is, if it looked who uses it', async () => {
    const { passkey } = await add()
    const signIn = async () => keeper.checkAnybody(passkey.get(await keeper.askAnybody('t')), 't')
    expect(await signIn()).toEqual({ accountId: id, name: 'phone' })
    passkey.verifies = false
    expect(await signIn()).toBeUndefined()
    // Beside a password that is enough.
    expect((await use(passkey)).result.kind).toBe('right')
  })

  it('of another account does not answer for this one', async () => {
    const { passkey } = await add()
    const question = await keeper.askAnybody('t')
    const answer = Object(passkey.get(question))
    answer.response.userHandle = Buffer.from('nobody').toString('base64url')
    expect(await keeper.checkAnybody(answer, 't')).toBeUndefined()
  })

  it('is for one domain: another host asks for a recovery code, and not for nothing', async () => {
    const { passkey } = await add()
    keeper = keeperAt('other.test')
    expect(await keeper.methodsOf(id)).toEqual(['passkey', 'recovery-code'])
    expect(await keeper.ask(id, 'passkey', 's')).toEqual({ kind: 'no-factor' })
    expect(await keeper.isUsable({ rpId: 'mx.example.test' })).toBe(false)
    keeper = keeperAt()
    expect((await use(passkey)).result.kind).toBe('right')
  })

  it('is taken whatever is attested of it, for nobody looks', async () => {
    const passkey = new SoftwarePasskey(page)
    const certificates = map([text('x5c'), bytes(Buffer.of(1))])
    passkey.attestation = { format: 'packed', statement: certificates }
    expect((await add(passkey)).added.kind).toBe('right')
    expect((await use(passkey)).result.kind).toBe('right')
  })

  it.each([
    ['rubbish', Buffer.from('rubbish')],
    ['no data', map([text('fmt'), text('none')], [text('attStmt'), map()])],
    ['nested without end', Buffer.alloc(4_000, 0x81)],
  ])('is none that is made of %s', async (_, attestationObject) => {
    const passkey = new SoftwarePasskey(page)
    const options = await keeper.beginPasskey(named(), 's')
    const answer = passkey.create(options, { attestationObject })
    expect(await keeper.finishPasskey(id, { name: 'x', answer }, 's')).toEqual({ kind: 'wrong' })
  })

  it.each(['signature', 'authenticatorData', 'clientDataJSON'])(
    'is not taken with another %s',
    async (part) => {
      const { passkey } = await add()
      const question = await keeper.ask(id, 'passkey', 's')
      if (question.kind !== 'question') throw new Error(question.kind)
      const answer = Object(passkey.get(question.question))
      const bent = Buffer.from(answer.response[part], 'base64url')
      bent[bent.length - 2] = (bent.at(-2) ?? 0) ^ 1
      answer.response[part] = bent.toString('base64url')
      expect(await keeper.check(id, { method: 'passkey', answer }, 's')).toEqual({ kind: 'wrong' })
    },
  )

  it('is renamed and removed', async () => {
    const { passkey } = await add()
    await keeper.renamePasskey(id, passkey.id, 'tablet')
    expect((await use(passkey)).result).toEqual({ kind: 'right', name: 'tablet' })
    expect(await keeper.removePasskey(id, passkey.id)).toMatchObject({ name: 'tablet' })
    expect(await keeper.methodsOf(id)).toEqual([])
    expect(await keeper.removePasskey(id, passkey.id)).toBeUndefined()
  })

  it('goes with all others', async () => {
    await add()
    await withTotp()
    expect(await keeper.removeAll(id)).toBe(2)
    expect(await keeper.methodsOf(id)).toEqual([])
  })
})
