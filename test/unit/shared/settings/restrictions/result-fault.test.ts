import { describe, expect, it } from 'vitest'
import { isBareCode, resultFault } from '#shared/settings/restrictions/result-fault.ts'

const fault = (result: string) => resultFault(result, (name) => name === 'greylisted')

describe('a result for a table', () => {
  it.each([
    'OK',
    'ok',
    '550 no',
    'REJECT',
    'PREPEND X-Seen: yes',
    'permit_mynetworks, reject',
    'warn_if_reject reject_unknown_client_hostname',
    'greylisted',
    '550',
  ])('%s is sound', (result) => {
    expect(fault(result)).toBeUndefined()
  })

  it.each([
    ['', /no result/],
    ['REJEKT not you', /^REJEKT is no action, no restriction .*; did you mean REJECT\?$/],
    ['DUNO', /did you mean DUNNO\?$/],
    ['permit_mynetwork', /did you mean permit_mynetworks\?$/],
    ['blub', /^blub is no action, no restriction and no restriction class$/],
    ['permit_mynetworks, blub', /^blub is no restriction/],
    ['check_client_access table:x', /only through a restriction class/],
    ['check_policy_service inet:127.0.0.1:1', /only through a restriction class/],
    ['REDIRECT ann', /user@domain/],
  ])('%j is not', (result, why) => {
    expect(fault(result)).toMatch(why)
  })

  it.each([
    ['550', true],
    [' 450 ', true],
    ['550 no', false],
    ['250', false],
    ['5501', false],
  ])('%j is a code without its text: %s', (result, is) => {
    expect(isBareCode(result)).toBe(is)
  })
})
