// What a client is told that is in a DNS list: the template of the settings, filled in as Postfix fills it.

import type { EnhancedStatus, SmtpReply } from '#shared/contracts/policy.ts'
import type { DnsList } from '#shared/settings/restrictions/dns-list-filter.ts'
import { withoutKeys } from '#shared/settings/restrictions/keyed-zones.ts'
import type { RblVariable } from '#shared/settings/restrictions/rbl-replies.ts'
import { fillTemplate } from '#shared/settings/restrictions/reply-template.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { ClientName } from '../client.ts'
import type { Known } from '../known.ts'
import { formReply } from '../reply-form.ts'

export type RblHit = {
  readonly list: DnsList
  /** `Client host`, `Sender address` … */
  readonly what: string
  /** What was looked at, as replies name it. */
  readonly name: string
  /** What the list says. */
  readonly reason: string
}

export type RblReplySettings = Pick<
  Settings,
  'defaultRblReply' | 'rblReplyMaps' | 'mapsRblRejectCode'
>

/** What has no code is Postfix's `450 4.7.1`. */
const CODE = /^[45][0-9][0-9] /
const STATUS = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)/

export async function rblReply(
  known: Known,
  hit: RblHit,
  { settings, nowMs }: { readonly settings: RblReplySettings; readonly nowMs: number },
): Promise<SmtpReply> {
  const { list } = hit
  const { rblReplyMaps, defaultRblReply, mapsRblRejectCode } = settings
  const reply = rblReplyMaps.get(list.text) ?? rblReplyMaps.get(list.zone) ?? defaultRblReply
  const values = {
    ...(await valuesOf(known)),
    rbl_code: String(mapsRblRejectCode),
    rbl_domain: withoutKeys(list.zone),
    rbl_reason: hit.reason,
    rbl_txt: hit.reason,
    rbl_class: hit.what,
    rbl_what: hit.name,
    localtime: new Date(nowMs).toISOString(),
  } satisfies { readonly [name in RblVariable]: string }
  const filled = fillTemplate(reply.template, values).replace(/[^\x20-\x7e]/g, ' ')
  const isReply = CODE.test(filled)
  const said = isReply ? filled.slice('554 '.length) : ''
  const [status = '5.7.1'] = STATUS.exec(said) ?? []
  const text = said.startsWith(status) ? said.slice(status.length).trimStart() : said
  return formReply('client', {
    code: isReply ? Number(filled.slice(0, '554'.length)) : 450,
    // Its first digit follows the code (formReply).
    status: status as EnhancedStatus,
    text: text || 'Service unavailable',
  })
}

async function valuesOf({ client, origin, sender = '', recipient }: Known) {
  const name = nameOf(await client.name())
  return {
    client: `${name}[${client.address}]`,
    client_address: client.address,
    client_name: name,
    client_port: String(origin.remotePort),
    reverse_client_name: nameOf(await client.reverseName()),
    helo_name: origin.helo,
    sender,
    ...parts('sender', sender),
    recipient: recipient?.text ?? '',
    ...parts('recipient', recipient?.text ?? ''),
  }
}

function nameOf(found: ClientName): string {
  return found.kind === 'found' ? found.name : 'unknown'
}

function parts<Whose extends 'sender' | 'recipient'>(whose: Whose, address: string) {
  const at = address.lastIndexOf('@')
  const values = at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)]
  // The one place that turns names into the type.
  return { [`${whose}_name`]: values[0], [`${whose}_domain`]: values[1] } as {
    readonly [name in `${Whose}_name` | `${Whose}_domain`]: string
  }
}
