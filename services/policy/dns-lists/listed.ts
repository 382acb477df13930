// The words that look into a DNS list: what each of them looks at, and what it says of who is there.

import { parseDnsList } from '#shared/settings/restrictions/dns-list-filter.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import { createDestinations, type Destinations } from '../destination.ts'
import type { Known, KnownRecipient } from '../known.ts'
import { replyFor } from '../reply-form.ts'
import {
  type Decision,
  defer,
  deferIfPermit,
  deferIfReject,
  dunno,
  permit,
  reject,
} from '../restriction.ts'
import { defineWord, type Word, type WordDeps } from '../word.ts'
import type { AskedList, Listing } from './dns-lists.ts'
import type { Looked, Looks } from './looks.ts'
import { rblReply } from './rbl-reply.ts'

/**
 * Refuses who is in the list; one that does not answer says nothing (Postfix's smtpd_check.c does the same). Where there was no time left to
 * ask it the mail is put off: a client with slow name servers could get round every list.
 */
export function rejectListed(word: WordName, looks: Looks): Word {
  return defineWord(word, (argument, deps) => {
    const list = listOf(argument, deps)
    return async (known) => {
      const looked = await looks(known)
      if (looked === undefined) return dunno
      const listing = await lookUp(word, list, looked, known, deps)
      if (listing.kind === 'unasked') return deferIfPermit(await putOff(known, listing.reason))
      if (listing.kind !== 'listed') return dunno
      const reason = await deps.dnsLists.reasonFor(list, looked.item, known.dns)
      const { settings, clock } = deps
      const hit = { list, reason, ...looked }
      const reply = await rblReply(known, hit, { settings, nowMs: clock.now() })
      return reply.code < 500 ? defer(reply) : reject(reply)
    }
  })
}

/** Permits who is in the list, to destinations that we take mail for: a list elsewhere must not make a relay of us. */
export function permitListed(word: WordName, looks: Looks): Word {
  return defineWord(word, (argument, deps) => {
    const list = { ...listOf(argument, deps), isWelcoming: true as const }
    const destinations = createDestinations(deps)
    return async (known): Promise<Decision> => {
      const { answering, recipient } = known
      if (answering === 'recipient' && (await isElsewhere(recipient, destinations))) return dunno
      const looked = await looks(known)
      if (looked === undefined) return dunno
      const listing = await lookUp(word, list, looked, known, deps)
      if (listing.kind === 'listed') return permit
      if (listing.kind !== 'failure' && listing.kind !== 'unasked') return dunno
      return deferIfReject(await putOff(known, 'a list of good clients does not answer'))
    }
  })
}

const putOff = (known: Known, text: string) =>
  replyFor(known, 'client', { code: 450, status: '4.7.1', text })

const isElsewhere = async (recipient: KnownRecipient | undefined, destinations: Destinations) =>
  recipient === undefined || (await destinations.destinationOfRecipient(recipient)) === 'remote'

function listOf(argument: string, { dnsLists }: WordDeps): AskedList {
  const list = parseDnsList(argument)
  if (list === undefined) throw new Error(`${argument} is no DNS list`)
  dnsLists.check(list)
  return list
}

async function lookUp(
  restriction: WordName,
  list: AskedList,
  { item }: Looked,
  { dns, queueId }: Known,
  { dnsLists, log }: WordDeps,
): Promise<Listing> {
  const listing = await dnsLists.lookUp(list, item, dns)
  if (listing.kind === 'failure' || listing.kind === 'unasked') {
    const { reason } = listing
    log.warn({ queueId, restriction, dnsList: list.text, reason }, 'DNS list does not answer')
  }
  return listing
}
