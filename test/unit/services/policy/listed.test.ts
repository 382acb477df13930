import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemblePolicy } from '#services/assembly/policy.ts'
import type { Policy } from '#shared/contracts/policy.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { createPipeline, manualClock, origin } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

let opened: OpenedEmbedded
let policy: Policy

beforeAll(async () => {
  const clock = manualClock()
  opened = await openEmbedded({ clock })
  const pipeline = createPipeline(opened.store, clock, {
    set: [
      'policyPreset=open',
      'recipientCanonicalMaps=inline:{ {old.name=ann@example.test}, {old.other=nobody@example.test} }',
    ],
  })
  await pipeline.addAccount('ann@example.test')
  await pipeline.addAccount('off@example.test', { enabled: false })
  const aliases: { readonly [name: string]: readonly string[] } = {
    gone: ['nobody@example.test', 'nowhere@example.test'],
    far: ['hop@example.test'],
    hop: ['nobody@example.test'],
    disabled: ['off@example.test'],
    round: ['trip@example.test'],
    trip: ['round@example.test'],
    some: ['nobody@example.test', 'ann@example.test'],
    away: ['x@remote.test'],
  }
  for (const [name, targets] of Object.entries(aliases)) {
    await pipeline.addAlias(`${name}@example.test`, targets)
  }
  for (const [name, to, keep] of [
    ['on', 'x@remote.test', false],
    ['dead', 'nobody@example.test', false],
    ['kept', 'nobody@example.test', true],
  ] as const) {
    const { address } = await pipeline.addAccount(`${name}@example.test`)
    const target = parseAddress(to)
    if (target === undefined) throw new Error(to)
    await pipeline.backend.directory.accounts.set(address, { forward: { to: [target], keep } })
  }
  policy = assemblePolicy(pipeline.backend)
})
afterAll(() => opened.close())

async function answer(name: string): Promise<string> {
  const verdict = await policy.recipient({
    queueId: 'Q' as QueueId,
    origin: origin(null),
    sender: 's@remote.test',
    declaredBytes: 0,
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient: `${name}@example.test`,
  })
  return verdict.kind === 'reject' ? `${verdict.reply.code} ${verdict.reply.status}` : 'ok'
}

describe('reject_unlisted_recipient', () => {
  it('follows an alias to its ends and refuses what leads nowhere', async () => {
    expect(await answer('gone')).toBe('550 5.1.1')
    expect(await answer('far')).toBe('550 5.1.1')
    expect(await answer('far+x')).toBe('550 5.1.1')
    expect(await answer('disabled')).toBe('550 5.2.1')
    expect(await answer('round')).toBe('550 5.4.6')
  })

  it('takes mail that reaches somebody', async () => {
    for (const name of ['ann', 'some', 'away']) expect(await answer(name)).toBe('ok')
  })

  it('refuses mail for an account that sends it on to nobody, and keeps none', async () => {
    expect(await answer('on')).toBe('ok')
    expect(await answer('dead')).toBe('550 5.1.1')
    expect(await answer('kept')).toBe('ok')
  })

  it('takes an address that the recipient maps make one of ours', async () => {
    expect(await answer('old.name')).toBe('ok')
    expect(await answer('old.other')).toBe('550 5.1.1')
  })
})
