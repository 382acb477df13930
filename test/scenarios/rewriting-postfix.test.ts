// The same mail given to Debian's Postfix and to us, with the same maps: what leaves is the same, envelope and bytes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { freePort, freePorts, startServer } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const maps = {
  canonical:
    'inline:{ {jane@example.test = Jane.Doe@example.test}, {@old.test = @new.test}, {bob = robert}, {plus@example.test = plain@example.test}, {one@c.test = two@c.test}, {two@c.test = three@c.test}, {odd@example.test = "odd one"@example.test} }',
  sender: 'inline:{ {snd@example.test = news@out.test} }',
  recipient: 'inline:{ {rcp@far.test = other@far.test} }',
  generic:
    'inline:{ {hidden@example.test = public@isp.test}, {@internal.test = gateway@isp.test}, {gen@example.test = gen@isp.test} }',
  senderBcc: 'inline:{ {boss@example.test = archive@arch.test} }',
  recipientBcc: 'inline:{ {watched@far.test = watcher@arch.test}, {@loud.test = loud@arch.test} }',
} as const

const ours = [
  `canonicalMaps=${maps.canonical}`,
  `senderCanonicalMaps=${maps.sender}`,
  `recipientCanonicalMaps=${maps.recipient}`,
  `smtpGenericMaps=${maps.generic}`,
  `senderBccMaps=${maps.senderBcc}`,
  `recipientBccMaps=${maps.recipientBcc}`,
  'alwaysBcc=always@arch.test',
  'masqueradeDomains=!keep.example.test, example.test',
  'masqueradeExceptions=root',
  'appendDotMydomain=yes',
  'localHeaderRewriteClients=permit_inet_interfaces',
]
const postfixs = {
  canonical_maps: maps.canonical,
  sender_canonical_maps: maps.sender,
  recipient_canonical_maps: maps.recipient,
  smtp_generic_maps: maps.generic,
  sender_bcc_maps: maps.senderBcc,
  recipient_bcc_maps: maps.recipientBcc,
  always_bcc: 'always@arch.test',
  masquerade_domains: '!keep.example.test example.test',
  masquerade_exceptions: 'root',
  append_dot_mydomain: 'yes',
  local_header_rewrite_clients: 'permit_inet_interfaces',
}

type Letter = {
  readonly from?: string
  readonly to?: readonly string[]
  /** Besides Date, Message-ID and Subject. */
  readonly header: readonly string[]
}

const plain = ['From: ann@far.test', 'To: x@far.test']

const letters: { readonly [what: string]: Letter } = {
  'what nothing is to be changed of': {
    header: ['From:   "A,  B"   <ann@far.test>  (c)', 'To: x@far.test,\r\n   y@far.test'],
  },
  'a name without a domain': { header: ['From: carol', 'To: dave (Dave), <erin>, F <frank>'] },
  'a host without a domain': { header: ['From: carol@host', 'To: x@far.test'] },
  'a canonical sender and recipient': {
    from: 'jane@example.test',
    to: ['rcp@far.test', 'jane@old.test'],
    header: ['From: Jane <jane@example.test>', 'To: rcp@far.test, Some One <who@old.test>'],
  },
  'a sender map, in fields of senders alone': {
    from: 'snd@example.test',
    header: [
      'From: snd@example.test',
      'Reply-To: snd@example.test',
      'Sender: snd@example.test',
      'To: snd@example.test',
      'Cc: rcp@far.test',
    ],
  },
  'a recipient map, in fields of recipients alone': {
    to: ['rcp@far.test'],
    header: [
      'Resent-Date: Mon, 1 Jan 2024 11:00:00 +0100',
      'Resent-Message-ID: <r@client.test>',
      'Resent-From: rcp@far.test',
      'Resent-To: rcp@far.test',
      'From: rcp@far.test',
      'To: rcp@far.test',
    ],
  },
  'a map of names alone': { from: 'bob@example.test', header: ['From: bob', 'To: x@far.test'] },
  'extensions, which are passed on': {
    from: 'plus+more@example.test',
    header: ['From: plus+more@example.test', 'To: who+ext@old.test'],
  },
  'a map that is asked about its answer': { from: 'one@c.test', header: ['From: one@c.test'] },
  'an answer that is quoted': { header: ['From: odd@example.test', 'To: x@far.test'] },
  masquerading: {
    from: 'carol@host.example.test',
    to: ['x@host.example.test', 'x@far.test'],
    header: [
      'From: carol@a.b.example.test',
      'To: root@host.example.test, x@keep.example.test, y@deep.keep.example.test',
      'Cc: z@notexample.test, w@example.test',
    ],
  },
  'names, comments, encoded words, groups': {
    header: [
      'From: "Doe,  Jane" <jane@example.test> (home (nested))',
      'To: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= <who@old.test>, Team: a@old.test, B <b@old.test>;',
      'Cc: a@old.test (A), "quoted \\" name" <b@old.test>, c@old.test',
    ],
  },
  'a long list, which is folded': {
    header: [
      'From: ann@far.test',
      `To: ${Array.from({ length: 12 }, (_, i) => `Number ${i} <n${i}@old.test>`).join(', ')}`,
    ],
  },
  'folded fields': {
    header: ['From:\r\n Jane\r\n\t<jane@example.test>', 'To: x@old.test,\r\n\ty@old.test'],
  },
  'fields that no addresses are looked for in': {
    header: [...plain, 'X-Other: jane@example.test', 'Subject: jane@example.test'],
  },
  'generic addresses as it leaves': {
    from: 'hidden@example.test',
    to: ['someone@internal.test'],
    header: ['From: H <hidden@example.test>', 'To: someone@internal.test, x@far.test'],
  },
  'generic addresses with an extension, which is lost': {
    from: 'gen+ext@example.test',
    header: ['From: gen+ext@example.test', 'To: x@far.test'],
  },
  'a copy by sender': { from: 'boss@example.test', header: plain },
  'copies by recipients': { to: ['watched@far.test', 'a@loud.test', 'b@loud.test'], header: plain },
  'the null sender': { from: '', header: plain },
}

const resources = new AsyncDisposableStack()
let sinks: { readonly postfix: Sink; readonly ours: Sink }
let ports: { readonly postfix: number; readonly ours: number }

describe.skipIf(!hasPostfix())('what leaves', () => {
  beforeAll(async () => {
    const folders = {
      postfix: resources.use(await temporaryFolder()).path,
      ours: resources.use(await temporaryFolder()).path,
    }
    // Nobody asks for SMTPUTF8, TLS or a size.
    const open = async () =>
      resources.use(await openSink({ options: { disabledCommands: ['STARTTLS'] } }))
    sinks = { postfix: await open(), ours: await open() }
    const port = await freePort()
    resources.use(
      await startPostfix(folders.postfix, [{ port, settings: {} }], {
        settings: {
          ...postfixs,
          myorigin: 'example.test',
          mydomain: 'example.test',
          mydestination: 'mx.example.test',
          virtual_mailbox_domains: '',
          mynetworks: '127.0.0.0/8',
          smtpd_relay_restrictions: 'permit_mynetworks, reject',
          default_transport: 'smtp',
          relayhost: `[127.0.0.1]:${sinks.postfix.port}`,
        },
      }),
    )
    const ownPorts = await freePorts()
    const server = await startServer(folders.ours, ownPorts, [
      ...ours,
      'hostname=mx.example.test',
      'defaultDomain=example.test',
      'mynetworks=127.0.0.0/8',
      'policyPreset=open',
      `relayhost=[127.0.0.1]:${sinks.ours.port}`,
      'smtpTlsSecurityLevel=none',
      `srs=no`,
    ])
    resources.use(server)
    ports = { postfix: port, ours: ownPorts.smtp }
  })
  afterAll(() => resources.disposeAsync())

  it.each(Object.keys(letters))('%s', async (what) => {
    const letter = letters[what]
    if (letter === undefined) throw new Error(what)
    const id = `<${Object.keys(letters).indexOf(what)}@client.test>`
    const [theirs, own] = [
      await sent(ports.postfix, sinks.postfix, letter, id),
      await sent(ports.ours, sinks.ours, letter, id),
    ]
    expect(own).toEqual(theirs)
  })
})

/** What leaves of a letter: its sender, its recipients, its bytes without what each host writes about itself. */
async function sent(port: number, sink: Sink, letter: Letter, id: string) {
  const { from = 'ann@far.test', to = ['x@far.test'], header } = letter
  const message = [
    'Date: Mon, 1 Jan 2024 10:00:00 +0100',
    `Message-ID: ${id}`,
    ...header,
    '',
    'jane@example.test\r\n',
  ].join('\r\n')
  await using smtp = await SmtpClient.open(port)
  await smtp.hello()
  expect((await smtp.envelope(from, to)).text).toMatch(/^250/)
  expect((await smtp.data(message)).text).toMatch(/^250/)
  const copies = ['boss@example.test', 'watched@far.test'].filter((one) =>
    [from, ...to].includes(one),
  )
  const loud = to.some((one) => one.endsWith('@loud.test')) ? 1 : 0
  const all = to.length + copies.length + loud + 1
  return eventually(`${id} for ${all}`, () => {
    const mine = sink.messages.filter(({ bytes }) => bytes.includes(`Message-ID: ${id}\r\n`))
    const recipients = mine.flatMap(({ envelope }) => envelope.rcptTo.map(({ address }) => address))
    if (recipients.length < all) return undefined
    const [first] = mine
    return {
      from: first?.envelope.mailFrom ? first.envelope.mailFrom.address : undefined,
      recipients: recipients.sort(),
      text: first?.bytes
        .toString('latin1')
        .replace(/^Received:[^\r]*\r\n(?:[ \t][^\r]*\r\n)*/m, ''),
    }
  })
}
