import { describe, expect, it } from 'vitest'
import { loadSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import { NESTED_LISTS_MAX } from '#shared/settings/restrictions/nesting.ts'

/** What the start is stopped by. */
function faults(...overrides: readonly string[]): readonly string[] {
  const loaded = loadSettings({ environment: {}, overrides })
  return loaded.kind === 'ok' ? [] : loaded.problems.map(formatProblem)
}

const OPEN =
  /^smtpdRelayRestrictions and smtpdRecipientRestrictions: one of them must refuse strangers/

describe('restriction lists', () => {
  it.each(['modern', 'isp', 'open'])('of preset %s are sound', (preset) => {
    expect(faults(`policyPreset=${preset}`)).toEqual([])
  })

  it('with an unknown word stop the start, with what was meant', () => {
    expect(faults('smtpdHeloRestrictions=reject_invalid_host_name')).toEqual([
      'smtpdHeloRestrictions: reject_invalid_host_name is no restriction and no restriction class; did you mean reject_invalid_helo_hostname?',
    ])
  })

  it('with a result that is none stop the start', () => {
    expect(
      faults('smtpdHeloRestrictions=check_helo_access inline:{ a.example=OK b.example=REJCT }'),
    ).toEqual([
      'smtpdHeloRestrictions: check_helo_access, what it says of b.example: REJCT is no action, no restriction and no restriction class; did you mean REJECT?',
    ])
    expect(faults('smtpdRestrictionClasses=a={ check_helo_access static:a }')).toEqual([])
    expect(faults('smtpdRestrictionClasses=a={ check_helo_access static:b }')).toHaveLength(1)
  })

  it('may name classes, which are lists themselves', () => {
    const classes = 'smtpdRestrictionClasses=a={ b, permit } b={ reject_plaintext_session }'
    expect(faults(classes, 'smtpdClientRestrictions=a')).toEqual([])
    expect(faults('smtpdRestrictionClasses=a={ nonsense }')).toEqual([
      'smtpdRestrictionClasses: a: nonsense is no restriction and no restriction class',
    ])
  })

  it.each([
    ['smtpdClientRestrictions=check_client_access inline:{ 192.0.2.1=REJEKT }', '192.0.2.1'],
    ['smtpdClientRestrictions=check_client_access inline:{ 192.0.2.1={421 go} }', '192.0.2.1'],
    ['smtpdClientRestrictions=check_client_access inline:{ 192.0.2.1=strikt }', '192.0.2.1'],
    ['smtpdSenderRestrictions=inline:{ a.test=OK, { b.test = FILTER nowhere } }', 'b.test'],
    ['smtpdDataRestrictions=check_sender_access static:{ HOLT look at it }', 'static'],
    ['smtpdRestrictionClasses=strict={ check_helo_access inline:{ x=REDIRECT y } }', 'x'],
  ])('with a result that nobody could follow stop the start: %s', (list, key) => {
    const [fault = '', ...others] = faults(list)
    expect(fault).toContain(`what it says of ${key}: `)
    expect(others).toEqual([])
  })

  it('may have any result that a table may', () => {
    const results =
      '{ a.test = REJECT no }, b.test=OK, c.test=strict, { d.test = reject_unverified_sender, permit }, { e.test = PREPEND X-A: b }, f.test='
    const classes = 'smtpdRestrictionClasses=strict={ reject_plaintext_session }'
    expect(faults(classes, `smtpdSenderRestrictions=inline:{ ${results} }`)).toEqual([])
    expect(faults('smtpdSenderRestrictions=check_sender_access static:DUNNO')).toEqual([])
  })

  it('may not name classes that contain themselves, or reach too far', () => {
    const ofClasses = (classes: string, ...more: readonly string[]) =>
      faults(`smtpdRestrictionClasses=${classes}`, ...more)
    expect(ofClasses('a={ b } b={ sleep 1, c } c={ b }')).toEqual([
      'smtpdRestrictionClasses: b contains itself',
    ])
    const chain = (length: number) =>
      Array.from({ length }, (_, n) => `c${n}={ ${n + 1 < length ? `c${n + 1}` : 'sleep 0'} }`)
    expect(ofClasses(chain(NESTED_LISTS_MAX).join(' '))).toEqual([])
    for (const classes of [chain(NESTED_LISTS_MAX + 1), chain(5_000).toReversed()]) {
      expect(ofClasses(classes.join(' '))).toEqual([
        'smtpdRestrictionClasses: more than 100 lists stand in one another',
      ])
    }
    const doubled = Array.from({ length: 90 }, (_, n) => `c${n}={ c${n + 1} c${n + 1} }`)
    expect(ofClasses(`${doubled.join(' ')} c90={ sleep 0 }`)).toEqual([
      'smtpdRestrictionClasses: more than 10000 restrictions with those of its classes',
    ])
    const many = `many={ ${'sleep 0 '.repeat(1_000)}}`
    expect(ofClasses(many, `smtpdDataRestrictions=${'many '.repeat(9)}`)).toEqual([])
    expect(ofClasses(many, `smtpdDataRestrictions=${'many '.repeat(10)}`)).toEqual([
      'smtpdDataRestrictions: more than 10000 restrictions with those of its classes',
    ])
  })

  it.each([
    ['nothing'],
    ['permit_mynetworks', 'permit_mynetworks'],
    ['a permit before', 'permit, reject_unauth_destination'],
    ['a certificate of anybody', 'permit_tls_all_clientcerts, reject'],
    ['a word in HELO', 'permit_naked_ip_address, reject_unauth_destination'],
    [
      'a table that permits whoever it is asked about',
      'check_client_access static:OK, reject_unauth_destination',
    ],
    ['a table that says nothing of anybody', 'check_client_access static:{ }, reject'],
    ['a table that names a permit for anybody', 'check_client_access static:permit, reject'],
    ['a table that names a class that permits', 'check_client_access static:mine, reject'],
    ['a class with such a table', 'round, reject'],
    ['only a warning', 'warn_if_reject reject_unauth_destination'],
    ['a deferral that another may make good', 'defer_if_reject'],
    ['a class that permits', 'mine, reject'],
    ['a class that only warns', 'warn_if_reject strict'],
  ])('that would relay for everybody stop the start: %s', (_, relay = '') => {
    const classes =
      'smtpdRestrictionClasses=mine={ permit } strict={ reject_unauth_destination } round={ check_client_access static:{ round, mine } }'
    const [fault, ...others] = faults(
      classes,
      `smtpdRelayRestrictions=${relay}`,
      'smtpdRecipientRestrictions=',
    )
    expect(fault).toMatch(OPEN)
    expect(others).toEqual([])
  })

  it.each([
    ['reject_unauth_destination'],
    ['permit_mynetworks, defer_unauth_destination'],
    ['permit_auth_destination, reject'],
    ['strict'],
    ['check_recipient_access table:t, defer_if_permit'],
  ])('that refuse strangers are sound in either place: %s', (list) => {
    const classes = 'smtpdRestrictionClasses=strict={ reject_unauth_destination }'
    const others = [`smtpdRelayRestrictions=`, `smtpdRecipientRestrictions=`]
    expect(faults(classes, ...others, `smtpdRelayRestrictions=${list}`)).toEqual([])
    expect(faults(classes, ...others, `smtpdRecipientRestrictions=${list}`)).toEqual([])
  })

  it('of who must log in are judged the same way', () => {
    expect(faults('submissionRelayRestrictions=permit')).toEqual([
      expect.stringMatching(
        /^submissionRelayRestrictions and submissionRecipientRestrictions: one/,
      ),
    ])
  })
})

describe('the preset', () => {
  const listOf = (...overrides: readonly string[]) => {
    const loaded = loadSettings({ environment: {}, overrides })
    if (loaded.kind === 'invalid') throw new Error('not valid')
    return loaded
  }

  it('is where lists come from that are not set', () => {
    const { settings, origin } = listOf('policyPreset=isp', 'smtpdDataRestrictions=')
    expect(settings.smtpdRecipientRestrictions).toMatch(/^permit_mynetworks, .*postgrey, permit$/)
    expect(settings.smtpdDataRestrictions).toBe('')
    expect(origin('smtpdRecipientRestrictions')).toEqual({ kind: 'default' })
  })

  it('is seen through a reference too', () => {
    const { settings } = listOf(
      'policyPreset=open',
      'smtpdClientRestrictions=$smtpdRelayRestrictions',
    )
    expect(settings.smtpdClientRestrictions).toBe(
      'permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination',
    )
  })

  it('that does not exist is told where it stands, once', () => {
    expect(faults('policyPreset=strict')).toEqual([
      "policyPreset cannot be 'strict' (from --set); allowed: one of modern, isp, open",
    ])
  })
})
