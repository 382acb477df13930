import { describe, expect, it } from 'vitest'
import {
  createRewritingStep,
  REWRITTEN_FIELDS_MAX,
} from '#services/content/rewriting/rewriting-step.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { createAddressRewriting, rewritesHeaders } from '#shared/directory/rewriting.ts'
import { REWRITTEN_ADDRESSES_MAX } from '#shared/mail/address-field.ts'
import { edited } from '#shared/mail/header-edits.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { contentFacts, contentMessage } from '#test/support/content.ts'

const login = { id: 'i', login: 'ann@example.test' }
const { origin: stranger } = contentFacts()

/** The message as it is afterwards; undefined: nobody looked. */
async function rewritten(
  text: string,
  set: readonly string[] = [],
  origin: Partial<Origin> = { account: login },
  isStored = false,
) {
  const overrides = ['hostname=mx.example.test', 'defaultDomain=example.test', ...set]
  const loaded = loadSettings({ environment: {}, overrides })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  const { settings } = loaded
  const rewriting = createAddressRewriting({ maps: fakeAccessTables(), settings })
  const options = { ...settings, rewritesHeaders: rewritesHeaders(settings) }
  const step = createRewritingStep(rewriting, options)
  const judge = step.begin(contentFacts({ origin: { ...stranger, ...origin } }))
  if (judge === undefined) return undefined
  const message = contentMessage(text)
  const verdict = await judge.judge(
    isStored ? { ...message, spooled: { ...message.spooled, isStored: true } } : message,
  )
  const edits = (verdict.edits ?? []).filter((edit) => edit.kind !== 'top')
  const bytes = await Array.fromAsync(edited(message.open(), edits))
  return { found: verdict.found, text: Buffer.concat(bytes).toString('latin1') }
}

const letter = (...fields: readonly string[]) => `${fields.join('\r\n')}\r\n\r\nbob\r\n`
const canonical = 'canonicalMaps=inline:{bob@example.test=Bob.Builder@example.test}'

describe('addresses of header fields', () => {
  it('are completed in mail of who logged in, and nothing else is touched', async () => {
    const after = await rewritten(letter('To: bob', 'Subject: bob', 'X:  y', 'From: a@b.test'))
    expect(after).toEqual({
      found: 'To',
      text: letter('To: bob@example.test', 'Subject: bob', 'X:  y', 'From: a@b.test'),
    })
  })

  it('become others, each field of a name by itself', async () => {
    const after = await rewritten(
      letter('To: a@b.test', 'to: bob', 'Cc: "B" <bob@example.test>', 'To: bob@example.test'),
      [canonical],
    )
    expect(after?.text).toBe(
      letter(
        'To: a@b.test',
        'to: Bob.Builder@example.test',
        'Cc: "B" <Bob.Builder@example.test>',
        'To: Bob.Builder@example.test',
      ),
    )
  })

  it('stay where there is nothing to change, which nobody is told', async () => {
    const text = letter('To:   a@b.test ,  c@d.test', 'From: "x" <x@y.test>')
    expect(await rewritten(text, [canonical])).toEqual({ found: undefined, text })
  })

  it('stay where the sender says the way himself, and in a field that is none', async () => {
    const text = letter('To: bob%far.test, far!bob', 'From: two words', 'Cc: (no end bob')
    expect(await rewritten(text)).toEqual({ found: undefined, text })
  })

  it.each<[who: string, origin: Partial<Origin>, set: readonly string[], isLooked: boolean]>([
    ['a stranger', {}, [], false],
    ['a login', { account: login }, [], true],
    ['a login that is left out', { account: login }, ['localHeaderRewriteClients='], false],
    ['our networks', {}, ['mynetworks=192.0.2.0/24'], true],
    ['this machine', { remoteAddress: '127.0.0.1' }, [], false],
    [
      'this machine where that is wanted',
      { remoteAddress: '127.0.0.1' },
      ['localHeaderRewriteClients=permit_inet_interfaces'],
      true,
    ],
    [
      'this machine by its own address',
      {
        remoteAddress: '::ffff:192.0.2.9',
        dialogue: { extended: true, localAddress: '192.0.2.9', localPort: 25 },
      },
      ['localHeaderRewriteClients=permit_inet_interfaces'],
      true,
    ],
  ])('of %s', async (_who, origin, set, isLooked) => {
    const after = await rewritten(letter('To: bob'), set, origin)
    expect(after === undefined).toBe(!isLooked)
  })

  it('are not completed in what is in the store already, unless there are maps', async () => {
    const text = letter('To: bob')
    expect((await rewritten(text, [], { account: login }, true))?.text).toBe(text)
    expect((await rewritten(text, [canonical], { account: login }, true))?.text).toBe(
      letter('To: Bob.Builder@example.test'),
    )
  })

  it('are rewritten in so many fields', async () => {
    const fields = Array.from({ length: REWRITTEN_FIELDS_MAX + 2 }, () => 'To: bob')
    const after = await rewritten(letter(...fields))
    expect(after?.text.match(/^To: bob@example\.test\r$/gm)).toHaveLength(REWRITTEN_FIELDS_MAX)
    expect(after?.text.match(/^To: bob\r$/gm)).toHaveLength(2)
  })

  it('are looked up so many of one message, different ones counted', async () => {
    const names = Array.from({ length: REWRITTEN_ADDRESSES_MAX + 1 }, (_, i) => `n${i}`)
    const half = Math.ceil(names.length / 2)
    const after = await rewritten(
      letter(`To: ${names.slice(0, half)}`, `Cc: ${names.slice(half)}`, 'Reply-To: n1'),
    )
    // Both ways of counting: what is a sender's is another one.
    expect(after?.text.match(/n\d+@example\.test/g)).toHaveLength(REWRITTEN_ADDRESSES_MAX)
    expect(after?.text).toContain(`n${REWRITTEN_ADDRESSES_MAX}\r\nReply-To: n1\r\n`)
  })

  it('outside of ASCII are looked up as text', async () => {
    const before = Buffer.from(letter('To: jörg')).toString('latin1')
    const after = Buffer.from(letter('To: jörg@example.test')).toString('latin1')
    expect((await rewritten(before))?.text).toBe(after)
  })
})
