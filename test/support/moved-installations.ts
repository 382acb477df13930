// Installations of Postfix that are taken over, and whom their mail is for: what is asked of the old one and of what came over.

export type Asked = {
  readonly recipient: string
  readonly sender: string
  readonly client: string
}

export type MovedInstallation = {
  /** Of its fixture. */
  readonly name: string
  /** That postmap has to make. */
  readonly tables: readonly string[]
  readonly asked: readonly Asked[]
  /** Where the answers are not the same, and why. */
  readonly differences: ReadonlyMap<string, (one: Asked, ours: string, theirs: string) => boolean>
  /** Of the old one: class, and enhanced class and subject. */
  readonly replies: readonly string[]
  readonly logins: readonly (readonly [login: string, password: string])[]
}

const STRANGER = '203.0.113.5'

const everybody = (users: string, domains: string): readonly Asked[] =>
  domains.split(' ').flatMap((domain) =>
    users.split(' ').map((user) => ({
      ...{ recipient: `${user}@${domain}`, sender: 'x@good.test', client: STRANGER },
    })),
  )

const refusedHere = (ours: string, theirs: string) => ours === '5 5.1' && theirs === '2 2.1'

const isp: MovedInstallation = {
  name: 'isp',
  tables: [
    ...['virtual/domains', 'virtual/mailboxes', 'virtual/aliases', 'rbl_whitelist'],
    ...['sender_access', 'relay_recipients', 'transport'],
  ],
  asked: [
    ...everybody(
      'ann bob carl carl.big Carl.Big dora info sales team abuse postmaster everybody special staff root list archive ann+x info+y nobody-here "eva.maria" "ann" there also mailer-daemon',
      'example.test example.org old.test mx.example.test partner.test elsewhere.test sub.example.test sub.partner.test EXAMPLE.TEST',
    ),
    { recipient: '"eva maria"@example.org', sender: 'x@good.test', client: STRANGER },
    ...[
      ['x@spam.test', STRANGER],
      ['friend@spam.test', STRANGER],
      ['nobody@good.test', STRANGER],
      ['x@spam.test', '192.0.2.10'],
      ['x@spam.test', '198.51.100.7'],
      ['x@sub.spam.test', STRANGER],
      ['x@nodomain', STRANGER],
      ['', STRANGER],
    ].map(([sender = '', client = '']) => ({ recipient: 'ann@example.test', sender, client })),
    // Of our networks, who may send anywhere.
    ...['x@elsewhere.test', 'nobody-here@example.test', 'ann'].map((recipient) => ({
      ...{ recipient, sender: 'ann@example.test', client: '10.20.1.1' },
    })),
  ],
  differences: new Map([
    [
      'Postfix takes all of a domain that another stands for, and returns what is for nobody there',
      ({ recipient }, ours, theirs) => recipient.endsWith('@old.test') && refusedHere(ours, theirs),
    ],
    [
      'a program and a file are no addresses here',
      ({ recipient }, ours, theirs) =>
        /^(?:list|archive)@mx\./.test(recipient) && refusedHere(ours, theirs),
    ],
    [
      'an alias that leads to nobody is refused here; Postfix takes its mail and returns it',
      ({ recipient }, ours, theirs) =>
        recipient === 'postmaster@mx.example.test' && refusedHere(ours, theirs),
    ],
  ]),
  replies: ['2 2.1', '5 5.1', '5 5.7', '5 5.5'],
  logins: [
    ['ann@example.test', 'annsword'],
    ['bob@example.test', "bob's word"],
    ['carl.big@example.test', 'carlsword'],
    ['ann@example.org', 'annsother'],
  ],
}

const virtualDomains: MovedInstallation = {
  name: 'virtual-domains',
  tables: ['virtual'],
  asked: [
    ...everybody(
      'ann bob joe jane info sales root postmaster gone ann.lang ann+x x-bounce nobody-here ANN',
      'example.net mail.example.net localhost.example.net example.com the-other.example backup.example elsewhere.test sub.backup.example',
    ),
    ...['x@careful.example', 'x@bad.example', 'x@sub.bad.example', 'x', ''].map((sender) => ({
      ...{ recipient: 'ann@example.net', sender, client: STRANGER },
    })),
  ],
  differences: new Map([
    [
      'what a stranger sends without a domain is no address (RFC 5321 §4.1.2); Postfix completes it',
      ({ sender }, ours, theirs) => sender === 'x' && refusedHere(ours, theirs),
    ],
  ]),
  replies: ['2 2.1', '4 4.7', '5 5.1', '5 5.7'],
  logins: [],
}

export const movedInstallations: readonly MovedInstallation[] = [isp, virtualDomains]
