// DNS lists: what is said to whom they have, and how they are asked.

import { boolean, duration } from '../kinds.ts'
import { rblReplies, replyTemplate } from '../restrictions/rbl-replies.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

const KEYS_MAX = 20
/** One label of a name, and nothing that stands elsewhere by chance: keys are masked wherever they turn up. */
const KEY = /^[a-z0-9]{8,63}$/
/** In place of a key: a secret that has it, in a deployment on AWS. */
const SECRET_ARN =
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9_/+.@-]{1,200}$/

export const isDnsListKey = (text: string) => KEY.test(text)
export const isSecretArn = (text: string) => SECRET_ARN.test(text)

const KEY_NAME = /^[a-z0-9_-]{1,63}$/

/** `dqs=abcdefghijklmnopqrstuvwxyz`: by name. */
const keys: Kind<ReadonlyMap<string, string>> = {
  name: 'keys',
  allowed:
    'entries name=key, small letters and digits, separated by commas or spaces, or nothing; a path such as /etc/postwolke/dns-list-keys stands for those in a file; on AWS, for the key, the ARN of a secret that is it',
  list: true,
  files: true,
  secret: true,
  parse(text) {
    const entries = text.split(/[\s,]+/).filter((entry) => entry !== '')
    const found = entries.map((entry) => {
      const [name = '', key = '', ...more] = entry.split('=')
      const isKey = isDnsListKey(key) || isSecretArn(key)
      const isSound = KEY_NAME.test(name) && isKey && more.length === 0
      return isSound ? ([name, key] as const) : undefined
    })
    const isSound = found.every((entry) => entry !== undefined)
    return isSound && found.length <= KEYS_MAX ? new Map(found) : undefined
  },
  format: (value) => [...value].map(([name, key]) => `${name}=${key}`).join(', '),
}

const defaultReply = `$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using $rbl_domain\${rbl_reason?; $rbl_reason}`

export const dnsListSettings = {
  defaultRblReply: new Setting(replyTemplate, {
    reload: true,
    default: replyTemplate.parse(defaultReply) ?? { text: '', template: [] },
    about: 'What who is in a DNS list is told, unless `rblReplyMaps` has something else.',
    known: { postfix: 'default_rbl_reply' },
  }),
  rblReplyMaps: new Setting(rblReplies, {
    reload: true,
    default: new Map(),
    about: 'What who is in one of these DNS lists is told.',
    known: { postfix: 'rbl_reply_maps' },
  }),
  dnsListKeys: new Setting(keys, {
    reload: true,
    default: new Map(),
    about:
      'Keys of DNS lists that want one, by name: with `dqs=…` here, `reject_rbl_client <dqs>.zen.dq.spamhaus.net=127.0.0.[2..11]` asks with that key. No reply, log, header or `config show` has it.',
  }),
  dnsListTest: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether DNS lists are believed only when they pass the test of RFC 5782 §5, once an hour: one that lists 127.0.0.1 or INVALID, or does not list 127.0.0.2, is left alone. Without it only their answers tell.',
  }),
  dnsListTimeout: new Setting(duration({ min: 100, max: 1 * MINUTE }), {
    reload: true,
    default: 4 * SECOND,
    about:
      'How long a DNS list may take. One that does not answer several times in a row is left alone for a while.',
  }),
} satisfies SettingGroup
