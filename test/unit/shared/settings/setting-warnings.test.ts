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
    [
      'delayWarningTime=6d',
      /^delayWarningTime and maximalQueueLifetime: nobody is told that his mail waits/,
    ],
    [
      'bounceQueueLifetime=10d',
      /^bounceQueueLifetime and maximalQueueLifetime: mail without a sender/,
    ],
  ])('%s', (override, expected) => {
    expect(warnings(override)).toEqual([expect.stringMatching(expected)])
  })

  describe('in the list that says who relays', () => {
    const relay = (list: string) => warnings(`smtpdRelayRestrictions=${list}`)
    const told = (word: string) => [
      `smtpdRelayRestrictions: an OK in the table of ${word} lets relay whoever says what it permits; let it stand behind reject_unauth_destination`,
    ]

    it('are tables of what clients say of themselves, before strangers are refused', () => {
      expect(relay('check_helo_access table:x, reject_unauth_destination')).toEqual(
        told('check_helo_access'),
      )
      expect(relay('permit_mynetworks, check_sender_access table:x, reject')).toEqual(
        told('check_sender_access'),
      )
    })

    it('are none of those behind, nor tables of clients and recipients', () => {
      expect(relay('reject_unauth_destination, check_sender_access table:x')).toEqual([])
      expect(relay('check_client_access table:x, check_recipient_access table:y, reject')).toEqual(
        [],
      )
    })

    it('are looked for among recipients where the relay list refuses nobody', () => {
      const recipients = 'smtpdRecipientRestrictions=check_sender_access table:x, reject'
      expect(warnings(recipients)).toEqual([])
      expect(warnings('smtpdRelayRestrictions=permit_mynetworks', recipients)).toEqual([
        expect.stringMatching(/^smtpdRecipientRestrictions: an OK in the table of check_sender/),
      ])
    })
  })
})
