// Replies to who is in a DNS list, as settings write them: one for all lists, and others for some.

import type { Kind } from '../setting.ts'
import { parseDnsList } from './dns-list-filter.ts'
import { parseTemplate, type Template } from './reply-template.ts'

/** Names that templates may have, Postfix's. */
export const rblVariables = [
  'rbl_code',
  'rbl_domain',
  'rbl_reason',
  'rbl_txt',
  'rbl_class',
  'rbl_what',
  'client',
  'client_address',
  'client_name',
  'client_port',
  'reverse_client_name',
  'helo_name',
  'sender',
  'sender_name',
  'sender_domain',
  'recipient',
  'recipient_name',
  'recipient_domain',
  'localtime',
] as const
export type RblVariable = (typeof rblVariables)[number]

export type ReplyTemplate = { readonly text: string; readonly template: Template }

const names: ReadonlySet<string> = new Set(rblVariables)
const TEMPLATE_CHARACTERS_MAX = 1_000
const REPLIES_MAX = 1_000

function parseReply(text: string): ReplyTemplate | undefined {
  if (!/^[\x20-\x7e]+$/.test(text) || text.length > TEMPLATE_CHARACTERS_MAX) return undefined
  const template = parseTemplate(text, names)
  return template && { text, template }
}

export const replyTemplate: Kind<ReplyTemplate> = {
  name: 'reply template',
  allowed: `printable ASCII with ${rblVariables.map((name) => `$${name}`).join(', ')} and forms such as \${rbl_reason?; $rbl_reason} in it, at most ${TEMPLATE_CHARACTERS_MAX} characters; a dollar sign is $$`,
  verbatim: true,
  parse: parseReply,
  format: ({ text }) => text,
}

/** By `zone=filter` or `zone`, as it stands in lists of restrictions. */
export type RblReplies = ReadonlyMap<string, ReplyTemplate>

/** `{ zen.spamhaus.org=127.0.0.[10..11] $rbl_code … } { bl.spamcop.net … }` */
export const rblReplies: Kind<RblReplies> = {
  name: 'replies',
  allowed:
    'entries { zone template } or { zone=filter template }, templates as in defaultRblReply, or nothing',
  list: true,
  verbatim: true,
  parse(text) {
    const replies = new Map<string, ReplyTemplate>()
    for (const entry of braced(text) ?? [undefined]) {
      const [name = '', ...words] = entry?.trim().split(/\s/) ?? []
      const list = parseDnsList(name)
      const reply = parseReply(words.join(' ').trim())
      if (list === undefined || reply === undefined) return undefined
      replies.set(list.text, reply)
    }
    return replies.size <= REPLIES_MAX ? replies : undefined
  },
  format: (value) => [...value].map(([name, { text }]) => `{ ${name} ${text} }`).join(' '),
}

/** What stands in the outer braces; undefined where something stands between them, or one stays open. */
function braced(text: string): readonly string[] | undefined {
  const entries: string[] = []
  let depth = 0
  let begin = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '{') {
      if (depth === 0) begin = at + 1
      depth += 1
    } else if (character === '}') {
      depth -= 1
      if (depth < 0) return undefined
      if (depth === 0) entries.push(text.slice(begin, at))
    } else if (depth === 0 && !/[\s,]/.test(character)) return undefined
  }
  return depth === 0 ? entries : undefined
}
