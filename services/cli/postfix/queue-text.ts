// The queue as Postfix's showq(8) prints it: what scripts read that were written for mailq and postqueue -j.

import type { GroupFacts, QueueFacts } from '#shared/administration/queue-facts.ts'
import { printable } from '#shared/runtime/printable.ts'

export const QUEUE_HEADING =
  '----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------'

/** What of a message is told, whatever the queue is: also of what waits in the maildrop. */
export type Listed = {
  readonly queueName: string
  readonly queueId: string
  readonly arrivedMs: number
  readonly bytes: number
  readonly isExpired: boolean
  /** '' for the null sender. */
  readonly sender: string
  readonly recipients: readonly { readonly address: string; readonly reason: string | null }[]
}

export function listedOf(message: QueueFacts): Listed {
  const { queueId, arrivedMs, bytes, sender, state, groups } = message
  return {
    queueName: state,
    queueId,
    arrivedMs,
    bytes,
    isExpired: groups.some((group) => group.isExpired),
    sender,
    recipients:
      groups.length === 0
        ? message.recipients.map((address) => ({ address, reason: message.reason }))
        : groups.flatMap(recipientsOf),
  }
}

const recipientsOf = ({ recipients }: GroupFacts) =>
  recipients.map(({ address, last }) => ({ address, reason: last?.reply ?? null }))

/** Where the reason begins that ends at column 77, and the recipient. */
const REASON_COLUMNS = 76
const RECIPIENT_INDENT = ' '.repeat(47)

/** Ended by an empty line, as the next one begins or the count. */
export function mailqEntry(message: Listed): string {
  const mark = `${message.queueName === 'active' ? '*' : message.queueName === 'hold' ? '!' : ''}${message.isExpired ? '#' : ''}`
  const id = `${message.queueId}${mark}`.padEnd(17)
  const size = String(message.bytes).padStart(8)
  const sender = message.sender === '' ? 'MAILER-DAEMON' : message.sender
  const lines = [`${id} ${size} ${clockText(message.arrivedMs)} ${printable(sender)}`]
  let before: string | null = null
  for (const { address, reason } of message.recipients) {
    // Said of several it is said once; of who was not tried after one who was, that nothing is known.
    const why: string | null = reason ?? (before === null ? null : 'reason unavailable')
    if (why !== null && why !== before) {
      lines.push(`(${printable(why)})`.padStart(REASON_COLUMNS + 2))
    }
    before = why
    lines.push(`${RECIPIENT_INDENT}${printable(address)}`)
  }
  return `${lines.join('\n')}\n\n`
}

export const mailqCount = (bytes: number, requests: number) =>
  `-- ${Math.floor(bytes / 1_024)} Kbytes in ${requests} Request${requests === 1 ? '' : 's'}.\n`

export function jsonEntry(message: Listed): string {
  const recipients = message.recipients.map(({ address, reason }) =>
    reason === null
      ? `{${member('address', address)}}`
      : `{${member('address', address)}, ${member('delay_reason', reason)}}`,
  )
  const members = [
    member('queue_name', message.queueName),
    member('queue_id', message.queueId),
    `"arrival_time": ${Math.floor(message.arrivedMs / 1_000)}`,
    `"message_size": ${message.bytes}`,
    `"forced_expire": ${message.isExpired}`,
    member('sender', message.sender === '' ? 'MAILER-DAEMON' : message.sender),
    `"recipients": [${recipients.join(', ')}]`,
  ]
  return `{${members.join(', ')}}\n`
}

const member = (name: string, text: string) => `"${name}": ${JSON.stringify(text)}`

/** As ctime(3), with or without the year, in the time of this machine. */
export function clockText(ms: number, withYear = false): string {
  const date = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${days[date.getDay()]} ${months[date.getMonth()]} ${String(date.getDate()).padStart(2)}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time}${withYear ? ` ${date.getFullYear()}` : ''}`
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
