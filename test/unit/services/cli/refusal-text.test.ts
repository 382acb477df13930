import { describe, expect, it } from 'vitest'
import { explain } from '#services/cli/refusal-text.ts'
import { badValue, type Refusal } from '#shared/administration/refusals.ts'

describe('a refusal that is rarely met', () => {
  it.each<readonly [Refusal, string]>([
    [
      badValue('address', 'x', { name: 'own-address', localPartBytesMax: 64 }),
      "'x' cannot be an address here: the part before the @ has from 1 to 64 bytes, the domain no underscore",
    ],
    [badValue('after', 'x', { name: 'cursor' }), "'x' is not where a list goes on"],
    [
      badValue('table', 'x', { name: 'one-of', allowed: ['mail', 'queue'] }),
      "'x' is no table; allowed: mail, queue",
    ],
    [
      badValue('password', '', { name: 'hash', problem: { kind: 'malformed', scheme: 'X' } }),
      'this is no hash of X; it may have been cut',
    ],
    [
      { kind: 'too-many-grants', field: 'grantee', value: 'anyone', folder: 'Sent' },
      'too many entries in Sent, or too many folders opened to anyone',
    ],
    [
      { kind: 'not-waiting', field: 'queueId', value: 'Q', recipients: [] },
      'Q is being delivered this moment; try again',
    ],
    [
      { kind: 'not-waiting', field: 'queueId', value: 'Q', recipients: ['a', 'b'] },
      'Q does not wait for a or b, or is being delivered this moment',
    ],
    [{ kind: 'same-table', field: 'from', value: 'x' }, "x is the deployment's own table"],
    [
      { kind: 'still-running', field: 'table', value: 'mail' },
      'containers are running on it; stop its services and functions first (docs/aws.md, "Restore")',
    ],
  ])('is said in one line: %#', (refusal, expected) => {
    expect(explain(refusal)).toBe(expected)
  })

  it('calls a field as it was given', () => {
    const refusal = badValue('quota', '10', { name: 'quota-unit' })
    expect(explain(refusal)).toMatch(/^--quota 10 is/)
    expect(explain(refusal, { quota: 'quota' })).toMatch(/^quota 10 is/)
  })
})
