import { describe, expect, it } from 'vitest'
import { type ListPlace, parseClasses, parseList } from '#shared/settings/restrictions/grammar.ts'
import { LIST_CHARACTERS_MAX, splitList } from '#shared/settings/restrictions/split-list.ts'
import {
  findWord,
  restrictionWords,
  wordFacts,
  wordNames,
} from '#shared/settings/restrictions/words.ts'

const isClass = (name: string) => name === 'mine'

/** What each entry is, or why the list is none. */
function read(text: string, place: ListPlace = 'recipient') {
  const parsed = parseList(text, place, isClass)
  if (parsed.kind === 'fault') return parsed.reason
  return parsed.entries.map((entry) =>
    entry.kind === 'class'
      ? `class ${entry.name}`
      : `${entry.warnOnly ? 'warn ' : ''}${entry.word}(${entry.argument})`,
  )
}

describe('a restriction list', () => {
  it('is split at commas and white space, and braces hold together', () => {
    expect(splitList(' a,b  c\n,,d { e, f { g } } h{i j}')).toEqual([
      'a',
      'b',
      'c',
      'd',
      '{ e, f { g } }',
      'h{i j}',
    ])
    expect(splitList('')).toEqual([])
  })

  it('has words in any case, with their arguments', () => {
    expect(read('Permit_MyNetworks, SLEEP 3')).toEqual(['permit_mynetworks()', 'sleep(3)'])
  })

  it.each([
    ['permit_mynetworks reject', ['permit_mynetworks()', 'reject()']],
    [
      'reject_rbl_client zen.example=127.0.0.[2..11]',
      ['reject_rbl_client(zen.example=127.0.0.[2..11])'],
    ],
    [
      'check_policy_service { inet:127.0.0.1:1, timeout=10s }',
      ['check_policy_service({ inet:127.0.0.1:1, timeout=10s })'],
    ],
    ['check_policy_service postgrey', ['check_policy_service(postgrey)']],
    [
      'check_client_access inline:{ a=OK, b=REJECT no }',
      ['check_client_access(inline:{ a=OK, b=REJECT no })'],
    ],
    ['table:mine', ['check_recipient_access(table:mine)']],
    ['mine, permit', ['class mine', 'permit()']],
    ['warn_if_reject reject, defer', ['warn reject()', 'defer()']],
    // As older versions of Postfix have it.
    [
      'reject_invalid_hostname reject_unknown_client check_relay_domains',
      [
        'reject_invalid_helo_hostname()',
        'reject_unknown_client_hostname()',
        'reject_unauth_destination()',
      ],
    ],
  ])('reads %s', (text, entries) => {
    expect(read(text)).toEqual(entries)
  })

  it('shows an entry as it stands there', () => {
    const parsed = parseList('reject_rbl client.example  ,  PERMIT', 'client', isClass)
    const texts = parsed.kind === 'list' ? parsed.entries.map(({ text }) => text) : []
    expect(texts).toEqual(['reject_rbl client.example', 'PERMIT'])
  })

  it.each([
    [
      'reject_unkown_sender_domain',
      'reject_unkown_sender_domain is no restriction and no restriction class; did you mean reject_unknown_sender_domain?',
    ],
    [
      '# who is inside\npermit_mynetworks',
      '# begins no comment within quotes: write a list as [ "permit_mynetworks", "reject" ], with comments between its entries',
    ],
    [
      'check_policy_service unix:private/policy',
      "check_policy_service unix:private/policy: the socket's path must begin with /",
    ],
    ['frobnicate', 'frobnicate is no restriction and no restriction class'],
    ['reject_rbl_client', 'reject_rbl_client needs a DNS list such as zen.spamhaus.org behind it'],
    ['warn_if_reject', 'warn_if_reject stands before a restriction'],
    ['warn_if_reject warn_if_reject reject', 'warn_if_reject stands before a restriction'],
    ['permit {', 'a { without its }'],
    ['permit }', 'a } without its {'],
    ['sleep 61', 'sleep 61: a whole number of at most 60 seconds is wanted'],
    [
      'check_client_access hash:/etc/postfix/access',
      'check_client_access hash:/etc/postfix/access: tables stand in the directory: `postwolke access import access /etc/postfix/access`, and write table:access',
    ],
    [
      'check_client_access pcre:/x',
      'check_client_access pcre:/x: tables of patterns are not asked about hosts and addresses here; use table:, inline: or static:',
    ],
    [
      'check_policy_service greylist',
      "check_policy_service greylist: 'greylist' is no policy service: inet:host:port, unix:/path, policyd-weight or postgrey",
    ],
    ['x'.repeat(LIST_CHARACTERS_MAX + 1), `more than ${LIST_CHARACTERS_MAX} characters`],
    ['permit,'.repeat(1_001), 'more than 1000 entries'],
  ])('does not read %.60s', (text, reason) => {
    expect(read(text)).toBe(reason)
  })

  it('has a table without a check only where it is clear what is looked up', () => {
    expect(read('table:t', 'client')).toEqual(['check_client_access(table:t)'])
    expect(read('table:t', 'helo')).toEqual(['check_helo_access(table:t)'])
    expect(read('table:t', 'sender')).toEqual(['check_sender_access(table:t)'])
    for (const place of ['data', 'endOfData', 'class'] as const) {
      expect(read('table:t', place)).toBe('table:t needs a check_…_access before it here')
    }
  })
})

describe('restriction classes', () => {
  it('are names for lists', () => {
    const parsed = parseClasses('strict={ reject_plaintext_session, other } other={reject}')
    expect(parsed).toEqual({
      kind: 'classes',
      classes: new Map([
        ['strict', 'reject_plaintext_session, other'],
        ['other', 'reject'],
      ]),
    })
  })

  it.each([
    ['strict', 'strict is not name={ restrictions }'],
    ['a b={ reject }', 'a is not name={ restrictions }'],
    ['1={ reject }', '1={ reject } is not name={ restrictions }'],
    ['permit={ reject }', 'permit is a restriction already'],
    ['a={ reject } a={ permit }', 'a stands there twice'],
  ])('are not %s', (text, reason) => {
    expect(parseClasses(text)).toEqual({ kind: 'fault', reason })
  })
})

describe('the words', () => {
  it('are found by each of their names, which no two share', () => {
    const names = wordNames().flatMap((name) => [name, ...(wordFacts(name).formerly ?? [])])
    expect(new Set(names).size).toBe(names.length)
    for (const name of wordNames()) expect(findWord(name.toUpperCase())).toBe(name)
    expect(findWord('reject_unknown_hostname')).toBe('reject_unknown_helo_hostname')
  })

  it('say what they are in one sentence', () => {
    for (const [name, { about }] of Object.entries(restrictionWords)) {
      expect(about, name).toMatch(/^[A-Z].*\.$/s)
    }
  })
})
