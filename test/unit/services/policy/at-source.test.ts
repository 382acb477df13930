import { expect, it } from 'vitest'
import { rejectUnknownAtSource } from '#services/policy/at-source.ts'
import type { AtRecipient } from '#services/policy/known.ts'
import type { ProbeResult } from '#shared/contracts/verify.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import type { Domain } from '#shared/mail/domain.ts'

const source = { name: 'old', state: 'at-source' } as const
const address = { local: 'ann', domain: 'ours.test' as Domain }
const account = { kind: 'account', address, source } as unknown as Recipient
const guest: Recipient = { kind: 'guest', source }

function decide(found: Recipient, said: ProbeResult | { kind: 'pending' } | undefined) {
  const asked: string[] = []
  const verification = said && {
    async verify(text: string, id?: string) {
      asked.push(`${text} ${id?.slice(0, 6)}`)
      return said
    },
  }
  const recipient = { text: 'ann@ours.test', address, found }
  const known = { recipient } as unknown as AtRecipient
  return { asked, decision: rejectUnknownAtSource(verification).decide(known) }
}

it('takes a guest by the word of the source alone', async () => {
  const taken = decide(guest, { kind: 'deliverable' })
  expect(await taken.decision).toMatchObject({ kind: 'dunno' })
  expect(taken.asked).toEqual(['ann@ours.test guest-'])
  const refused = await decide(guest, { kind: 'undeliverable', reply: 'no such user' }).decision
  expect(refused).toMatchObject({ kind: 'reject', reply: { code: 550, status: '5.1.1' } })
  for (const said of [{ kind: 'unknown', reply: '' }, { kind: 'pending' }, undefined] as const) {
    const reply = { code: 450, status: '4.1.1' }
    expect(await decide(guest, said).decision).toMatchObject({ kind: 'defer', reply })
  }
})

it('takes mail of an account unless the source says no', async () => {
  for (const said of [{ kind: 'unknown', reply: '' }, { kind: 'pending' }, undefined] as const) {
    expect(await decide(account, said).decision).toMatchObject({ kind: 'dunno' })
  }
  const refused = await decide(account, { kind: 'undeliverable', reply: 'no' }).decision
  expect(refused).toMatchObject({ kind: 'reject' })
})

it('asks about nobody else', async () => {
  const other = decide({ kind: 'remote' }, { kind: 'undeliverable', reply: 'no' })
  expect(await other.decision).toMatchObject({ kind: 'dunno' })
  expect(other.asked).toEqual([])
})
