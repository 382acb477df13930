import { describe, expect, it } from 'vitest'
import {
  BCC_MAX,
  beginTransaction,
  FIELD_BYTES_MAX,
  noteVerdict,
  type Transaction,
} from '#services/smtp/transaction.ts'
import type { PolicyVerdict } from '#shared/contracts/policy.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import { parseMailCommand } from '#shared/smtp/mail-command.ts'

type Permit = Extract<PolicyVerdict, { kind: 'permit' }>

function world() {
  const command = parseMailCommand(' FROM:<s@remote.test>', {})
  const transaction = beginTransaction('Q' as QueueId, command)
  const warnings: unknown[] = []
  const session = { logRepeated: ({ warning }: LogFields) => void warnings.push(warning) }
  const note = (verdict: Partial<Permit>) =>
    noteVerdict(session, transaction, {
      kind: 'permit',
      prepend: '',
      finalRecipients: 1,
      ...verdict,
    })
  return { transaction, warnings, note }
}

const fieldsOf = ({ fields }: Transaction) => [...fields].join('')

describe('header fields that policy gives with recipients', () => {
  it('are there once, however often they are given, in their order', () => {
    const { transaction, note } = world()
    note({ prepend: 'X-A: 1\r\n folded\r\nX-B: 2\r\n' })
    note({ prepend: 'X-B: 2\r\n' })
    note({ prepend: 'X-C: 3\r\nX-A: 1\r\n folded\r\n' })
    expect(fieldsOf(transaction)).toBe('X-A: 1\r\n folded\r\nX-B: 2\r\nX-C: 3\r\n')
  })

  it('are different where one ends as another does', () => {
    const { transaction, note } = world()
    note({ prepend: 'X-Spam: yes\r\n' })
    note({ prepend: 'Spam: yes\r\n' })
    expect(fieldsOf(transaction)).toBe('X-Spam: yes\r\nSpam: yes\r\n')
  })

  it('have a limit, which is told', () => {
    const { transaction, note, warnings } = world()
    const field = (n: number) => `X-${n}: ${'x'.repeat(900)}\r\n`
    for (let n = 0; transaction.fieldBytes + field(n).length <= FIELD_BYTES_MAX; n++) {
      note({ prepend: field(n) })
    }
    expect(warnings).toEqual([])
    note({ prepend: field(0) })
    expect(warnings).toEqual([])
    note({ prepend: field(1_000) })
    expect(warnings).toEqual([
      'no more header fields: the message has 100000 bytes of them already',
    ])
    expect(fieldsOf(transaction)).toHaveLength(transaction.fieldBytes)
  })
})

describe('BCC', () => {
  it('has a limit, which is told', () => {
    const { transaction, note, warnings } = world()
    for (let n = 0; n < BCC_MAX; n++) note({ bcc: [`a${n}@b.test`] })
    note({ bcc: ['a0@b.test'] })
    expect(warnings).toEqual([])
    note({ bcc: ['more@b.test'] })
    expect(warnings).toEqual(['no BCC to more@b.test: the message has 100 already'])
    expect(transaction.bcc.size).toBe(BCC_MAX)
  })
})
