// RFC 5230 and RFC 6131: the sender is answered. Whether he is to be (RFC 3834, who was answered before) is for who does it.

import { parseAddress } from '#shared/mail/address.ts'
import {
  choice,
  defineCommand,
  flag,
  number,
  option,
  string,
  strings,
  unknown,
} from '../definition.ts'
import { readMimeEntity } from '../made/mime-entity.ts'
import { readAddress } from '../made/own-address.ts'
import { SieveRunError } from '../run/failure.ts'
import { refuseAtImapEvent } from '../run/imap-event.ts'
import { checkFcc, fccOf, fccTags } from './fcc.ts'

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
  check({ from, addresses, mime, reason, period, ...values }, checker) {
    checkFcc(values, checker)
    if (from !== undefined && from !== unknown && readAddress(from) === undefined) {
      checker.error(`:from "${from}" is no address`)
    }
    if (mime === true && reason !== unknown && readMimeEntity(reason) === undefined) {
      checker.error(noEntity)
    }
    // RFC 5230 §4.1: what is too short is made longer, and so is this.
    if (period !== undefined && period !== unknown && period.tag === 'days' && period.value === 0) {
      checker.warn(':days 0 is as short as a period may be here')
    }
    if (addresses === undefined || addresses === unknown) return
    for (const each of addresses) {
      if (parseAddress(each) === undefined) checker.warn(`:addresses "${each}" is no address`)
    }
  },
  execute({ reason, period, subject, from, addresses, mime, handle, ...fcc }, run, about) {
    refuseAtImapEvent(run, 'vacation')
    const { min, max, default: usual } = run.context.limits.vacationSeconds
    const asked =
      period === undefined ? usual : period.value * (period.tag === 'days' ? DAY_SECONDS : 1)
    if (from !== undefined && readAddress(from) === undefined) {
      throw new SieveRunError(`vacation :from "${from}" is no address`)
    }
    if (mime && readMimeEntity(reason) === undefined) throw new SieveRunError(noEntity)
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

/** RFC 5230 §5. */
const noEntity =
  'vacation :mime takes a MIME entity: header fields of ASCII, an empty line, and content'
