// RFC 5230 and RFC 6131: the sender is answered. Whether he is to be (RFC 3834, who was answered before) is for who does it.

import { parseAddressList } from '#shared/mail/address-list.ts'
import {
  type Checker,
  choice,
  defineCommand,
  flag,
  number,
  option,
  string,
  strings,
  unknown,
} from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { fccOf, fccTags } from './fcc.ts'

const DAY_SECONDS = 86_400

export const vacation = defineCommand({
  name: 'vacation',
  // RFC 6131 §3: vacation-seconds implies vacation.
  extensions: ['vacation', 'vacation-seconds'],
  tags: {
    period: choice({
      days: { extension: null, takes: number },
      seconds: { extension: 'vacation-seconds', takes: number },
    }),
    subject: option('subject', string),
    from: option('from', string),
    addresses: option('addresses', strings),
    mime: flag('mime'),
    handle: option('handle', string),
    ...fccTags,
  },
  positional: { reason: string },
  check({ from }, checker) {
    if (from !== undefined && from !== unknown) checkFrom(from, checker)
  },
  execute({ reason, period, subject, from, addresses, mime, handle, ...fcc }, run, about) {
    const { min, max, default: usual } = run.context.limits.vacationSeconds
    const asked =
      period === undefined ? usual : period.value * (period.tag === 'days' ? DAY_SECONDS : 1)
    if (from !== undefined && !isMailboxList(from)) {
      throw new SieveRunError(`vacation :from "${from}" is no address`)
    }
    run.act(about.at, {
      kind: 'vacation',
      reason,
      mime,
      subject: subject ?? null,
      from: from ?? null,
      addresses: addresses ?? [],
      seconds: Math.min(Math.max(asked, min), max),
      handle: handle === undefined ? `=${about.written(told)}` : `:${handle}`,
      fcc: fccOf(fcc),
    })
    return undefined
  },
})

/** What makes two answers the same (RFC 5230 §4.2). */
const told = ['subject', 'from', 'mime', 'reason'] as const

function checkFrom(from: string, checker: Checker): void {
  if (!isMailboxList(from)) checker.error(`:from "${from}" is no address`)
}

/** RFC 5322 §3.4, with a domain each. */
function isMailboxList(text: string): boolean {
  const list = parseAddressList(Buffer.from(text, 'utf8').toString('latin1'))
  return list.length > 0 && list.every(({ mailbox, host }) => mailbox !== null && host)
}
