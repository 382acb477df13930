import { describe, expect, it } from 'vitest'
import { CommandFailure, exitCode, exitOfRefusal } from '#services/cli/failure.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import { commandLine } from '#test/support/command-line.ts'

const refusal = (kind: string) => ({ kind, field: 'address', value: '' }) as Refusal

describe('an exit code', () => {
  it.each([
    ['bad-value', 65],
    ['no-such-account', 67],
    ['not-queued', 67],
    ['no-such-domain', 68],
    ['exists', 73],
    ['not-empty', 73],
    ['not-waiting', 75],
    ['wrong-answer', 77],
    ['switched-off', 78],
  ])('of %s is %i', (kind, code) => {
    expect(exitCode(exitOfRefusal(refusal(kind)))).toBe(code)
  })

  it.each([
    ['account bogus', 64],
    ['account list --bogus', 64],
    ['account show', 64],
    ['queue list --limit x --data /nonexistent', 69],
    ['config show --config /nonexistent', 66],
    ['config show --set relayhosts=x', 78],
    ['config show nothing-is-called-so', 67],
    ['account list --data x --server y', 64],
    ['account list --server https://user@mail.example.test', 64],
    ['--help', 0],
  ])('of %j is %i', async (line, code) => {
    expect((await commandLine(line.split(' '))).code).toBe(code)
  })

  it('is 1 where a command looked and something is not as it must be', () => {
    expect(new CommandFailure('').exitStatus).toBe(1)
  })
})
