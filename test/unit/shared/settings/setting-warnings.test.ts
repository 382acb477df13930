import { describe, expect, it } from 'vitest'
import { loadSettings } from '#shared/settings/load.ts'
import { findWarnings } from '#shared/settings/warnings.ts'

function warnings(...overrides: readonly string[]): readonly string[] {
  const loaded = loadSettings({ environment: {}, overrides })
  if (loaded.kind === 'invalid') throw new Error('invalid')
  return findWarnings(loaded.settings)
}

describe('settings that are probably not meant', () => {
  it('are none of the defaults, nor values that people use', () => {
    expect(warnings()).toEqual([])
    expect(
      warnings('mynetworks=10.0.0.0/8', 'messageSizeLimit=64KB', 'mailboxSizeLimit=0'),
    ).toEqual([])
  })

  it.each([
    ['messageSizeLimit=25', /^messageSizeLimit: 25 bytes is very little; is its unit missing/],
    ['mailboxSizeLimit=200', /^mailboxSizeLimit and messageSizeLimit: an account has less room/],
    ['mynetworks=0.0.0.0/0', /^mynetworks: anybody may send mail to anywhere/],
    ['mynetworks=10.0.0.0/8, ::/0', /^mynetworks: anybody/],
    ['authTrustedNetworks=0.0.0.0/0', /^authTrustedNetworks: nobody who guesses/],
    ['disablePlaintextAuth=no', /^disablePlaintextAuth: passwords may cross the network in clear/],
  ])('%s', (override, expected) => {
    expect(warnings(override)).toEqual([expect.stringMatching(expected)])
  })
})
