// The words of restriction lists, Postfix's own and ours: a row of facts for each. What each does is one file in
// services/policy/restrictions; grammar.ts reads lists by this table, and the manual is made of it.

/** What follows a word in its list. */
export type WordArgument =
  | 'none'
  /** `table:name`, or `inline:{ key=result … }`. */
  | 'table'
  /** `zone` or `zone=filter` (dns-list-filter). */
  | 'zone'
  /** `inet:host:port`, `unix:path`, `policyd-weight`, `postgrey`, or `{ service, name=value … }`. */
  | 'service'
  | 'seconds'

/** The least that must be known; where it is not, the word says nothing. */
export type WordNeeds = 'nothing' | 'client' | 'helo' | 'sender' | 'recipient' | 'recipients'

export type WordFacts = {
  /** Names that older versions of Postfix had for it; lists may use them. */
  readonly formerly?: readonly string[]
  readonly argument: WordArgument
  readonly needs: WordNeeds
  /** What it may answer besides nothing. `result`: whatever a table or a service says. */
  readonly answers: readonly WordAnswer[]
  /** One sentence for the manual. */
  readonly about: string
}

export type WordAnswer =
  | 'permit'
  | 'reject'
  | 'defer'
  | 'defer-if-permit'
  | 'defer-if-reject'
  | 'result'
  | 'score'
  | 'prepend'

const ends = (answer: WordAnswer, about: string): WordFacts => ({
  argument: 'none',
  needs: 'nothing',
  answers: [answer],
  about,
})

const access = (needs: WordNeeds, about: string): WordFacts => ({
  argument: 'table',
  needs,
  answers: ['result'],
  about,
})

const rhsbl = (needs: WordNeeds, about: string): WordFacts => ({
  argument: 'zone',
  needs,
  answers: ['reject'],
  about,
})

export const restrictionWords = {
  permit: ends('permit', 'Ends the list; the next one is asked.'),
  reject: ends('reject', 'Refuses.'),
  defer: ends('defer', 'Asks the client to come back.'),
  defer_if_permit: ends('defer-if-permit', 'Asks the client to come back if nothing refuses it.'),
  defer_if_reject: ends('defer-if-reject', 'Asks the client to come back in place of a refusal.'),
  sleep: {
    argument: 'seconds',
    needs: 'nothing',
    answers: [],
    about: 'Waits so long before it goes on.',
  },

  permit_mynetworks: ends('permit', 'Who connects from `mynetworks`.'),
  permit_inet_interfaces: ends('permit', "Who connects from one of this machine's own addresses."),
  permit_sasl_authenticated: ends('permit', 'Who has logged in.'),
  permit_tls_clientcerts: {
    ...ends('permit', 'Whose certificate has a fingerprint in `relayClientcerts`.'),
    needs: 'client',
  },
  permit_tls_all_clientcerts: {
    ...ends('permit', 'Who has a certificate of an authority that is trusted.'),
    needs: 'client',
  },
  permit_pop_before_smtp: {
    ...ends('permit', 'Whose address was used for a POP3 or IMAP login a short time ago.'),
    needs: 'client',
  },
  permit_naked_ip_address: {
    ...ends(
      'permit',
      'Who says HELO with an address without brackets; for no list that decides about relaying.',
    ),
    needs: 'helo',
  },
  permit_auth_destination: {
    ...ends('permit', 'Mail for domains that are ours, or in `relayDomains`.'),
    needs: 'recipient',
  },
  permit_mx_backup: {
    argument: 'none',
    needs: 'recipient',
    answers: ['permit', 'defer-if-reject'],
    about: 'Mail for domains that name this host as an MX that is not their best.',
  },
  permit_dnswl_client: {
    argument: 'zone',
    needs: 'client',
    answers: ['permit', 'defer-if-reject'],
    about: 'Clients in a DNS list of good ones, for destinations that we take mail for.',
  },
  permit_rhswl_client: {
    argument: 'zone',
    needs: 'client',
    answers: ['permit', 'defer-if-reject'],
    about:
      'Clients whose name is in a DNS list of good ones, for destinations that we take mail for.',
  },

  reject_unauth_destination: {
    formerly: ['check_relay_domains'],
    argument: 'none',
    needs: 'recipient',
    answers: ['reject'],
    about: 'Mail for domains that are neither ours nor in `relayDomains`.',
  },
  defer_unauth_destination: {
    argument: 'none',
    needs: 'recipient',
    answers: ['defer'],
    about: 'The same, with a 4xx reply.',
  },
  reject_unauth_pipelining: ends(
    'reject',
    'Clients that send commands before the reply they must wait for.',
  ),
  reject_plaintext_session: ends('reject', 'Sessions without TLS.'),

  reject_unknown_client_hostname: {
    formerly: ['reject_unknown_client'],
    argument: 'none',
    needs: 'client',
    answers: ['reject', 'defer'],
    about: 'Clients whose address has no name, or one that does not lead back to the address.',
  },
  reject_unknown_reverse_client_hostname: {
    argument: 'none',
    needs: 'client',
    answers: ['reject', 'defer'],
    about: 'Clients whose address has no name.',
  },
  reject_invalid_helo_hostname: {
    formerly: ['reject_invalid_hostname'],
    argument: 'none',
    needs: 'helo',
    answers: ['reject'],
    about: 'HELO with something that cannot be a host name.',
  },
  reject_non_fqdn_helo_hostname: {
    formerly: ['reject_non_fqdn_hostname'],
    argument: 'none',
    needs: 'helo',
    answers: ['reject'],
    about: 'HELO without a full name or an address literal.',
  },
  reject_unknown_helo_hostname: {
    formerly: ['reject_unknown_hostname'],
    argument: 'none',
    needs: 'helo',
    answers: ['reject', 'defer', 'defer-if-permit'],
    about: 'HELO with a name that has neither address nor MX.',
  },
  reject_non_fqdn_sender: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject'],
    about: 'Senders without a full domain.',
  },
  reject_non_fqdn_recipient: {
    argument: 'none',
    needs: 'recipient',
    answers: ['reject'],
    about: 'Recipients without a full domain.',
  },
  reject_unknown_sender_domain: {
    formerly: ['reject_unknown_address'],
    argument: 'none',
    needs: 'sender',
    answers: ['reject', 'defer', 'defer-if-permit'],
    about: 'Senders in a domain that no mail can be sent to.',
  },
  reject_unknown_recipient_domain: {
    argument: 'none',
    needs: 'recipient',
    answers: ['reject', 'defer', 'defer-if-permit'],
    about: 'Recipients in a domain that no mail can be sent to.',
  },
  reject_unlisted_sender: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject'],
    about: 'Senders in domains of ours that do not exist.',
  },
  reject_unlisted_recipient: {
    formerly: ['check_recipient_maps'],
    argument: 'none',
    needs: 'recipient',
    answers: ['reject'],
    about: 'Recipients in domains of ours that do not exist.',
  },
  reject_unverified_sender: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject', 'defer', 'defer-if-permit'],
    about: 'Senders that their own mail server refuses when it is asked.',
  },
  reject_unverified_recipient: {
    argument: 'none',
    needs: 'recipient',
    answers: ['reject', 'defer', 'defer-if-permit'],
    about: 'Recipients that the server they are sent on to refuses when it is asked.',
  },
  reject_sender_login_mismatch: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject'],
    about: 'Both of the following.',
  },
  reject_authenticated_sender_login_mismatch: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject'],
    about: 'Who logged in and sends as somebody else.',
  },
  reject_unauthenticated_sender_login_mismatch: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject'],
    about: 'Who did not log in and sends as somebody here.',
  },
  reject_known_sender_login_mismatch: {
    argument: 'none',
    needs: 'sender',
    answers: ['reject'],
    about: 'As the first, for senders that somebody here owns.',
  },
  reject_multi_recipient_bounce: {
    argument: 'none',
    needs: 'recipients',
    answers: ['reject'],
    about: 'The null sender with more than one recipient.',
  },

  reject_rbl_client: {
    formerly: ['reject_rbl'],
    argument: 'zone',
    needs: 'client',
    answers: ['reject'],
    about: 'Clients whose address is in a DNS list.',
  },
  reject_rhsbl_client: rhsbl('client', 'Clients whose name is in a DNS list.'),
  reject_rhsbl_reverse_client: rhsbl('client', 'The same with the name that is not confirmed.'),
  reject_rhsbl_helo: rhsbl('helo', 'HELO names in a DNS list.'),
  reject_rhsbl_sender: rhsbl('sender', 'Senders whose domain is in a DNS list.'),
  reject_rhsbl_recipient: rhsbl('recipient', 'Recipients whose domain is in a DNS list.'),

  check_client_access: access(
    'client',
    "What a table says of the client's name, address and networks.",
  ),
  check_reverse_client_hostname_access: access(
    'client',
    'The same with the name that is not confirmed.',
  ),
  check_helo_access: access('helo', 'What a table says of the HELO name.'),
  check_sender_access: access('sender', 'What a table says of the sender.'),
  check_recipient_access: access('recipient', 'What a table says of the recipient.'),
  check_etrn_access: access(
    'nothing',
    'Of the name in ETRN, which is not offered here: never anything.',
  ),
  check_ccert_access: access('client', "Of the fingerprint of the client's certificate."),
  check_sasl_access: access('client', 'Of the login.'),
  check_client_a_access: access('client', "Of the addresses of the client's name."),
  check_client_mx_access: access('client', "Of the mail servers of the client's name."),
  check_client_ns_access: access('client', "Of the name servers of the client's name."),
  check_reverse_client_hostname_a_access: access(
    'client',
    'The same with the name that is not confirmed.',
  ),
  check_reverse_client_hostname_mx_access: access(
    'client',
    'The same with the name that is not confirmed.',
  ),
  check_reverse_client_hostname_ns_access: access(
    'client',
    'The same with the name that is not confirmed.',
  ),
  check_helo_a_access: access('helo', 'Of the addresses of the HELO name.'),
  check_helo_mx_access: access('helo', 'Of the mail servers of the HELO name.'),
  check_helo_ns_access: access('helo', 'Of the name servers of the HELO name.'),
  check_sender_a_access: access('sender', "Of the addresses of the sender's domain."),
  check_sender_mx_access: access('sender', "Of the mail servers of the sender's domain."),
  check_sender_ns_access: access('sender', "Of the name servers of the sender's domain."),
  check_recipient_a_access: access('recipient', "Of the addresses of the recipient's domain."),
  check_recipient_mx_access: access('recipient', "Of the mail servers of the recipient's domain."),
  check_recipient_ns_access: access('recipient', "Of the name servers of the recipient's domain."),

  check_policy_service: {
    argument: 'service',
    needs: 'nothing',
    answers: ['result', 'score'],
    about:
      "What a policy server says (Postfix's delegation protocol); `policyd-weight` and `postgrey` are the ones within.",
  },
} as const satisfies { readonly [word: string]: WordFacts }

export type WordName = keyof typeof restrictionWords

export const wordFacts = (name: WordName): WordFacts => restrictionWords[name]

const byAnyName: ReadonlyMap<string, WordName> = new Map(
  wordNames().flatMap((name) => [
    [name, name] satisfies [string, WordName],
    ...(wordFacts(name).formerly ?? []).map((old) => [old, name] satisfies [string, WordName]),
  ]),
)

export function wordNames(): readonly WordName[] {
  return Object.keys(restrictionWords) as WordName[]
}

/** By its name or a former one, in any case. */
export function findWord(text: string): WordName | undefined {
  return byAnyName.get(text.toLowerCase())
}
